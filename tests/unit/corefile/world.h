// SPDX-License-Identifier: Apache-2.0
/* A Corefile's world for tests: texts instead of files, a table instead of the environment, and a Corefile
 * shown as one line of text. */
#pragma once

#include "base/arena.h"
#include "corefile/corefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* needs what stands above */

struct named_text {
	const char *name, *text;
};

struct world {
	struct arena a;
	struct cf_errors errs;
	struct cf_source src;
	const struct named_text *env, *files; /* end with a NULL name, or NULL */
	struct corefile cf;
	int result;
	unsigned reads;
};

void world_init(struct world *w);
void world_fini(struct world *w);
/* cmocka's setup and teardown with a world in *state. */
int world_setup(void **state);
int world_teardown(void **state);

/* Parse as file "Corefile"; the outcome is in w->result and w->cf.  Forgets earlier errors. */
void world_parse(struct world *w, const char *text);

/* "KEY KEY: DIRECTIVE; DIRECTIVE || KEY: ..."; within a directive "/" stands before what starts a line. */
const char *world_show(struct world *w, const struct corefile *cf);
/* Errors, or warnings, one after another: "Corefile:1: text | Corefile:2: text". */
const char *world_errors(struct world *w, bool warnings);

/* The directives that world_setup makes known. */
extern const char *const world_directives[];

/* The text must contain the other; shows both if not. */
void assert_contains(const char *text, const char *part);
