// SPDX-License-Identifier: Apache-2.0
#include "plugin/forward/flight.h"

#include "base/hash.h"
#include "base/rng.h"
#include "upstream/upstream.h"

#include <stdlib.h>
#include <string.h>

enum { N_BUCKETS = 1024, SEATS_A_CHUNK = 64, FLIGHTS_A_CHUNK = 16, FLIGHTS_MAX = 1 << 16 };

struct flight {
	struct flight_key key;
	struct flight *next; /* in its bucket, or in the free list */
	struct flight_seat *first, **last;
	uint32_t index, serial;
	bool keyed;
};

struct seat_chunk {
	struct seat_chunk *next;
	struct flight_seat seats[SEATS_A_CHUNK];
};

struct flights {
	struct hash_key secret[2];
	struct flight *buckets[N_BUCKETS];
	struct flight **all; /* by index */
	uint32_t n_all;
	struct flight *free_flights;
	struct flight_seat *free_seats;
	struct seat_chunk *chunks;
};

struct flights *flights_new(struct rng *rng)
{
	struct flights *f = calloc(1, sizeof(*f));

	if (f)
		rng_bytes(rng, f->secret, sizeof(f->secret));
	return f;
}

void flights_free(struct flights *f)
{
	if (!f)
		return;
	while (f->chunks) {
		struct seat_chunk *c = f->chunks;

		f->chunks = c->next;
		free(c);
	}
	for (uint32_t i = 0; i < f->n_all; i += FLIGHTS_A_CHUNK)
		free(f->all[i]);
	free(f->all);
	free(f);
}

/* ---------------------------------------------------------------- keys */

/* What is left out upstream anyway does not matter. */
static bool options_matter(const struct query *q)
{
	for (size_t at = 0; at + 4 <= q->in.options_len; at += 4u + wire_u16(q->in.options + at + 2)) {
		if (!upstream_option_is_hop_by_hop(wire_u16(q->in.options + at)))
			return true;
	}
	return false;
}

bool flight_key_of(const struct flights *f, const struct query *q, struct flight_key *ret)
{
	uint8_t text[WIRE_NAME_MAX + 10];
	size_t len = q->in.qname_len;

	if (!query_may_merge(q) || (q->in.options_len && options_matter(q)))
		return false;
	memcpy(text, q->in.qname, len);
	wire_put_u16(text + len, q->in.qtype);
	wire_put_u16(text + len + 2, q->in.qclass);
	wire_put_u16(text + len + 4, q->in.flags & (FLAG_RD | FLAG_CD));
	wire_put_u16(text + len + 6, q->udp_cap);
	text[len + 8] = q->in.do_bit;
	text[len + 9] = q->from.stream;
	ret->a = hash_bytes(&f->secret[0], text, len + 10);
	ret->b = hash_bytes(&f->secret[1], text, len + 10);
	return true;
}

/* ---------------------------------------------------------------- memory */

static struct flight_seat *seat_new(struct flights *f)
{
	struct flight_seat *s;

	if (!f->free_seats) {
		struct seat_chunk *c = malloc(sizeof(*c));

		if (!c)
			return NULL;
		c->next = f->chunks;
		f->chunks = c;
		for (unsigned i = 0; i < SEATS_A_CHUNK; i++)
			flight_seat_free(f, &c->seats[i]);
	}
	s = f->free_seats;
	f->free_seats = s->next;
	return s;
}

void flight_seat_free(struct flights *f, struct flight_seat *s)
{
	s->next = f->free_seats;
	f->free_seats = s;
}

static bool flights_grow(struct flights *f)
{
	struct flight *chunk;
	struct flight **all;

	if (f->n_all + FLIGHTS_A_CHUNK > FLIGHTS_MAX)
		return false;
	all = realloc(f->all, (f->n_all + FLIGHTS_A_CHUNK) * sizeof(struct flight *));
	if (!all)
		return false;
	f->all = all;
	chunk = calloc(FLIGHTS_A_CHUNK, sizeof(*chunk));
	if (!chunk)
		return false;
	for (unsigned i = 0; i < FLIGHTS_A_CHUNK; i++) {
		chunk[i].index = f->n_all;
		chunk[i].serial = 1; /* no tag is 0 */
		chunk[i].next = f->free_flights;
		f->free_flights = &chunk[i];
		f->all[f->n_all++] = &chunk[i];
	}
	return true;
}

/* ---------------------------------------------------------------- flights */

static bool take_seat(struct flights *f, struct flight *fl, const struct query *q, bool again, bool joined)
{
	struct flight_seat *s = seat_new(f);

	if (!s)
		return false;
	*s = (struct flight_seat){.who = query_handle(q), .again = again, .joined = joined};
	*fl->last = s;
	fl->last = &s->next;
	return true;
}

static struct flight *find_key(const struct flights *f, const struct flight_key *k)
{
	struct flight *fl = f->buckets[k->a % N_BUCKETS];

	while (fl && (fl->key.a != k->a || fl->key.b != k->b))
		fl = fl->next;
	return fl;
}

bool flight_under_way(const struct flights *f, const struct flight_key *k)
{
	return find_key(f, k) != NULL;
}

bool flight_join(struct flights *f, const struct flight_key *k, const struct query *q, bool again)
{
	struct flight *fl = find_key(f, k);

	return fl && take_seat(f, fl, q, again, true);
}

uint64_t flight_begin(struct flights *f, const struct flight_key *k, const struct query *q, bool again)
{
	struct flight *fl;

	if (!f->free_flights && !flights_grow(f))
		return 0;
	fl = f->free_flights;
	fl->first = NULL;
	fl->last = &fl->first;
	if (!take_seat(f, fl, q, again, false))
		return 0;
	f->free_flights = fl->next;
	fl->keyed = k != NULL;
	if (k) {
		fl->key = *k;
		fl->next = f->buckets[k->a % N_BUCKETS];
		f->buckets[k->a % N_BUCKETS] = fl;
	}
	return (uint64_t)fl->serial << 32 | fl->index;
}

static struct flight *find_tag(const struct flights *f, uint64_t tag)
{
	uint32_t index = (uint32_t)tag;

	return index < f->n_all && f->all[index]->serial == tag >> 32 ? f->all[index] : NULL;
}

static void leave_bucket(struct flights *f, struct flight *fl)
{
	struct flight **at = &f->buckets[fl->key.a % N_BUCKETS];

	while (*at != fl)
		at = &(*at)->next;
	*at = fl->next;
}

struct flight_seat *flight_end(struct flights *f, uint64_t tag)
{
	struct flight *fl = find_tag(f, tag);

	if (!fl)
		return NULL;
	if (fl->keyed)
		leave_bucket(f, fl);
	if (++fl->serial == 0)
		fl->serial = 1;
	fl->next = f->free_flights;
	f->free_flights = fl;
	return fl->first;
}

const struct flight_seat *flight_seats(const struct flights *f, uint64_t tag)
{
	const struct flight *fl = find_tag(f, tag);

	return fl ? fl->first : NULL;
}

bool flight_wanted(const struct flights *f, struct worker *w, uint64_t tag)
{
	for (const struct flight_seat *s = flight_seats(f, tag); s; s = s->next) {
		if (query_find(w, s->who))
			return true;
	}
	return false;
}
