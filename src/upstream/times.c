// SPDX-License-Identifier: Apache-2.0
/* How long an upstream usually takes and how much it loses, learned from questions.
 *
 * Each worker learns alone; once a second it writes what it knows where the gauges read it, and workers that know
 * nothing yet. */

#include "upstream/internal.h"

enum {
	/* The share of lost questions moves by 1/64 of the way with each one: some hundred questions to believe it. */
	LOSS_SHIFT = 6,
	LOSS_ONE = 65536,
};

static const struct metric_desc usual_desc = {
	.name = "binnacle_upstream_usual_seconds",
	.help = "Smoothed time from question to answer, as a worker has learned it lately.",
	.kind = METRIC_GAUGE,
	.labels = "to",
};
static const struct metric_desc loss_desc = {
	.name = "binnacle_upstream_loss_ratio",
	.help = "Smoothed share of questions without an answer, as a worker has learned it lately.",
	.kind = METRIC_GAUGE,
	.labels = "to",
};

/* RFC 6298 2.2 and 2.3. */
static void smooth(struct usual_time *t, uint64_t ns)
{
	uint64_t off = ns > t->smoothed_ns ? ns - t->smoothed_ns : t->smoothed_ns - ns;

	if (unlikely(!t->smoothed_ns)) {
		*t = (struct usual_time){.smoothed_ns = ns ? ns : 1, .spread_ns = ns / 2};
		return;
	}
	t->spread_ns = t->spread_ns - t->spread_ns / 4 + off / 4;
	t->smoothed_ns = t->smoothed_ns - t->smoothed_ns / 8 + ns / 8;
}

static void tell(struct upstream_peer *p, uint64_t now)
{
	struct upstream_server *s = p->server;

	if (likely(now - p->told_ns < NS_PER_S))
		return;
	p->told_ns = now;
	for (unsigned i = 0; i < ARRAY_LEN(p->usual); i++) {
		if (!p->usual[i].smoothed_ns)
			continue;
		atomic_store_explicit(&s->usual_ns[i], p->usual[i].smoothed_ns, memory_order_relaxed);
		atomic_store_explicit(&s->spread_ns[i], p->usual[i].spread_ns, memory_order_relaxed);
	}
	atomic_store_explicit(&s->loss, p->loss, memory_order_relaxed);
}

void upstream_times_answered(struct upstream_peer *p, enum leg leg, uint64_t ns)
{
	smooth(&p->usual[leg == LEG_TCP], ns);
	p->loss -= p->loss >> LOSS_SHIFT;
	tell(p, worker_now(p->w));
}

void upstream_times_lost(struct upstream_peer *p)
{
	p->loss += (LOSS_ONE - p->loss) >> LOSS_SHIFT;
	tell(p, worker_now(p->w));
}

struct usual_time upstream_times_usual(const struct upstream_peer *p, enum leg leg)
{
	const struct upstream_server *s = p->server;
	unsigned i = leg == LEG_TCP;

	if (likely(p->usual[i].smoothed_ns))
		return p->usual[i];
	return (struct usual_time){
		.smoothed_ns = atomic_load_explicit(&s->usual_ns[i], memory_order_relaxed),
		.spread_ns = atomic_load_explicit(&s->spread_ns[i], memory_order_relaxed),
	};
}

/* ---------------------------------------------------------------- gauges */

static double read_usual(void *arg)
{
	const struct upstream_server *s = arg;
	uint64_t udp = atomic_load_explicit(&s->usual_ns[0], memory_order_relaxed);

	return (double)(udp ? udp : atomic_load_explicit(&s->usual_ns[1], memory_order_relaxed)) / 1e9;
}

static double read_loss(void *arg)
{
	const struct upstream_server *s = arg;

	return (double)atomic_load_explicit(&s->loss, memory_order_relaxed) / LOSS_ONE;
}

void upstream_times_show(struct upstream_server *s)
{
	metrics_reader(&usual_desc, &s->text, read_usual, s);
	metrics_reader(&loss_desc, &s->text, read_loss, s);
}

void upstream_times_hide(struct upstream_server *s)
{
	metrics_reader_drop(s);
}
