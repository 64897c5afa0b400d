// SPDX-License-Identifier: Apache-2.0
/* From the command line's words to a generation: find the Corefile, read it, merge -extra, build.
 * Thread: builder. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "control/config_sum.h"
#include "corefile/corefile.h"

#include <stdbool.h>

struct generation;

/* Where the configuration comes from; the same on every reload. */
struct loader {
	const char *conf;      /* -conf or NULL */
	const char *extra;     /* -extra or NULL */
	const char *dns_port;
	const char *name;      /* for messages: "Corefile", the path, "stdin" */
	char *stdin_text;      /* standard input is read once; a reload finds it here */
	size_t stdin_len;
	bool has_served;       /* set when a configuration of its own (not the built-in one) has come to serve */
	bool any_directive;    /* while loader_look reads: unknown ones are for the load to refuse */
	struct config_sum sum; /* of what was loaded last, whether it could be built or not */
};

/* Read the files and parse them.  ERR_SYNTAX with errors recorded; `ret` holds what could be read. */
int loader_read(struct loader *l, struct arena *a, struct cf_errors *errs, struct corefile *ret) MUST_USE;

/* Only its checksum: is it another one than what serves?  Directives that are not known are left to the load.
 * ERR_SYNTAX with errors recorded. */
int loader_look(struct loader *l, struct arena *a, struct cf_errors *errs, struct config_sum *ret) MUST_USE;

/* The whole: read, build, check.  0, or ERR_SYNTAX with errors recorded. */
int loader_load(struct loader *l, struct arena *a, struct cf_errors *errs, struct generation **ret) MUST_USE;
