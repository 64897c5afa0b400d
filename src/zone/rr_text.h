// SPDX-License-Identifier: Apache-2.0
/* One record, from zone-file text to wire form.
 *
 *   lex.c         words                      rdata_text.c    a type's fields, by table
 *   rr_text.c     owner TTL class type       rdata_field.c   one field: a name, a number, a string ...
 *   rdata_svcb.c  SVCB and HTTPS             rdata_encoded.c one field of hex, base64, a bitmap
 *                                            rdata_ldns.c    the rare types, by ldns
 *
 * Types that are met every day are read here, without malloc; the others by ldns, which allocates.
 * Any type can be written as \# LENGTH HEX (RFC 3597 5). */
#pragma once

#include "base/compiler.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_lex;

enum { ZONE_RDATA_MAX = 65535, ZONE_TTL_MAX = 0x7fffffff };

/* What holds where a record leaves something out. */
struct zone_context {
	const uint8_t *origin;   /* wire form; NULL: there is none, "@" is an error */
	const uint8_t *owner;    /* of the record before; NULL: none, a record must have its own */
	uint32_t ttl_s;
	bool has_ttl;
	uint16_t cls;            /* CLASS_IN */
	/* While serving: ldns allocates, and loses some of it for text that is not of its type's form.  Its types
	 * must then be written as \#. */
	bool no_ldns;
};

/* A record.  The caller gives `rdata` (room for ZONE_RDATA_MAX) and keeps it. */
struct zone_rr {
	uint8_t owner[WIRE_NAME_MAX];
	uint8_t owner_len;
	bool ttl_given;
	uint16_t type, cls, rdlen;
	uint32_t ttl_s;
	uint8_t *rdata;
};

/* The record of the current entry; `first` is its first word, as zone_lex_entry gave it.  Reads the entry to its end.
 * 0; or ERR_SYNTAX, and l->error says why. */
struct zone_word;
int zone_rr_read(struct zone_lex *l, const struct zone_word *first, const struct zone_context *c,
		 struct zone_rr *ret) MUST_USE;

/* The first record of a text.  0; ERR_SYNTAX with *ret_why (static): no record, or not of its form. */
int zone_rr_from_text(const char *text, size_t len, const struct zone_context *c, struct zone_rr *ret,
		      const char **ret_why) MUST_USE;

/* "3600", "1h30m", "2W": seconds; units s m h d w.  False: not of this form, or over 2^32-1. */
bool zone_ttl_from_text(const char *s, size_t len, uint32_t *ret);
/* A name, relative to `origin` unless it ends in a dot; "@" is the origin.  out: WIRE_NAME_MAX.  Length, or 0. */
size_t zone_name_from_text(const char *s, size_t len, const uint8_t *origin, uint8_t *out);
