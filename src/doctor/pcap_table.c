// SPDX-License-Identifier: Apache-2.0
/* The report's tables: servers, names, lists, times, rates. */
#include "base/clock.h"
#include "doctor/pcap_report.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- servers */

static size_t slot_of(const struct report *r, const struct capture_end *addr)
{
	size_t i = hash_bytes(&r->key, addr, sizeof(*addr)) % REPORT_SERVER_SLOTS;

	while (r->server_slots[i] && !capture_end_equal(&r->servers[r->server_slots[i] - 1].addr, addr))
		i = (i + 1) % REPORT_SERVER_SLOTS;
	return i;
}

const struct report_server *report_find_server(const struct report *r, const struct capture_end *addr)
{
	unsigned i = r->server_slots[slot_of(r, addr)];

	return i ? &r->servers[i - 1] : NULL;
}

struct report_server *report_server(struct report *r, const struct capture_end *addr)
{
	size_t slot = slot_of(r, addr);

	if (r->server_slots[slot])
		return &r->servers[r->server_slots[slot] - 1];
	if (r->n_servers == REPORT_SERVERS_MAX)
		return NULL;
	r->servers[r->n_servers].addr = *addr;
	r->server_slots[slot] = (uint16_t)++r->n_servers;
	return &r->servers[r->n_servers - 1];
}

bool report_is_server(const struct report *r, const struct capture_end *host)
{
	for (unsigned i = 0; i < r->n_servers; i++) {
		if (capture_end_same_host(&r->servers[i].addr, host) && r->servers[i].answered)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- times */

/* Eight steps a doubling above 8 microseconds. */
static unsigned latency_bucket(int64_t ns)
{
	uint64_t us = (uint64_t)ns / NS_PER_US;

	if (us < 8)
		return (unsigned)us;
	unsigned log2 = 63 - (unsigned)__builtin_clzll(us);
	unsigned i = (log2 - 2) * 8 + (unsigned)(us >> (log2 - 3) & 7);
	return i < REPORT_LATENCY_BUCKETS ? i : REPORT_LATENCY_BUCKETS - 1;
}

/* Its middle. */
static int64_t bucket_ns(unsigned i)
{
	if (i < 8)
		return (int64_t)(i * NS_PER_US + NS_PER_US / 2);
	unsigned log2 = i / 8 + 2;
	uint64_t step = 1ull << (log2 - 3);
	return (int64_t)(((8 + i % 8) * step + step / 2) * NS_PER_US);
}

void report_latency_add(struct report_latency *l, int64_t ns)
{
	if (ns < 0)
		return;
	l->n[latency_bucket(ns)]++;
	l->total++;
	l->max_ns = ns > l->max_ns ? ns : l->max_ns;
}

int64_t report_latency_ns(const struct report_latency *l, unsigned percent)
{
	uint64_t want = (l->total * percent + 99) / 100, seen = 0;

	if (percent >= 100)
		return l->max_ns;
	for (unsigned i = 0; l->total && i < REPORT_LATENCY_BUCKETS; i++) {
		seen += l->n[i];
		if (seen >= want)
			return bucket_ns(i) < l->max_ns ? bucket_ns(i) : l->max_ns;
	}
	return 0;
}

/* ---------------------------------------------------------------- rates */

static unsigned rate_class(uint32_t n)
{
	unsigned log2 = 31 - (unsigned)__builtin_clz(n);
	unsigned i = log2 * 2 + (log2 && (n >> (log2 - 1) & 1));

	return i < REPORT_RATE_CLASSES ? i : REPORT_RATE_CLASSES - 1;
}

void report_rate_end(struct report_rate *t)
{
	if (!t->asked)
		return;
	unsigned i = rate_class(t->asked);
	t->classes[i].asked += t->asked;
	t->classes[i].lost += t->lost;
	t->classes[i].seconds++;
	t->asked = t->lost = 0;
}

void report_rate_add(struct report_rate *t, int64_t time_ns, bool lost)
{
	int64_t second = time_ns / (int64_t)NS_PER_S;

	if (second != t->second)
		report_rate_end(t);
	t->second = second;
	t->asked++;
	t->lost += lost;
}

/* ---------------------------------------------------------------- names */

/* When the table is full the smallest count is taken off all, and those at zero leave (Misra and Gries, 1982): names that make more
 * than an 8,192nd of all questions are never lost. */
static void make_room(struct report *r)
{
	struct report_name *old = r->names, *new = calloc(REPORT_NAMES_MAX, sizeof(*new));
	uint64_t least = UINT64_MAX;

	if (!new)
		return;
	for (unsigned i = 0; i < REPORT_NAMES_MAX; i++) {
		if (old[i].name && old[i].n < least)
			least = old[i].n;
	}
	r->names_forgotten += least;
	r->n_names = 0;
	for (unsigned i = 0; i < REPORT_NAMES_MAX; i++) {
		if (!old[i].name)
			continue;
		if (old[i].n == least) {
			free(old[i].name);
			continue;
		}
		size_t k = hash_bytes(&r->key, old[i].name, old[i].len) % REPORT_NAMES_MAX;
		while (new[k].name)
			k = (k + 1) % REPORT_NAMES_MAX;
		new[k] = old[i];
		new[k].n -= least;
		r->n_names++;
	}
	free(old);
	r->names = new;
}

void report_name_add(struct report *r, const uint8_t *name, size_t len, bool cut)
{
	size_t i;

	if (r->n_names >= REPORT_NAMES_MAX / 4 * 3)
		make_room(r);
	i = hash_bytes(&r->key, name, len) % REPORT_NAMES_MAX;
	while (r->names[i].name && (r->names[i].len != len || memcmp(r->names[i].name, name, len) != 0))
		i = (i + 1) % REPORT_NAMES_MAX;
	if (!r->names[i].name) {
		uint8_t *kept = r->n_names < REPORT_NAMES_MAX - 1 ? malloc(len) : NULL;
		if (!kept) {
			r->no_memory = true;
			return;
		}
		memcpy(kept, name, len);
		r->names[i] = (struct report_name){.len = (uint8_t)len, .cut = cut, .name = kept};
		r->n_names++;
	}
	r->names[i].n++;
}

static bool comes_before(const struct report_name *a, const struct report_name *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int order = a->n != b->n ? 0 : memcmp(a->name, b->name, n);

	return a->n != b->n ? a->n > b->n : order ? order < 0 : a->len < b->len;
}

unsigned report_top_names(struct report *r, const struct report_name *ret[REPORT_TOP_NAMES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < REPORT_NAMES_MAX; i++) {
		const struct report_name *m = &r->names[i];
		unsigned at = n;
		if (!m->name)
			continue;
		while (at && comes_before(m, ret[at - 1]))
			at--;
		if (at == REPORT_TOP_NAMES)
			continue;
		n += n < REPORT_TOP_NAMES;
		memmove(ret + at + 1, ret + at, (n - at - 1) * sizeof(*ret));
		ret[at] = m;
	}
	return n;
}

/* ---------------------------------------------------------------- lists */

struct report_item *report_item(struct report *r, struct report_list *l, const struct capture_end *server,
				uint16_t qtype, const char *name)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (l->v[i].qtype == qtype && capture_end_equal(&l->v[i].server, server) &&
		    strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	}
	if (l->n == REPORT_LIST_MAX) {
		l->more++;
		return NULL;
	}
	l->v[l->n] =
		(struct report_item){.server = *server, .name = report_text(r, "%s", name), .qtype = qtype};
	return &l->v[l->n++];
}

void report_item_add(struct report *r, struct report_list *l, const struct exchange *e, bool good, bool bad)
{
	char name[REPORT_NAME_TEXT_MAX];
	struct report_item *i = report_item(r, l, &e->server, e->qtype,
					    report_write_name(e->name, e->name_len, e->name_cut, name));

	if (!i)
		return;
	i->n++;
	i->n_good += good;
	i->n_bad += bad;
}
