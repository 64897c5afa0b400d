// SPDX-License-Identifier: Apache-2.0
/* PCRE2, set to mean what Go does: `$` is the very end, `.` stops at a line feed alone, \d \w \s are ASCII. */
#include "server/pattern.h"

#include "base/err.h"
#include "foreign/pcre2.h"

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
	unsigned groups;
	const char *names[PATTERN_GROUPS_MAX]; /* within `code` */
};

struct pattern_match {
	pcre2_match_data *data;
	pcre2_match_context *limits;
	unsigned pairs; /* set by the last match */
};

/* ---------------------------------------------------------------- compiling */

static pcre2_code *compile(const char *text, char *why, size_t why_len)
{
	pcre2_compile_context *ctx = libpcre2.compile_context_create_8(NULL);
	int err = PCRE2_ERROR_NOMEMORY;
	pcre2_code *code = NULL;
	PCRE2_SIZE at = 0;

	if (ctx) {
		libpcre2.set_newline_8(ctx, PCRE2_NEWLINE_LF);
		code = libpcre2.compile_8((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				     PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
				     &err, &at, ctx);
	}
	libpcre2.compile_context_free_8(ctx);
	if (code)
		return code;
	if (libpcre2.get_error_message_8(err, (PCRE2_UCHAR *)why, why_len) < 0)
		snprintf(why, why_len, "no valid expression");
	snprintf(why + strlen(why), why_len - strlen(why), " (at character %zu)", (size_t)at + 1);
	return NULL;
}

/* The name table: entries of equal size, the group's number (2 bytes) and its name. */
static void read_names(struct pattern *p)
{
	uint32_t n = 0, size = 0;
	PCRE2_SPTR at = NULL;

	libpcre2.pattern_info_8(p->code, PCRE2_INFO_NAMECOUNT, &n);
	libpcre2.pattern_info_8(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	libpcre2.pattern_info_8(p->code, PCRE2_INFO_NAMETABLE, &at);
	for (uint32_t i = 0; i < n; i++, at += size)
		p->names[at[0] << 8 | at[1]] = (const char *)at + 2;
}

static bool read_groups(struct pattern *p, char *why, size_t why_len)
{
	uint32_t n = 0;

	libpcre2.pattern_info_8(p->code, PCRE2_INFO_CAPTURECOUNT, &n);
	if (n >= PATTERN_GROUPS_MAX) {
		snprintf(why, why_len, "it has %u groups, allowed are %d", n, PATTERN_GROUPS_MAX - 1);
		return false;
	}
	p->groups = n + 1;
	read_names(p);
	return true;
}

struct pattern *pattern_new(const char *text, char *why, size_t why_len)
{
	struct pattern *p;
	const char *missing;

	if (!pattern_is_go_syntax(text, why, why_len))
		return NULL;
	if (library_load(&libpcre2_library, &missing)) {
		snprintf(why, why_len, "needs %s", missing);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		snprintf(why, why_len, "out of memory");
		return NULL;
	}
	p->code = compile(text, why, why_len);
	if (p->code && read_groups(p, why, why_len))
		return p;
	pattern_free(p);
	return NULL;
}

void pattern_free(struct pattern *p)
{
	if (p)
		libpcre2.code_free_8(p->code);
	free(p);
}

unsigned pattern_groups(const struct pattern *p)
{
	return p->groups;
}

const char *pattern_group_name(const struct pattern *p, unsigned group)
{
	return group < p->groups ? p->names[group] : NULL;
}

/* ---------------------------------------------------------------- matching */

struct pattern_match *pattern_match_new(unsigned groups)
{
	struct pattern_match *m = calloc(1, sizeof(*m));

	if (!m || !library_loaded(&libpcre2_library)) /* where there is no pattern, nothing is needed to match one */
		return m;
	m->data = libpcre2.match_data_create_8(groups ? groups : 1, NULL);
	m->limits = libpcre2.match_context_create_8(NULL);
	if (!m->data || !m->limits) {
		pattern_match_free(m);
		return NULL;
	}
	libpcre2.set_match_limit_8(m->limits, STEPS_MAX);
	libpcre2.set_heap_limit_8(m->limits, HEAP_MAX_KIB);
	return m;
}

void pattern_match_free(struct pattern_match *m)
{
	if (!m)
		return;
	if (m->data)
		libpcre2.match_data_free_8(m->data);
	if (m->limits)
		libpcre2.match_context_free_8(m->limits);
	free(m);
}

int pattern_find(const struct pattern *p, struct pattern_match *m, const char *text, size_t len)
{
	int r = libpcre2.match_8(p->code, (PCRE2_SPTR)text, len, 0, 0, m->data, m->limits);

	m->pairs = 0;
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	if (r < 0)
		return ERR_LIMIT;
	/* 0: it matches, and the room was too little to tell all its groups. */
	m->pairs = r ? (unsigned)r : libpcre2.get_ovector_count_8(m->data);
	return 1;
}

bool pattern_matches(const struct pattern *p, struct pattern_match *m, const char *text)
{
	return pattern_find(p, m, text, strlen(text)) == 1;
}

bool pattern_group(const struct pattern_match *m, unsigned i, size_t *ret_from, size_t *ret_to)
{
	const PCRE2_SIZE *at = libpcre2.get_ovector_pointer_8(m->data);

	if (i >= m->pairs || at[2 * i] == PCRE2_UNSET)
		return false;
	*ret_from = at[2 * i];
	*ret_to = at[2 * i + 1];
	return true;
}
