// SPDX-License-Identifier: Apache-2.0
#include "wire/compress.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <string.h>

/* A name taken apart: label i starts at off[i], hash[i] is that of the suffix which starts there. */
struct split {
	unsigned n; /* labels without the root */
	uint16_t len; /* wire length */
	uint8_t off[WIRE_LABELS_MAX];
	uint32_t hash[WIRE_LABELS_MAX];
};

void wire_compress_begin(struct wire_compress *t, size_t question_end)
{
	t->question_end = (uint16_t)question_end;
	if (++t->round == 0) {
		memset(t->slot, 0, sizeof t->slot);
		t->round = 1;
	}
}

/* FNV-1a from the root's side, so that equal suffixes have equal hashes.  0x20 folds the case; that it
 * folds some other bytes too costs a comparison at worst. */
static void split_name(const uint8_t *name, struct split *s)
{
	uint32_t h = 0x811c9dc5u;
	const uint8_t *p = name;

	for (s->n = 0; *p; p += 1 + *p)
		s->off[s->n++] = (uint8_t)(p - name);
	s->len = (uint16_t)(p - name + 1);
	for (unsigned i = s->n; i-- > 0;) {
		p = name + s->off[i];
		for (unsigned n = *p, c = 0; c <= n; c++)
			h = (h ^ (p[c] | 0x20u)) * 0x01000193u;
		s->hash[i] = h;
	}
}

static struct wire_compress_slot *slot_at(struct wire_compress *t, uint32_t hash, unsigned probe)
{
	return &t->slot[(hash + probe) % COMPRESS_SLOTS];
}

static uint16_t tag_of(uint32_t hash)
{
	return (uint16_t)(hash >> 16);
}

/* The name at `off`, which is equal without case, is so to the letter, and will be. */
static bool same_case(const struct wire_compress *t, const uint8_t *msg, size_t off, const uint8_t *name)
{
	for (; *name; name += 1 + *name) {
		while ((msg[off] & 0xc0) == 0xc0)
			off = wire_u16(msg + off) & 0x3fff;
		if (off < t->question_end || memcmp(msg + off, name, 1 + (size_t)*name) != 0)
			return false;
		off += 1 + (size_t)*name;
	}
	return true;
}

/* The offset of an equal suffix, or COMPRESS_REACH. */
static unsigned find(struct wire_compress *t, uint32_t hash, const uint8_t *msg, const uint8_t *suffix, bool exact)
{
	for (unsigned i = 0; i < COMPRESS_PROBES; i++) {
		const struct wire_compress_slot *s = slot_at(t, hash, i);
		if (s->round != t->round)
			break;
		if (s->tag == tag_of(hash) && wire_name_equal_at(msg, s->off, suffix) &&
		    (!exact || same_case(t, msg, s->off, suffix)))
			return s->off;
	}
	return COMPRESS_REACH;
}

static void remember(struct wire_compress *t, uint32_t hash, size_t off)
{
	for (unsigned i = 0; i < COMPRESS_PROBES; i++) {
		struct wire_compress_slot *s = slot_at(t, hash, i);
		if (s->round != t->round) {
			*s = (struct wire_compress_slot){t->round, tag_of(hash), (uint16_t)off};
			return;
		}
	}
}

struct wire_compressed wire_compress_put(struct wire_compress *t, uint8_t *msg, size_t at,
					 const uint8_t *name, enum wire_compress_how how)
{
	/* The first label from which on the message holds the name already, and where. */
	unsigned first = 0, target = COMPRESS_REACH;
	struct split s;

	split_name(name, &s);
	while (first < s.n && (target = find(t, s.hash[first], msg, name + s.off[first], how == COMPRESS_RDATA)) ==
				      COMPRESS_REACH)
		first++;
	for (unsigned i = 0; i < first && at + s.off[i] < COMPRESS_REACH; i++)
		remember(t, s.hash[i], at + s.off[i]);

	if (how == COMPRESS_WHOLE || first == s.n) {
		memcpy(msg + at, name, s.len);
		return (struct wire_compressed){s.len,
						(uint16_t)(s.n && at < COMPRESS_REACH ? at : COMPRESS_REACH)};
	}
	memcpy(msg + at, name, s.off[first]);
	wire_put_u16(msg + at + s.off[first], 0xc000 | target);
	if (first > 0)
		target = at < COMPRESS_REACH ? (unsigned)at : COMPRESS_REACH;
	return (struct wire_compressed){(uint16_t)(s.off[first] + 2), (uint16_t)target};
}
