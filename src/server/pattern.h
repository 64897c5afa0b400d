// SPDX-License-Identifier: Apache-2.0
/* Regular expressions in configuration (errors, template ...): Go's syntax (RE2), matched by PCRE2.
 *
 * Both mean the same by nearly all of what Go takes.  What only PCRE2 knows (look-around, back-references,
 * possessive and atomic groups ...) is refused with a message, so that no Corefile works here and not there; the
 * few escapes of Go that PCRE2 reads otherwise are refused too, with what to write instead.
 *
 * Go's engine takes linear time for any expression and this one does not, so the work for one text is limited.
 * Whoever decides by an expression (acl, view) must not take ERR_LIMIT for "no match".
 *
 *   builder   pattern_new, at setup; pattern_free           frozen while serving
 *   worker    pattern_find, with a pattern_match of its own: no allocation after the first few */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PATTERN_TEXT_MAX = 10000, /* characters of an expression; the peer's limit, for the caller to check */
	PATTERN_GROUPS_MAX = 100, /* groups of an expression, the whole match counted */
};

struct pattern;       /* a compiled expression; frozen */
struct pattern_match; /* room for matching; one thread's */

/* NULL: not an expression; why is written into `why`, with the place. */
struct pattern *pattern_new(const char *text, char *why, size_t why_len);
void pattern_free(struct pattern *p);

/* Groups, the whole match counted as group 0. */
unsigned pattern_groups(const struct pattern *p);
/* A group's name, or NULL when it has none.  Lives as long as `p`. */
const char *pattern_group_name(const struct pattern *p, unsigned group);

/* Room for a match of any expression with at most `groups` groups (1: where it matches), which is there already: the first one
 * brings the library.  NULL: no memory. */
struct pattern_match *pattern_match_new(unsigned groups);
void pattern_match_free(struct pattern_match *m);

/* Search anywhere in `text`.  1: found; 0: not in there; ERR_LIMIT: it takes too long to tell. */
int pattern_find(const struct pattern *p, struct pattern_match *m, const char *text, size_t len) MUST_USE;
/* The same for those to whom an expression that takes too long does not match. */
bool pattern_matches(const struct pattern *p, struct pattern_match *m, const char *text);

/* Where group `i` (below what `m` has room for) was found last: offsets in the text.  False: it took no part. */
bool pattern_group(const struct pattern_match *m, unsigned i, size_t *ret_from, size_t *ret_to);

/* What of `text` is not Go's syntax (pattern_syntax.c): true, or false with `why`. */
bool pattern_is_go_syntax(const char *text, char *why, size_t why_len);
