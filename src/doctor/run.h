// SPDX-License-Identifier: Apache-2.0
/* A diagnosis from beginning to end: what the command line says -> the table of what was observed and the verdicts. */
#pragma once

#include "base/compiler.h"
#include "base/flags.h"
#include "doctor/observe.h"
#include "doctor/verdict.h"

enum { DOCTOR_BUDGET = 2500, DOCTOR_TIMEOUT_MS = 5000 };

struct doctor_options {
	const char *name;
	uint16_t type;
	struct flag_list servers, pods, upstreams; /* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT */
	const char *resolv_conf; /* a file */
	const char *corefile;    /* a file; NULL: from the cluster */
	const char *kubeconfig, *context;
	const char *service;     /* NAMESPACE/NAME of the DNS service */
	const char *configmap;   /* NAMESPACE/NAME; NULL: coredns, then binnacle, beside the service */
	const char *control;     /* a name; NULL: kubernetes.default.svc in the cluster's domain */
	const char *status;      /* document of the Binnacle on this host (admin_data.h), called so; NULL: none */
	const char *status_where;
	bool no_api;             /* leave the API server alone */
	bool dry;                /* only say what would be asked */
	bool progress;           /* tell on stderr what is going on */
	uint16_t port;           /* where none is given */
	unsigned queries;        /* budget */
	uint32_t timeout_ms;
};

/* Discover, tell what will be asked (stderr), ask, reason.  0, or -1 with a usage error printed to stderr (the world must be
 * given to world_fini in any case). */
int doctor_run(const struct doctor_options *o, struct observed_world *w, struct verdict_list *ret) MUST_USE;
/* 0 healthy, 1 fault found, 2 could not tell. */
int doctor_exit_status(const struct verdict_list *v);
