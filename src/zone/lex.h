// SPDX-License-Identifier: Apache-2.0
/* The words of zone-file text.  RFC 1035 5.1.
 *
 * A word is a run of characters between blanks, or a quoted string.  Escapes stay as they are: what they mean is the
 * field's.  A comment ends with its line; within parentheses lines do not end.  In a word that does not begin with
 * a quote, a quote opens a part in which blanks are nothing special (alpn="h2,h3").
 * Thread: any.  Allocates: nothing. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct zone_lex {
	const char *at, *end;
	unsigned line;       /* of `at`, from 1 */
	unsigned parens;     /* open ones */
	bool starts_blank;   /* the line of the last first word began with a blank: the owner is the one before */
	const char *error;   /* what is wrong; static */
};

struct zone_word {
	const char *s;       /* without its quotes */
	size_t len;
	bool quoted;
	unsigned line;
};

struct zone_lex zone_lex_over(const char *text, size_t len);

/* The next line with a word on it becomes the current one; its first word.  1; 0: the text ends; ERR_SYNTAX. */
int zone_lex_entry(struct zone_lex *l, struct zone_word *ret) MUST_USE;
/* The next word of this entry.  1; 0: the entry ends; ERR_SYNTAX. */
int zone_lex_word(struct zone_lex *l, struct zone_word *ret) MUST_USE;
/* Step over the rest of this entry; ERR_SYNTAX for what cannot be read. */
int zone_lex_skip(struct zone_lex *l) MUST_USE;

/* The word is `text`, without case. */
bool zone_word_is(const struct zone_word *w, const char *text);
