// SPDX-License-Identifier: Apache-2.0
/* Whether an upstream is alive: the probe loop after errors, and what real questions tell.
 *
 * Probes start with an error and end with the first answer, as in CoreDNS; one worker runs them for all.  They
 * say whether something listens, no more.  An upstream that answers probes and loses questions is found by the
 * questions: after a few in a row it is asked last, and now and then a copy of a question, for which nobody waits,
 * tells whether that is over. */

#include "upstream/exchange.h"

enum {
	PROBE_TIMEOUT_MS = 1000,
	/* A health_check of 0 shall not become a busy loop. */
	PROBE_GAP_MIN_MS = 10,
	/* Questions lost in a row.  With 1% of packets lost, three in a row are one in a million questions. */
	LOST_MAX = 3,
	TRIAL_GAP_MS = 1000,
};

bool upstream_down(const struct upstream_set *set, const struct upstream_server *s)
{
	return set->c.max_fails && atomic_load_explicit(&s->fails, memory_order_relaxed) > set->c.max_fails;
}

bool upstream_lossy(const struct upstream_server *s)
{
	return atomic_load_explicit(&s->lost, memory_order_relaxed) >= LOST_MAX;
}

void upstream_health_heard(struct upstream_peer *p)
{
	if (unlikely(atomic_load_explicit(&p->server->lost, memory_order_relaxed)))
		atomic_store_explicit(&p->server->lost, 0, memory_order_relaxed);
}

bool upstream_trial_due(struct upstream_server *s, uint64_t now)
{
	uint64_t due = atomic_load_explicit(&s->trial_ns, memory_order_relaxed);

	return due <= now &&
	       atomic_compare_exchange_strong(&s->trial_ns, &due, now + TRIAL_GAP_MS * NS_PER_MS);
}

/* ---------------------------------------------------------------- probes */

/* A probe's frame is written into its owner's memory when it starts; the timer bounds the wait and the pause. */
static void probe_arm(struct probe *pr, uint64_t delay_ns)
{
	struct upstream_worker *w = pr->peer->w;

	if (timer_arm(worker_timers(w), &pr->timer, worker_now(w) + delay_ns) == 0)
		return;
	/* No memory for a timer: the next error starts it again. */
	upstream_leave(&pr->a);
	pr->running = false;
	if (!pr->edns)
		atomic_store_explicit(&pr->peer->server->probing, false, memory_order_relaxed);
}

static void probe_send(struct probe *pr)
{
	struct upstream_peer *p = pr->peer;
	const struct upstream_config *c = &p->w->set->c;
	const uint8_t *domain = !pr->edns && c->health_domain ? c->health_domain : (const uint8_t *)"";
	int err;

	pr->asked = true;
	pr->a.peer = p;
	pr->a.frame = pr->frame;
	pr->a.len = (uint16_t)upstream_message_probe(pr->frame, domain, !c->health_no_rec, pr->edns);
	upstream_pace_probe(p, c->force_tcp ? LEG_TCP : LEG_UDP);
	err = c->force_tcp ? upstream_tcp_send(p, &pr->a) : upstream_udp_send(p, &pr->a);
	/* What fails at once fails by the timer, never from within: it may be an exchange that has just called. */
	probe_arm(pr, err ? 0 : PROBE_TIMEOUT_MS * NS_PER_MS);
}

/* ---- health */

static void health_failed(struct probe *pr)
{
	struct upstream_peer *p = pr->peer;
	uint64_t gap = p->w->set->c.health_interval_ns;

	pr->asked = false;
	metric_inc(p->w->env.cells, p->server->series.probe_failures);
	atomic_fetch_add_explicit(&p->server->fails, 1, memory_order_relaxed);
	probe_arm(pr, gap < PROBE_GAP_MIN_MS * NS_PER_MS ? PROBE_GAP_MIN_MS * NS_PER_MS : gap);
}

static void health_timer(struct timer *t)
{
	struct probe *pr = container_of(t, struct probe, timer);

	if (!pr->asked) {
		probe_send(pr);
		return;
	}
	upstream_leave(&pr->a);
	health_failed(pr);
}

/* Any answer will do, whatever it says: the check is for a server that is there. */
static bool health_answer(struct attempt *a, const uint8_t *msg, size_t len)
{
	struct probe *pr = container_of(a, struct probe, a);

	if (len < WIRE_HEADER_LEN || !(wire_u16(msg + 2) & FLAG_QR))
		return false;
	upstream_leave(a);
	timer_disarm(worker_timers(pr->peer->w), &pr->timer);
	pr->running = pr->asked = false;
	atomic_store_explicit(&pr->peer->server->probe_ok_ns, worker_now(pr->peer->w), memory_order_relaxed);
	atomic_store_explicit(&pr->peer->server->fails, 0, memory_order_relaxed);
	atomic_store_explicit(&pr->peer->server->probing, false, memory_order_relaxed);
	return true;
}

static void health_attempt_failed(struct attempt *a, const struct failure *f)
{
	health_failed(container_of(a, struct probe, a));
}

static const struct attempt_ops health_ops = {.answer = health_answer, .failed = health_attempt_failed};

/* An upstream that answered a probe a moment ago is not probed again for each error: it is alive, the trouble is another. */
static uint64_t probe_pause_ns(const struct upstream_peer *p)
{
	uint64_t last = atomic_load_explicit(&p->server->probe_ok_ns, memory_order_relaxed);
	uint64_t due = last + p->w->set->c.health_interval_ns, now = worker_now(p->w);

	return last && due > now ? due - now : 0;
}

void upstream_health_error(struct upstream_peer *p, bool silent)
{
	struct upstream_server *s = p->server;
	struct probe *pr = &p->health;
	uint64_t pause;

	if (silent && atomic_load_explicit(&s->lost, memory_order_relaxed) < UINT16_MAX)
		atomic_fetch_add_explicit(&s->lost, 1, memory_order_relaxed);
	if (silent)
		upstream_times_lost(p);
	if (!p->w->set->c.max_fails || pr->running ||
	    atomic_exchange_explicit(&s->probing, true, memory_order_relaxed))
		return;
	*pr = (struct probe){.peer = p, .running = true, .a.ops = &health_ops, .timer.fire = health_timer};
	pause = probe_pause_ns(p);
	if (pause)
		probe_arm(pr, pause);
	else
		probe_send(pr);
}

/* ---- EDNS: one question with an OPT after five minutes without; silence changes nothing */

static void edns_timer(struct timer *t)
{
	struct probe *pr = container_of(t, struct probe, timer);

	upstream_leave(&pr->a);
	pr->running = false;
}

static bool edns_answer(struct attempt *a, const uint8_t *msg, size_t len)
{
	struct probe *pr = container_of(a, struct probe, a);
	struct upstream_peer *p = pr->peer;
	unsigned rcode;

	if (len < WIRE_HEADER_LEN || !(wire_u16(msg + 2) & FLAG_QR))
		return false;
	upstream_leave(a);
	timer_disarm(worker_timers(p->w), &pr->timer);
	pr->running = false;
	rcode = wire_u16(msg + 2) & FLAG_RCODE;
	/* An upstream that knows EDNS answers `. NS` with an OPT or, knowing it not, at least without complaint.
	 * BADVERS shows as NOERROR here; the next real question finds that out. */
	if (rcode != RCODE_FORMERR && rcode != RCODE_NOTIMP)
		upstream_edns_works(p->server, worker_now(p->w));
	return true;
}

static void edns_attempt_failed(struct attempt *a, const struct failure *f)
{
	struct probe *pr = container_of(a, struct probe, a);

	timer_disarm(worker_timers(pr->peer->w), &pr->timer);
	pr->running = false;
}

static const struct attempt_ops edns_ops = {.answer = edns_answer, .failed = edns_attempt_failed};

void upstream_probe_edns(struct upstream_peer *p)
{
	struct probe *pr = &p->edns;

	if (pr->running)
		return;
	*pr = (struct probe){
		.peer = p, .running = true, .edns = true, .a.ops = &edns_ops, .timer.fire = edns_timer};
	probe_send(pr);
}

void upstream_probes_fini(struct upstream_peer *p)
{
	struct probe *all[] = {&p->health, &p->edns};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct probe *pr = all[i];

		if (!pr->running)
			continue;
		upstream_leave(&pr->a);
		timer_disarm(worker_timers(p->w), &pr->timer);
		pr->running = false;
		if (!pr->edns)
			atomic_store_explicit(&p->server->probing, false, memory_order_relaxed);
	}
}
