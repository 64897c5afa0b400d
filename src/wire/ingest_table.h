// SPDX-License-Identifier: Apache-2.0
/* The records of one upstream message, grouped into RRsets while they are read.
 *
 *   rr[]    one per record, in the message's order: offsets into the message
 *   set[]   one per RRset (section, owner, type, class), in order of first appearance; an RRSIG is kept
 *           with the RRset that it covers
 *   two hash tables over them: RRsets by their key, records by RRset and rdata (duplicates)
 *
 * Everything is linear in the message's size: the hash is keyed (base/hash.h), so nobody can make keys
 * collide on purpose.  Thread: worker. */
#pragma once

#include "base/compiler.h"
#include "base/hash.h"
#include "wire/limits.h"
#include "wire/rdata.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	INGEST_NONE = UINT16_MAX, /* no record, no RRset */
	INGEST_SLOTS_MAX = 16384, /* > 2 * WIRE_RR_MAX, a power of two */
};

enum ingest_kind { INGEST_DATA, INGEST_SIG, INGEST_KINDS };

struct ingest_rr {
	uint32_t ttl_s, hash;
	uint16_t rdata_off, rdlen;
	uint16_t type;
	uint16_t set;
	uint16_t next; /* of the same set and kind, or INGEST_NONE */
};

struct ingest_set {
	uint32_t hash;
	uint16_t owner_off, type, cls;
	uint8_t section; /* enum wire_section */
	bool required;
	bool done;       /* written */
	uint16_t first[INGEST_KINDS], last[INGEST_KINDS]; /* INGEST_NONE: no record of that kind */
};

struct ingest_table {
	struct hash_key key; /* random, per builder */
	const uint8_t *msg;
	size_t len;
	uint16_t n_rr, n_sets;
	uint16_t slot_mask;
	struct ingest_rr rr[WIRE_RR_MAX];
	struct ingest_set set[WIRE_RR_MAX];
	uint16_t set_slot[INGEST_SLOTS_MAX], rr_slot[INGEST_SLOTS_MAX]; /* index + 1; 0: free */
	uint8_t rdata[RDATA_READ_MAX], other[RDATA_READ_MAX];
};

/* Draw the key.  Once. */
void ingest_table_init(struct ingest_table *t) NONNULL;

/* Begin a message of at most n_max records. */
void ingest_table_begin(struct ingest_table *t, const uint8_t *msg, size_t len, unsigned n_max) NONNULL;

/* A record, as it is added. */
struct ingest_record {
	enum wire_section section;
	const uint8_t *owner; /* decompressed */
	size_t owner_len;
	uint16_t owner_off, type, cls, rdata_off, rdlen;
	uint32_t ttl_s;
};
/* Add one; a duplicate of an earlier one is left out.  0, or -EBADMSG for rdata that is broken. */
int ingest_table_add(struct ingest_table *t, const struct ingest_record *r) MUST_USE NONNULL;

/* The RRset with this key, or NULL. */
struct ingest_set *ingest_table_find(struct ingest_table *t, enum wire_section s, uint16_t type, uint16_t cls,
				     const uint8_t *owner) NONNULL;
