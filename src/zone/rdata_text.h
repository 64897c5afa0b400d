// SPDX-License-Identifier: Apache-2.0
/* Rdata from its words.  For this folder. */
#pragma once

#include "base/compiler.h"
#include "zone/lex.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rdata in the making, from the words of an entry. */
struct zone_rdata {
	struct zone_lex *lex;
	const uint8_t *origin; /* or NULL */
	bool no_ldns;
	uint8_t *out;          /* ZONE_RDATA_MAX */
	size_t len;
};

/* Read the rest of the entry as rdata of a type; the length is in r->len.  0 or ERR_SYNTAX. */
int zone_rdata_read(struct zone_rdata *r, uint16_t type) MUST_USE;

/* ---- fields (rdata_field.c).  0 or ERR_SYNTAX with lex->error. */

int zone_rdata_fail(struct zone_rdata *r, const char *why);
/* The next word, which must be there. */
int zone_rdata_word(struct zone_rdata *r, struct zone_word *ret) MUST_USE;
int zone_rdata_put(struct zone_rdata *r, const void *data, size_t len) MUST_USE;
/* An unsigned number of `size` bytes from a word. */
int zone_rdata_number(struct zone_rdata *r, const struct zone_word *w, unsigned size) MUST_USE;
/* A word's characters, escapes resolved: length (1) and bytes, or the bytes alone. */
int zone_rdata_string(struct zone_rdata *r, const struct zone_word *w, bool with_length) MUST_USE;
/* A decimal number, whole; false: it is not, or above max. */
bool zone_number(const char *s, size_t len, uint64_t max, uint64_t *ret);
/* One character of escaped text; moves *s.  -1: bad escape. */
int zone_unescape(const char **s, const char *end);

/* A record type by its name, or -1. */
int zone_word_type(const struct zone_word *w);

/* rdata_encoded.c: digits of 4, 5 or 6 bits, to the end of the entry, or one word with its length before it ("-": none). */
int zone_rdata_encoded_rest(struct zone_rdata *r, unsigned bits) MUST_USE;
int zone_rdata_encoded_word(struct zone_rdata *r, const struct zone_word *w, unsigned bits) MUST_USE;
int zone_rdata_groups(struct zone_rdata *r, const struct zone_word *w, unsigned n, unsigned group, char separator) MUST_USE;
int zone_rdata_bitmap(struct zone_rdata *r) MUST_USE;

/* One field by its letter (rdata_text.c has the list). */
int zone_rdata_field(struct zone_rdata *r, char kind) MUST_USE;

int zone_rdata_svcb(struct zone_rdata *r) MUST_USE;
int zone_rdata_ldns(struct zone_rdata *r, uint16_t type) MUST_USE;
