// SPDX-License-Identifier: Apache-2.0
/* Who we are to the API server and how we know it: from the Corefile's options, a kubeconfig or the Pod.
 *
 *     in-cluster   KUBERNETES_SERVICE_HOST and _PORT, token and ca.crt of the service account
 *     endpoint     the URL, with a client certificate or without
 *     kubeconfig   cluster and user of a context (kubeconfig.c); exec plugins in exec.c
 *
 * Every error names the file and the field.  Files of certificates are given to libcurl by name and read at
 * each new connection; certificates that stand in the kubeconfig itself go into memory files
 * (/proc/self/fd/N), because GnuTLS under libcurl 7.88 takes names only.
 *
 * Thread: load: any; the rest: the client's. */
#pragma once

#include "base/compiler.h"
#include "kube/client.h"
#include "kube/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	AUTH_TOKEN_S =
		50, /* a token file is read again after so long (kubelet writes a new one in good time) */
	AUTH_TOKEN_MAX = 64 << 10,
	AUTH_HEADERS_MAX = 20, /* impersonation and Authorization */
	AUTH_FILE_MAX = 1 << 20,
};

struct kube_exec;

struct kube_auth {
	struct kube_target target; /* strings owned here */
	char *host; /* host:port, for metrics */
	char *token; /* what is sent; NULL: none */
	char *token_file;
	uint64_t token_read_ns;
	bool token_read;
	char *headers[AUTH_HEADERS_MAX]; /* Impersonate-*, up to a NULL */
	size_t n_headers;
	int memory_files[6]; /* descriptors behind /proc/self/fd/N */
	size_t n_memory_files;
	uint64_t files_stamp; /* of certificate files: a change makes new connections */
	uint64_t files_checked_ns;
	struct kube_exec *exec; /* NULL: no exec plugin */
	char *base_dir; /* relative names in the kubeconfig are relative to it */
};

/* 0, or ERR_SYNTAX with a text.  `ret` must be given to
 * kube_auth_fini in any case. */
int kube_auth_load(struct kube_auth *ret, const struct kube_options *o, char error[KUBE_ERROR_MAX]) MUST_USE;
void kube_auth_fini(struct kube_auth *a);

/* Before a request: read the token file again when it is time.  A file that cannot be read keeps the old
 * token and is logged.  false: not yet (the exec plugin is running). */
bool kube_auth_ready(struct kube_auth *a, uint64_t now_ns);
/* The server said 401: what is known is forgotten. */
void kube_auth_refused(struct kube_auth *a);
/* Certificate files have changed since the last call (looked at every 30 s at most). */
bool kube_auth_files_changed(struct kube_auth *a, uint64_t now_ns);
/* "Authorization: ..." into `buf`, or NULL. */
const char *kube_auth_header(const struct kube_auth *a, char *buf, size_t cap);

/* ---- parts (kubeconfig.c, file.c, exec.c) ---- */

int kube_auth_from_kubeconfig(struct kube_auth *a, const char *path, const char *context,
			      char *error) MUST_USE;
/* A copy of `name`, below base_dir when it is relative. */
char *kube_auth_path(const struct kube_auth *a, const char *name);
/* The whole file, terminated; NULL with errno.  *ret_len may be NULL. */
char *kube_file_read(const char *path, size_t max, size_t *ret_len);
/* A memory file with these bytes: its name, or NULL. */
char *kube_auth_memory_file(struct kube_auth *a, const void *data, size_t len);
/* Text of base64 to bytes: malloc'ed and terminated; NULL: it is none. */
uint8_t *kube_base64_decode(const char *text, size_t *ret_len);
/* A descriptor to poll (output of the exec plugin), or -1. */
int kube_auth_fd(const struct kube_auth *a);
