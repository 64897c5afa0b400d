// SPDX-License-Identifier: Apache-2.0
/* errors: what its files share.
 *
 *   errors.c        the hooks: a line for each error, or one more for its pattern
 *   setup.c         the grammar              consolidate.c   counting and the summary lines */
#pragma once

#include "base/compiler.h"
#include "base/heap.h"
#include "base/log.h"
#include "server/pattern.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_cursor;
struct setup;
struct worker;

/* ---------------------------------------------------------------- configuration */

/* One `consolidate` line. */
struct consolidation {
	struct pattern *pattern;
	const char *text; /* as written */
	uint64_t period_ns;
	char period_text[32];
	enum log_level level;
	bool show_first;
	atomic_uint n; /* errors since the last summary; any worker */
};

struct errors {
	struct consolidation *list; /* frozen but for `n` */
	size_t n_list;
};

/* 0, or ERR_SYNTAX with errors recorded. */
int errors_setup(struct setup *s, struct errors *ret) MUST_USE;

/* ---------------------------------------------------------------- one worker's part */

struct summary_timer {
	struct timer timer;
	struct consolidation *c;
};

struct errors_local {
	struct worker *w;
	struct pattern_match *match;
	size_t n_timers;
	struct summary_timer timers[]; /* by consolidation */
};

/* Count an error; false: it is not consolidated, log it. */
bool errors_consolidate(const struct errors *e, struct errors_local *l, const char *error, const char *line);
/* Tell what was counted since the last summary, if anything. */
void errors_summarize(struct consolidation *c);
