// SPDX-License-Identifier: Apache-2.0
/* Exec plugins of a kubeconfig: a program that prints an ExecCredential (client.authentication.k8s.io v1,
 * v1beta1).
 *
 * It runs beside the client's thread, which polls its output: at most EXEC_TIME_MS and EXEC_OUTPUT_MAX bytes.
 * A credential is kept until its expirationTimestamp or the server's 401.  standard input is empty, standard
 * error ours.
 *
 * Thread: the client's. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXEC_TIME_MS = 60000, EXEC_OUTPUT_MAX = 1 << 20, EXEC_ARGS_MAX = 64 };

struct kube_exec {
	char *argv[EXEC_ARGS_MAX + 1]; /* the command first */
	char *env[EXEC_ARGS_MAX + 1]; /* NAME=value, beside our own environment */
	size_t n_args, n_env;
	char *api_version;
	char *info; /* KUBERNETES_EXEC_INFO */
	/* while it runs */
	int pid, fd; /* 0, -1: it does not */
	uint64_t deadline_ns;
	char *out;
	size_t out_len;
	/* what it said */
	bool have;
	uint64_t expires_wall_ns; /* 0: never */
	uint64_t retry_ns; /* after a failure */
	unsigned failures;
	char *token, *cert, *key;
};

/* One step: start it, read from it.  true: a credential that has not expired is there. */
bool kube_exec_ready(struct kube_exec *e, uint64_t now_ns);
/* Its output, for polling; -1: it does not run. */
int kube_exec_fd(const struct kube_exec *e);
void kube_exec_forget(struct kube_exec *e);
void kube_exec_free(struct kube_exec *e);
/* The answer of a program.  0 or ERR_SYNTAX with a text. */
int kube_exec_parse(struct kube_exec *e, const char *text, size_t len, char *error, size_t cap) MUST_USE;
