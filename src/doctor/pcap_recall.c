// SPDX-License-Identifier: Apache-2.0
#include "doctor/pcap_recall.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---------------------------------------------------------------- an exchange */

const struct capture_end *recall_server(const struct exchange *e)
{
	return e->behind && e->behind != e ? &e->behind->server : &e->server;
}

bool recall_is_whole(const struct exchange *e)
{
	return e->answer && e->answer->read == CAPTURE_WHOLE && !e->answer->fragment_lost &&
	       e->question_known && !e->name_cut && !exchange_truncated(e);
}

bool recall_is_good(const struct exchange *e)
{
	bool address = e->qtype == TYPE_A || e->qtype == TYPE_AAAA;

	if (!recall_is_whole(e) || exchange_rcode(e) != RCODE_NOERROR)
		return false;
	return address ? exchange_has_address(e) : e->answer->n_other > 0;
}

struct recall_seen recall_seen(const struct exchange *e)
{
	return (struct recall_seen){e->answer->at, e->client, *recall_server(e)};
}

const char *recall_text(struct report *r, const struct report_recall *i, const struct recall_seen *s)
{
	char client[CAPTURE_END_TEXT_MAX], server[CAPTURE_END_TEXT_MAX], name[REPORT_NAME_TEXT_MAX], type[16],
		clock[16] = "?";
	time_t second = (time_t)(s->at.time_ns / (int64_t)NS_PER_S);
	struct tm tm;

	if (gmtime_r(&second, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	return report_text(r, "%s, %s.%03u UTC: %s asks %s for %s %s", report_place(r, &s->at), clock,
			   (unsigned)(s->at.time_ns / (int64_t)NS_PER_MS % 1000),
			   capture_end_text(&s->client, false, client),
			   capture_end_text(&s->server, s->server.port != 53, server),
			   wire_type_text(i->qtype, type),
			   report_write_name(i->name, i->name_len, false, name));
}

/* ---------------------------------------------------------------- the table */

static struct report_recall *bucket(struct report *r, const struct exchange *e)
{
	return r->memory->v[hash_bytes(&r->key, e->name, e->name_len) % RECALL_BUCKETS];
}

static bool same_question(const struct report_recall *i, const struct exchange *e)
{
	return i->used && i->qtype == e->qtype && i->qclass == e->qclass && i->name_len == e->name_len &&
	       memcmp(i->name, e->name, e->name_len) == 0;
}

struct report_recall *recall_find(struct report *r, const struct exchange *e,
				  const struct capture_end *server)
{
	struct report_recall *b = bucket(r, e);

	for (unsigned i = 0; i < RECALL_WAYS; i++) {
		if (same_question(&b[i], e) && capture_end_equal(&b[i].server, server))
			return &b[i];
	}
	return NULL;
}

static void settle(struct report *r, const struct report_recall *i)
{
	early_settle(r, i);
	signed_settle(r, i);
}

struct report_recall *recall_take(struct report *r, const struct exchange *e)
{
	struct report_recall *b = bucket(r, e), *i = recall_find(r, e, recall_server(e)), *oldest = b;

	for (unsigned n = 0; !i && n < RECALL_WAYS; n++) {
		if (!b[n].used || (oldest->used && b[n].last_ns < oldest->last_ns))
			oldest = &b[n];
	}
	if (!i) {
		i = oldest;
		if (i->used)
			settle(r, i);
		else
			r->memory->n++;
		*i = (struct report_recall){.used = true,
					    .server = *recall_server(e),
					    .qtype = e->qtype,
					    .qclass = e->qclass,
					    .name_len = e->name_len};
		memcpy(i->name, e->name, e->name_len);
	}
	i->last_ns = e->asked.time_ns;
	return i;
}

void recall_others(struct report *r, const struct exchange *e, const struct report_known *k,
		   void (*fn)(struct report *r, struct report_recall *i, const struct exchange *e,
			      const struct report_known *k))
{
	struct report_recall *b = bucket(r, e);

	for (unsigned i = 0; i < RECALL_WAYS; i++) {
		if (same_question(&b[i], e) && !capture_end_equal(&b[i].server, recall_server(e)))
			fn(r, &b[i], e, k);
	}
}

/* ---------------------------------------------------------------- all of them */

void report_recall_exchange(struct report *r, const struct exchange *e, const struct report_known *k)
{
	if (!recall_is_whole(e) || !e->name_len)
		return;
	signed_answer(r, e, k);
	if (exchange_rcode(e) == RCODE_NXDOMAIN) {
		early_denied(r, e, k);
	} else if (exchange_rcode(e) == RCODE_SERVFAIL) {
		signed_failed(r, e, k);
	} else if (recall_is_good(e)) {
		early_exists(r, e, k);
		signed_exists(r, e);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct report_recall *x = *(const struct report_recall *const *)a,
				   *y = *(const struct report_recall *const *)b;

	if (x->last_ns != y->last_ns)
		return x->last_ns < y->last_ns ? -1 : 1;
	return memcmp(&x->server, &y->server, sizeof(x->server));
}

void report_recall_finish(struct report *r)
{
	const struct report_recall *all[RECALL_BUCKETS * RECALL_WAYS];
	unsigned n = 0;

	for (unsigned i = 0; n < r->memory->n && i < RECALL_BUCKETS * RECALL_WAYS; i++) {
		if (r->memory->v[i / RECALL_WAYS][i % RECALL_WAYS].used)
			all[n++] = &r->memory->v[i / RECALL_WAYS][i % RECALL_WAYS];
	}
	/* What is found does not depend on the hash. */
	qsort(all, n, sizeof(all[0]), by_time);
	for (unsigned i = 0; i < n; i++)
		settle(r, all[i]);
}
