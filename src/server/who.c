// SPDX-License-Identifier: Apache-2.0
#include "server/who.h"

#include "base/clock.h"
#include "base/hash.h"
#include "server/generation.h"
#include "server/route.h"

#include <stdlib.h>
#include <string.h>

/* So long the rate is looked at, and so many samples are wanted in it; so many in one window show that it is not as the one before. */
enum { WINDOW_MS = 100, WINDOW_SAMPLES = 16, RUSH_SAMPLES = 32 };

static const struct {
	uint16_t places, key_max;
} kinds[WHO_N_KINDS] = {
	[WHO_CLIENT] = {WHO_CLIENTS, WHO_CLIENT_MAX},
	[WHO_NAME] = {WHO_NAMES, WHO_NAME_MAX},
	[WHO_ZONE] = {WHO_ZONES, WHO_ZONE_MAX},
};

/* ---------------------------------------------------------------- making */

/* The same for all workers, so that equal hashes are equal keys; made with the first of them. */
static struct hash_key key;

static size_t memory_size(void)
{
	size_t n = 0;

	for (int k = 0; k < WHO_N_KINDS; k++)
		n += who_table_size(kinds[k].places, kinds[k].key_max, false) +
		     who_table_size(kinds[k].places, kinds[k].key_max, true);
	return n;
}

struct who *who_new(uint64_t seed, uint64_t now_ns)
{
	struct who *w = calloc(1, sizeof(*w) + memory_size());
	char *m = w ? (char *)w->memory : NULL;

	if (!w)
		return NULL;
	for (int k = 0; k < WHO_N_KINDS; k++) {
		who_table_init(&w->total[k], m, kinds[k].places, kinds[k].key_max, false);
		m += who_table_size(kinds[k].places, kinds[k].key_max, false);
		who_table_init(&w->minute[k], m, kinds[k].places, kinds[k].key_max, true);
		m += who_table_size(kinds[k].places, kinds[k].key_max, true);
	}
	if (!key.k0)
		key = (struct hash_key){seed | 1, ~seed};
	w->random = seed;
	w->began_ns = w->window_ns = now_ns;
	w->slot = (uint32_t)(now_ns / (WHO_SLOT_S * NS_PER_S));
	w->drawn = w->gap = 1;
	return w;
}

void who_free(struct who *w)
{
	free(w);
}

/* Where the array of `from` is in `to`, which has the same layout. */
static void *moved(struct who *to, const struct who *from, const void *at)
{
	return (char *)to + ((const char *)at - (const char *)from);
}

static void move_table(struct who *to, const struct who *from, struct who_table *t)
{
	t->hash = moved(to, from, t->hash);
	t->sum = moved(to, from, t->sum);
	t->over = moved(to, from, t->over);
	t->slots = t->slots ? moved(to, from, t->slots) : NULL;
	t->since = moved(to, from, t->since);
	t->bucket = moved(to, from, t->bucket);
	t->next = moved(to, from, t->next);
	t->heap = moved(to, from, t->heap);
	t->heap_at = moved(to, from, t->heap_at);
	t->key_len = moved(to, from, t->key_len);
	t->keys = moved(to, from, t->keys);
}

void who_copy(struct who *to, const struct who *from)
{
	memcpy(to, from, sizeof(*to) + memory_size());
	for (int k = 0; k < WHO_N_KINDS; k++) {
		move_table(to, from, &to->total[k]);
		move_table(to, from, &to->minute[k]);
	}
}

/* ---------------------------------------------------------------- when */

/* SplitMix64: good enough for whom to sample, and nobody sees it. */
static uint64_t next_random(struct who *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* -ln(u) for 0 < u <= 1, to 1e-5: the C library's would be all that is wanted of libm. */
static double minus_ln(double u)
{
	uint64_t bits;
	double m, z, z2;
	int exponent;

	memcpy(&bits, &u, sizeof(bits));
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & 0xfffffffffffff) | 0x3ff0000000000000;
	memcpy(&m, &bits, sizeof(m));
	z = (m - 1) / (m + 1);
	z2 = z * z;
	return -exponent * 0.6931471805599453 - 2 * z * (1 + z2 * (1.0 / 3 + z2 * (1.0 / 5 + z2 / 7)));
}

/* Questions up to the next sample: geometric, so that what was sampled says nothing of what will be. */
static uint32_t draw_gap(struct who *w)
{
	/* -1 / ln(1 - 2^-i) */
	static const double scale[WHO_GAP_LOG_MAX + 1] = {
		0, 1.4426950408889634, 3.476059496782207, 7.4888756894186175, 15.49462216322538,
		31.497354319586677, 63.49868764234396};
	double u = (double)((next_random(w) >> 11) + 1) * 0x1p-53;
	double gap = minus_ln(u) * scale[w->gap_log];

	return gap > 0 ? 1 + (uint32_t)gap : 1;
}

/* The rate of what came before decides how many of what comes are looked at. */
static void adapt(struct who *w, uint64_t now_ns)
{
	uint64_t passed = now_ns - w->window_ns;
	uint64_t wanted; /* questions a sample */

	if (passed < WINDOW_MS * NS_PER_MS) {
		if (++w->window_samples % RUSH_SAMPLES == 0 && w->gap_log < WHO_GAP_LOG_MAX)
			w->gap_log++; /* more than the last window led to expect */
		return;
	}
	wanted = (w->drawn - w->window_drawn) * WINDOW_MS * NS_PER_MS / WINDOW_SAMPLES / passed;
	w->gap_log = 0;
	while (w->gap_log < WHO_GAP_LOG_MAX && 1u << w->gap_log < wanted)
		w->gap_log++;
	w->window_ns = now_ns;
	w->window_drawn = w->drawn;
	w->window_samples = 0;
}

static void add(struct who_tally *t, uint32_t weight, uint32_t slot)
{
	t->total += weight;
	t->slots[slot % WHO_SLOTS] += weight;
}

/* The number of questions until the next sample. */
static uint32_t next_gap(struct who *w, uint64_t now_ns)
{
	adapt(w, now_ns);
	w->gap = draw_gap(w);
	w->drawn += w->gap;
	return w->gap;
}

uint32_t who_look_again(struct who *w, uint32_t left, uint64_t now_ns)
{
	who_turn(w, now_ns);
	add(&w->asked, w->gap - left, w->slot);
	w->drawn -= left;
	return next_gap(w, now_ns);
}

static void begin_slot(struct who_tally *t, size_t n, uint32_t slot)
{
	for (size_t i = 0; i < n; i++)
		t[i].slots[slot % WHO_SLOTS] = 0;
}

static void begin_slots(struct who *w, uint32_t slot)
{
	begin_slot(&w->asked, 1, slot);
	begin_slot(&w->questions, 1, slot);
	begin_slot(&w->samples, 1, slot);
	begin_slot(&w->squares, 1, slot);
	begin_slot(w->rcodes, WHO_RCODES, slot);
	begin_slot(w->transports, WHO_N_TRANSPORTS, slot);
	begin_slot(w->delays, WHO_DELAYS, slot);
	begin_slot(w->plugins, WHO_PLUGINS + 1, slot);
	for (int k = 0; k < WHO_N_KINDS; k++)
		who_table_begin_slot(&w->minute[k], slot);
}

void who_turn(struct who *w, uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns / (WHO_SLOT_S * NS_PER_S));

	if (now - w->slot > WHO_SLOTS)
		w->slot = now - WHO_SLOTS; /* all of them are over */
	while (w->slot != now)
		begin_slots(w, ++w->slot);
}

/* ---------------------------------------------------------------- what */

unsigned who_delay_index(uint64_t ns)
{
	uint64_t us4 = ns < NS_PER_US ? 4 : ns / (NS_PER_US / 4); /* quarters of a microsecond */
	unsigned log = 63 - (unsigned)__builtin_clzll(us4), i = (log - 2) * 4 + (us4 >> (log - 2) & 3);

	return i < WHO_DELAYS ? i : WHO_DELAYS - 1;
}

double who_delay_begin_s(unsigned i)
{
	return i ? (double)(4 + i % 4) * (double)(1ull << i / 4) * 0.25e-6 : 0;
}

static unsigned plugin_place(struct who *w, const char *plugin)
{
	unsigned i = 0;

	while (i < WHO_PLUGINS && w->plugin_names[i] != plugin && (i == 0 || w->plugin_names[i]))
		i++;
	w->plugin_names[i] = i < WHO_PLUGINS ? plugin : "other";
	return i;
}

static void count_key(struct who *w, enum who_kind kind, const uint8_t *k, size_t len, uint32_t weight)
{
	uint64_t hash = hash_bytes(&key, k, len);

	who_table_count(&w->total[kind], hash, k, len, weight, w->slot);
	who_table_count(&w->minute[kind], hash, k, len, weight, w->slot);
}

uint32_t who_count(struct who *w, const struct who_seen *s, uint64_t now_ns)
{
	uint32_t weight = 1u << w->gap_log;

	who_turn(w, now_ns);
	add(&w->asked, w->gap, w->slot);
	add(&w->questions, weight, w->slot);
	add(&w->samples, 1, w->slot);
	add(&w->squares, weight * weight, w->slot);
	add(&w->rcodes[s->rcode < WHO_RCODES - 1 ? s->rcode : WHO_RCODES - 1], weight, w->slot);
	add(&w->transports[s->transport], weight, w->slot);
	add(&w->delays[who_delay_index(s->delay_ns)], weight, w->slot);
	add(&w->plugins[plugin_place(w, s->plugin)], weight, w->slot);
	count_key(w, WHO_CLIENT, s->client, s->client_len, weight);
	count_key(w, WHO_NAME, s->name, s->name_len, weight);
	count_key(w, WHO_ZONE, s->zone, s->zone_len, weight);
	return next_gap(w, now_ns);
}

/* ---------------------------------------------------------------- of a query */

static void see_client(const struct query *q, struct who_seen *s)
{
	const struct net_addr *a = net_return_peer(&q->from);
	const uint8_t *v6 = a->v6.sin6_addr.s6_addr;

	if (a->sa.sa_family == AF_INET) {
		s->client = (const uint8_t *)&a->v4.sin_addr;
		s->client_len = 4;
		return;
	}
	s->client_len = net_addr_family(a) == 1 ? 4 : 16;
	s->client = s->client_len == 4 ? v6 + 12 : v6;
}

/* A long name is its end: the labels in front of it are most often made up for each question. */
static void see_name(const struct query *q, struct who_seen *s, uint8_t buf[WHO_NAME_MAX])
{
	unsigned i = 1, len = q->in.qname_len;

	s->name = q->in.qname;
	s->name_len = q->in.qname_len;
	if (len <= WHO_NAME_MAX)
		return;
	while (len - q->in.label_off[i] > WHO_NAME_MAX - 2)
		i++;
	len -= q->in.label_off[i];
	memcpy(buf, "\1*", 2);
	memcpy(buf + 2, q->in.qname + q->in.label_off[i], len);
	s->name = buf;
	s->name_len = (uint8_t)(len + 2);
}

/* The zone of the server block, where it says something: else the name's last two labels, or the last. */
static void see_zone(const struct query *q, struct who_seen *s)
{
	const struct zone_entry *z = q->zone;
	unsigned n = q->in.n_labels, first = n > 2 ? n - 2 : 0;

	if (z && z->n_labels > 1 && z->zone_len <= WHO_ZONE_MAX) {
		s->zone = z->zone;
		s->zone_len = z->zone_len;
		return;
	}
	while (q->in.qname_len - q->in.label_off[first] > WHO_ZONE_MAX)
		first++;
	s->zone = q->in.qname + q->in.label_off[first];
	s->zone_len = (uint8_t)(q->in.qname_len - q->in.label_off[first]);
}

static enum who_transport transport_of(const struct query *q)
{
	static const uint8_t of[] = {
		[TRANSPORT_DNS] = WHO_TCP,       [TRANSPORT_TLS] = WHO_TLS,   [TRANSPORT_HTTPS] = WHO_HTTPS,
		[TRANSPORT_HTTPS3] = WHO_HTTPS3, [TRANSPORT_GRPC] = WHO_GRPC, [TRANSPORT_QUIC] = WHO_QUIC,
	};

	return q->from.stream || q->from.transport != TRANSPORT_DNS ? of[q->from.transport] : WHO_UDP;
}

void who_sample(struct query *q)
{
	struct worker *w = q->w;
	uint8_t buf[WHO_NAME_MAX];
	struct who_seen s = {
		.rcode = q->reply.rcode,
		.transport = transport_of(q),
		.plugin = q->answered_place ? q->answered_by : NULL,
	};

	if (!w->who)
		return;
	s.delay_ns = clock_mono_ns() - q->arrived_ns; /* what is answered at once took its part of the turn */
	see_client(q, &s);
	see_name(q, &s, buf);
	see_zone(q, &s);
	w->who_left = who_count(w->who, &s, loop_now_ns(w->loop));
}
