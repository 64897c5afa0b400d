// SPDX-License-Identifier: Apache-2.0
#include "wire/ingest_table.h"
#include "base/rng.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

void ingest_table_init(struct ingest_table *t)
{
	struct rng rng;

	rng_init(&rng);
	rng_bytes(&rng, &t->key, sizeof t->key);
}

void ingest_table_begin(struct ingest_table *t, const uint8_t *msg, size_t len, unsigned n_max)
{
	unsigned slots = 16;

	while (slots < 2 * n_max && slots < INGEST_SLOTS_MAX)
		slots *= 2;
	t->msg = msg;
	t->len = len;
	t->n_rr = t->n_sets = 0;
	t->slot_mask = (uint16_t)(slots - 1);
	memset(t->set_slot, 0, slots * sizeof t->set_slot[0]);
	memset(t->rr_slot, 0, slots * sizeof t->rr_slot[0]);
}

/* The place of a set: where it is, or the free slot where it would be. */
static uint16_t *set_slot(struct ingest_table *t, enum wire_section s, uint16_t type, uint16_t cls,
			  const uint8_t *owner, size_t owner_len, uint32_t *ret_hash)
{
	uint8_t key[WIRE_NAME_MAX + 5];

	wire_name_lower(key, owner, owner_len);
	wire_put_u16(key + owner_len, type);
	wire_put_u16(key + owner_len + 2, cls);
	key[owner_len + 4] = (uint8_t)s;
	uint32_t hash = (uint32_t)hash_bytes(&t->key, key, owner_len + 5);
	*ret_hash = hash;
	for (uint32_t i = hash;; i++) {
		uint16_t *slot = &t->set_slot[i & t->slot_mask];
		if (!*slot)
			return slot;
		const struct ingest_set *set = &t->set[*slot - 1];
		if (set->hash == hash && set->section == s && set->type == type && set->cls == cls &&
		    wire_name_equal_at(t->msg, set->owner_off, owner))
			return slot;
	}
}

struct ingest_set *ingest_table_find(struct ingest_table *t, enum wire_section s, uint16_t type, uint16_t cls,
				     const uint8_t *owner)
{
	uint32_t hash;
	uint16_t *slot = set_slot(t, s, type, cls, owner, wire_name_len(owner), &hash);

	return *slot ? &t->set[*slot - 1] : NULL;
}

/* The owner is the bare pointer that the set's first record has too: the usual form of an RRset's
 * second record. */
static bool same_pointer(const struct ingest_table *t, uint16_t a, uint16_t b)
{
	return t->msg[a] >= 0xc0 && wire_u16(t->msg + a) == wire_u16(t->msg + b);
}

/* The index of the RRset that the record belongs to. */
static uint16_t set_of(struct ingest_table *t, const struct ingest_record *r, uint16_t type)
{
	uint32_t hash;

	if (t->n_rr) {
		uint16_t i = t->rr[t->n_rr - 1].set;
		const struct ingest_set *prev = &t->set[i];
		if (prev->type == type && prev->cls == r->cls && prev->section == r->section &&
		    same_pointer(t, prev->owner_off, r->owner_off))
			return i;
	}
	uint16_t *slot = set_slot(t, r->section, type, r->cls, r->owner, r->owner_len, &hash);
	if (!*slot) {
		t->set[t->n_sets] = (struct ingest_set){
			.hash = hash,
			.owner_off = r->owner_off,
			.type = type,
			.cls = r->cls,
			.section = (uint8_t)r->section,
			.first = {INGEST_NONE, INGEST_NONE},
			.last = {INGEST_NONE, INGEST_NONE},
		};
		*slot = ++t->n_sets;
	}
	return (uint16_t)(*slot - 1);
}

/* The rdata in the form in which doubles are told: decompressed, names in lower case.  *ret_rdata:
 * `out` or the message. */
static int read_canonical(const struct ingest_table *t, uint16_t off, uint16_t rdlen, uint16_t type,
			  uint16_t cls, uint8_t *out, const uint8_t **ret_rdata)
{
	int len = wire_rdata_read(t->msg, off, rdlen, type, cls, out, ret_rdata);

	if (len > 0 && *ret_rdata == out)
		wire_rdata_lower(wire_rdata_form(type, cls), out, (size_t)len);
	return len;
}

static bool same_rdata(struct ingest_table *t, const struct ingest_rr *rr, uint16_t cls, const uint8_t *rdata,
		       size_t len)
{
	const uint8_t *other;
	int n = read_canonical(t, rr->rdata_off, rr->rdlen, rr->type, cls, t->other, &other);

	return n == (int)len && !memcmp(other, rdata, len);
}

/* The place of a record: that of its double, or the free slot where it would be. */
static uint16_t *rr_slot(struct ingest_table *t, uint16_t set, uint16_t type, uint16_t cls,
			 const uint8_t *rdata, size_t len, uint32_t *ret_hash)
{
	uint32_t hash = (uint32_t)hash_bytes(&t->key, rdata, len) + set * 0x9e3779b1u;

	*ret_hash = hash;
	for (uint32_t i = hash;; i++) {
		uint16_t *slot = &t->rr_slot[i & t->slot_mask];
		if (!*slot)
			return slot;
		const struct ingest_rr *rr = &t->rr[*slot - 1];
		if (rr->hash == hash && rr->set == set && rr->type == type &&
		    same_rdata(t, rr, cls, rdata, len))
			return slot;
	}
}

int ingest_table_add(struct ingest_table *t, const struct ingest_record *r)
{
	const uint8_t *rdata;
	int len = read_canonical(t, r->rdata_off, r->rdlen, r->type, r->cls, t->rdata, &rdata);
	uint32_t hash;

	if (len < 0)
		return len;
	/* The form of an RRSIG has 18 bytes at least, the covered type first. */
	enum ingest_kind kind = r->type == TYPE_RRSIG ? INGEST_SIG : INGEST_DATA;
	uint16_t set_index = set_of(t, r, kind == INGEST_SIG ? wire_u16(rdata) : r->type);
	struct ingest_set *set = &t->set[set_index];
	uint16_t *slot = rr_slot(t, set_index, r->type, r->cls, rdata, (size_t)len, &hash);
	if (*slot)
		return 0;

	uint16_t i = t->n_rr++;
	t->rr[i] =
		(struct ingest_rr){r->ttl_s, hash, r->rdata_off, r->rdlen, r->type, set_index, INGEST_NONE};
	*slot = t->n_rr;
	if (set->first[kind] == INGEST_NONE)
		set->first[kind] = i;
	else
		t->rr[set->last[kind]].next = i;
	set->last[kind] = i;
	return 0;
}
