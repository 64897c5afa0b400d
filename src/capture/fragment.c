// SPDX-License-Identifier: Apache-2.0
#include "capture/fragment.h"

#include <stdlib.h>

enum {
	SLOTS = 256,
	UNIT = 8, /* fragments start at multiples of it, RFC 791 */
	DATAGRAM_MAX = 65536,
	UNITS = DATAGRAM_MAX / UNIT,
};

/* Hosts wait 30 s or longer (RFC 8200 4.5); what has not come after 5 s was not on its way, and its exchange must still be
 * in the window (exchange.h) when that is said. */
static const int64_t LIFETIME_NS = 5ll * 1000000000;
/* A capture on all interfaces has each fragment again: those of a datagram that is whole already are no new one. */
static const int64_t ECHO_NS = 1000000000;

enum slot_state { SLOT_FREE, SLOT_OPEN, SLOT_DONE };

struct slot {
	enum slot_state state;
	uint32_t id;
	struct capture_datagram d;
	int64_t first_ns;
	size_t total; /* known with the last fragment; 0 before */
	size_t arrived; /* units */
	size_t seen_end;
	uint8_t *bytes; /* DATAGRAM_MAX */
	uint8_t sent[UNITS / 8],
		there[UNITS / 8]; /* bits: units that were sent, and that the capture holds whole */
	uint16_t tail_there; /* bytes captured of the unit after the last whole one in the first fragment */
};

struct capture_fragments {
	struct slot slots[SLOTS];
	struct capture_fragment_counts counts;
};

struct capture_fragments *capture_fragments_new(void)
{
	return calloc(1, sizeof(struct capture_fragments));
}

void capture_fragments_free(struct capture_fragments *f)
{
	for (size_t i = 0; f && i < SLOTS; i++)
		free(f->slots[i].bytes);
	free(f);
}

const struct capture_fragment_counts *capture_fragments_counts(const struct capture_fragments *f)
{
	return &f->counts;
}

static bool bit(const uint8_t *bits, size_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

static void set_bit(uint8_t *bits, size_t i)
{
	bits[i / 8] |= (uint8_t)(1u << (i % 8));
}

static bool is_of(const struct slot *s, const struct capture_ip *ip)
{
	return s->state != SLOT_FREE && s->id == ip->fragment_id && s->d.protocol == ip->protocol &&
	       capture_end_equal(&s->d.src, &ip->src) && capture_end_equal(&s->d.dst, &ip->dst);
}

/* The datagram's slot, or the one to take for it: a free one, one that is done, the oldest. */
static struct slot *find_slot(struct capture_fragments *f, const struct capture_frame *frame,
			      const struct capture_ip *ip)
{
	struct slot *best = &f->slots[0];

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &f->slots[i];
		int64_t age = frame->time_ns - s->d.time_ns;
		if (is_of(s, ip) && (s->state == SLOT_OPEN || (age < ECHO_NS && age > -ECHO_NS)))
			return s;
		if (s->state < best->state || (s->state == SLOT_DONE && best->state == SLOT_OPEN) ||
		    (s->state == best->state && s->d.time_ns < best->d.time_ns))
			best = s;
	}
	if (best->state == SLOT_OPEN)
		f->counts.evicted++;
	best->state = SLOT_FREE;
	return best;
}

static bool begin(struct slot *s, const struct capture_frame *frame, uint32_t ifindex,
		  const struct capture_ip *ip)
{
	if (!s->bytes)
		s->bytes = malloc(DATAGRAM_MAX);
	if (!s->bytes)
		return false;
	s->state = SLOT_OPEN;
	s->id = ip->fragment_id;
	s->first_ns = frame->time_ns;
	s->total = s->arrived = s->seen_end = s->tail_there = 0;
	memset(s->sent, 0, sizeof(s->sent));
	memset(s->there, 0, sizeof(s->there));
	s->d = (struct capture_datagram){
		.src = ip->src,
		.dst = ip->dst,
		.protocol = ip->protocol,
		.hop_limit = ip->hop_limit,
		.file = frame->file,
		.number = frame->number,
		.ifindex = ifindex,
	};
	return true;
}

/* Mark the units of a fragment; false: some had come before. */
static bool put(struct slot *s, const struct capture_ip *ip)
{
	size_t first = ip->fragment_off / UNIT, n = (ip->len + UNIT - 1) / UNIT;
	bool fresh = true;

	for (size_t i = 0; i < n; i++) {
		size_t from = i * UNIT, sent = ip->len - from < UNIT ? ip->len - from : UNIT;
		size_t there = ip->captured <= from ? 0 : ip->captured - from;
		if (bit(s->sent, first + i)) {
			fresh = false;
			continue;
		}
		set_bit(s->sent, first + i);
		s->arrived++;
		there = there < sent ? there : sent;
		memcpy(s->bytes + ip->fragment_off + from, ip->payload + from, there);
		if (there == sent)
			set_bit(s->there, first + i);
		else if (first == 0 && there)
			s->tail_there = (uint16_t)there;
	}
	return fresh;
}

/* Bytes from the beginning that the capture holds. */
static size_t captured(const struct slot *s, size_t len)
{
	size_t i = 0;

	while (i < UNITS && bit(s->there, i))
		i++;
	size_t n = i * UNIT + (i < UNITS && bit(s->sent, i) ? s->tail_there : 0);
	return n < len ? n : len;
}

static void finish(struct slot *s, size_t len, struct capture_datagram *ret)
{
	s->state = SLOT_DONE;
	s->d.bytes = s->bytes;
	s->d.len = len;
	s->d.captured = captured(s, len);
	*ret = s->d;
}

static bool in_bounds(const struct capture_ip *ip)
{
	return ip->len && ip->fragment_off + ip->len <= DATAGRAM_MAX &&
	       (!ip->more_fragments || ip->len % UNIT == 0);
}

bool capture_fragments_add(struct capture_fragments *f, const struct capture_frame *frame, uint32_t ifindex,
			   const struct capture_ip *ip, struct capture_datagram *ret)
{
	if (ip->fragment_off)
		f->counts.later[frame->file]++;
	struct slot *s = in_bounds(ip) ? find_slot(f, frame, ip) : NULL;

	if (!s || s->state == SLOT_DONE)
		return false;
	if (s->state == SLOT_FREE && !begin(s, frame, ifindex, ip))
		return false;
	f->counts.fragments++;
	s->d.time_ns = frame->time_ns;
	if (put(s, ip))
		s->d.n_fragments++;
	else
		f->counts.overlapping++;
	if (ip->fragment_off + ip->len > s->seen_end)
		s->seen_end = ip->fragment_off + ip->len;
	if (!ip->more_fragments && !s->total)
		s->total = ip->fragment_off + ip->len;
	if (!s->total || s->arrived * UNIT < s->total || s->seen_end > s->total)
		return false;
	f->counts.whole++;
	finish(s, s->total, ret);
	return true;
}

bool capture_fragments_overdue(struct capture_fragments *f, int64_t now_ns, struct capture_datagram *ret)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &f->slots[i];
		if (s->state != SLOT_OPEN || (now_ns != INT64_MAX && now_ns - s->first_ns < LIFETIME_NS))
			continue;
		f->counts.lost++;
		finish(s, s->seen_end, ret);
		ret->lost = true;
		if (ret->captured)
			return true;
	}
	return false;
}
