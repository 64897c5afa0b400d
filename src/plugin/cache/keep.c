// SPDX-License-Identifier: Apache-2.0
/* Answers on their way in. */
#include "plugin/cache/plugin_cache.h"

#include "base/clock.h"
#include "server/trail.h"
#include "upstream/upstream.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

static struct lifetime judge(const struct cache_plugin *p, const struct response_question *rq,
			     const struct wire_answer *a)
{
	/* The time of day matters to signatures alone. */
	return lifetime_of(&p->set.life, rq, a, rq->do_bit ? clock_wall_ns() / NS_PER_S : 0);
}

static bool is_disabled(const struct cache_plugin *p, enum cache_kind k, const struct wire_query *in)
{
	return p->set.disabled[k] && zone_list_has(&p->set.disabled_in[k], in);
}

static uint32_t keep_s(const struct cache_plugin *p, const struct lifetime *l)
{
	uint64_t s = (uint64_t)l->ttl_s + (l->failure ? 0 : p->set.stale.window_s);

	return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

static void count_evictions(struct worker *w, const struct cache_stats *st,
			    const unsigned evicted[CACHE_KINDS])
{
	for (int k = 0; k < CACHE_KINDS; k++) {
		if (evicted[k])
			metric_add(w->cells, st->evictions[k], evicted[k]);
	}
}

static void store(const struct cache_plugin *p, struct worker *w, const struct cache_stats *st,
		  const struct cache_key *k, const struct wire_answer *a, const struct lifetime *l,
		  bool forwarded, int16_t ede)
{
	unsigned evicted[CACHE_KINDS] = {0};
	struct cache_store how = {
		.kind = l->kind,
		.ttl_s = l->ttl_s,
		.keep_s = keep_s(p, l),
		.now_ns = loop_now_ns(w->loop),
		.clear_flags = forwarded ? FLAG_AA : 0,
		.ede = ede,
		.weak = l->failure,
		.keep_other = p->set.life.prefer_positive && l->kind == CACHE_DENIAL,
	};

	(void)cache_store(p->store, k, a, &how, evicted); /* not taken: asked again next time */
	count_evictions(w, st, evicted);
}

/* ---------------------------------------------------------------- answers that may still come */

struct cache_late {
	struct cache_late *next, **link; /* in the worker's list; rule: worker */
	const struct cache_plugin *p; /* its generation is held by the exchange */
	struct worker *w;
	const struct cache_stats *stats;
	struct cache_key key;
	bool disabled[CACHE_KINDS];
	uint8_t name[WIRE_NAME_MAX];
};

static void late_free(struct cache_late *l)
{
	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
	free(l);
}

void cache_late_drop(struct cache_local *local)
{
	while (local->late)
		late_free(local->late);
}

static void late_done(void *arg, const struct wire_answer *a)
{
	struct cache_late *late = arg;
	struct response_question rq = {
		.qname = late->name,
		.qtype = late->key.type,
		.do_bit = late->key.bits & CACHE_DO,
	};

	if (a) {
		struct lifetime l = judge(late->p, &rq, a);

		if (l.keep && !late->disabled[l.kind])
			store(late->p, late->w, late->stats, &late->key, a, &l, true, EDE_NONE);
	}
	late_free(late);
}

/* A cut answer goes out; the whole one may come over TCP while nobody waits for it any more. */
static void expect_late(const struct cache_plugin *p, struct query *q, const struct cache_key *k,
			struct upstream_late *up)
{
	struct cache_local *local = worker_local(q, p);
	struct cache_late *l = malloc(sizeof(*l));

	if (!l)
		return;
	*l = (struct cache_late){.next = local->late, .link = &local->late, .p = p, .w = q->w, .key = *k};
	l->stats = cache_stats_of(p, q);
	memcpy(l->name, q->in.qname, q->in.qname_len);
	l->key.name = l->name;
	for (int kind = 0; kind < CACHE_KINDS; kind++)
		l->disabled[kind] = is_disabled(p, (enum cache_kind)kind, &q->in);
	if (local->late)
		local->late->link = &l->next;
	local->late = l;
	up->done = late_done;
	up->arg = l;
}

/* ---------------------------------------------------------------- replies */

static bool answers_question(const struct query *q, const struct wire_answer *a)
{
	const uint8_t *asked = wire_answer_msg(a) + WIRE_HEADER_LEN;

	return a->question_len == q->in.question_len &&
	       wire_bytes_equal_nocase(asked, q->in.qname, q->in.qname_len) &&
	       wire_u16(asked + q->in.qname_len) == q->in.qtype &&
	       wire_u16(asked + q->in.qname_len + 2) == q->in.qclass;
}

/* AA in what a forwarder brought is another server's claim. */
static bool was_forwarded(const struct query *q)
{
	int i = plugin_index(q->answered_by);

	return i >= 0 && plugin_table[i].plugin && plugin_table[i].plugin->recursion;
}

struct lifetime cache_keep(const struct cache_plugin *p, struct query *q, const struct cache_key *k)
{
	const struct wire_answer *a = q->dropped ? NULL : reply_wire(q);
	struct response_question rq = cache_question(q);
	const struct cache_stats *st = cache_stats_of(p, q);
	struct lifetime l = {0};

	if (!a)
		return l;
	if (!answers_question(q, a)) {
		cache_count(q, st->drops);
		return l;
	}
	l = judge(p, &rq, a);
	q->reply.ttl_fixed = true;
	q->reply.ttl_s = l.ttl_s;
	if (q->reply.cut && q->reply.late)
		expect_late(p, q, k, q->reply.late);
	if (l.keep && !q->reply.no_store && !q->reply.cut && !is_disabled(p, l.kind, &q->in)) {
		store(p, q->w, st, k, a, &l, was_forwarded(q), q->reply.ede);
		if (unlikely(q->has_trail))
			trail_say(q, "keeps the answer for %u s", l.ttl_s);
	} else if (unlikely(q->has_trail)) {
		trail_say(q, q->reply.cut ? "does not keep a truncated answer" : "does not keep this answer");
	}
	return l;
}
