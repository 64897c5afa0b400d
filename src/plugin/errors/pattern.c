// SPDX-License-Identifier: Apache-2.0
/* Expressions by PCRE2, set to mean what Go's do: `$` is the very end, `.` stops at a line feed alone, \d
 * \w \s are ASCII.  Go's engine takes linear time for any expression and this one does not, so the work for
 * one text is limited. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "plugin/errors/errors.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Steps in one match.  An honest expression takes a few thousand for a text of 500 bytes; this many
	 * take about a millisecond. */
	STEPS_MAX = 100000,
	HEAP_MAX_KIB = 256,
};

struct pattern {
	pcre2_code *code;
};

struct pattern_match {
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

struct pattern *pattern_new(const char *text, char *why, size_t why_len)
{
	struct pattern *p = malloc(sizeof(*p));
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	PCRE2_SIZE at = 0;
	int err = PCRE2_ERROR_NOMEMORY;

	if (p && ctx) {
		pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
		p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
					PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_INVALID_UTF |
						PCRE2_NEVER_BACKSLASH_C,
					&err, &at, ctx);
	}
	pcre2_compile_context_free(ctx);
	if (p && ctx && p->code)
		return p;
	free(p);
	if (pcre2_get_error_message(err, (PCRE2_UCHAR *)why, why_len) < 0)
		snprintf(why, why_len, "no valid expression");
	snprintf(why + strlen(why), why_len - strlen(why), " (at character %zu)", (size_t)at + 1);
	return NULL;
}

void pattern_free(struct pattern *p)
{
	if (p)
		pcre2_code_free(p->code);
	free(p);
}

struct pattern_match *pattern_match_new(void)
{
	struct pattern_match *m = malloc(sizeof(*m));

	if (!m)
		return NULL;
	m->data = pcre2_match_data_create(1, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->data || !m->limits) {
		pattern_match_free(m);
		return NULL;
	}
	pcre2_set_match_limit(m->limits, STEPS_MAX);
	pcre2_set_heap_limit(m->limits, HEAP_MAX_KIB);
	return m;
}

void pattern_match_free(struct pattern_match *m)
{
	if (!m)
		return;
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->limits);
	free(m);
}

bool pattern_matches(const struct pattern *p, struct pattern_match *m, const char *text)
{
	/* 0: it matches, and the one pair of offsets was too little to tell its groups. */
	return pcre2_match(p->code, (PCRE2_SPTR)text, strlen(text), 0, 0, m->data, m->limits) >= 0;
}
