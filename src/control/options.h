// SPDX-License-Identifier: Apache-2.0
/* The command line: CoreDNS's flags, in Go's flag syntax (-x v, -x=v, --x v; a boolean is -x or -x=false). */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct options {
	const char *conf;     /* -conf: NULL, a path or "stdin" */
	const char *extra;    /* -extra: our own options beside the Corefile */
	const char *dns_port; /* -dns.port, -p: checked when it is used */
	const char *pidfile;
	unsigned workers;     /* -workers; 0: by the machine */
	const char *seccomp;  /* -seccomp: NULL: the default; checked when it is used */
	bool quiet, version, plugins, help;
	bool portable;        /* check --portable */
	const char *admin;    /* -admin: NULL: the default name */
	bool all, tree;       /* flush */
	const char *client, *listener; /* trace: who seems to ask, and where; NULL: not given */
	bool json;            /* top, trace */
	bool once;            /* top */
	const char *const *rest; /* positional arguments */
	int n_rest;
};

enum options_verdict { OPTIONS_OK, OPTIONS_BAD };

/* Parse argv[1..].  OPTIONS_BAD: the reason has been printed to stderr (exit status 2 after the usage). */
enum options_verdict options_parse(int argc, char **argv, struct options *ret) MUST_USE;
void options_usage(FILE *to);
