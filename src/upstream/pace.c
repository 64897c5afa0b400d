// SPDX-License-Identifier: Apache-2.0
/* `pace N`: a budget of packets a second towards upstreams that drop what is above a limit.  AmazonProvidedDNS takes
 * 1,024 packets/s from one network interface, whoever sends them, and drops the rest without a word; a query over
 * it costs its client a time-out, where a few milliseconds of waiting would have done.
 *
 * One bucket serves all workers, all upstreams and sets that name it, and the generation before and after a reload.  It is one number
 * (GCRA): the time at which the bucket is full again if nothing more is taken.  Who takes a turn that lies
 * in the future has it, and waits for it; so the queue is as long as the wait that is allowed, and in order.
 *
 * Within any second at most N packets leave: N/20 (at least 8) may go at once, and the bucket fills with the rest.
 * Counted is what we send, TCP's handshakes and acknowledgements by estimate.  Probes count and do not wait.  Rule of
 * all atomics: counter. */

#include "base/err.h"
#include "upstream/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Long enough to even out a burst, short enough to leave a client's second for the answer. */
	WAIT_MAX_MS = 250,
	BURST_SHARE = 20,
	BURST_MIN = 8,
	/* Over an open connection: the query, an acknowledgement of the answer.  A new one: SYN, ACK, later FIN and the
	 * ACK of the other side's FIN besides. */
	TCP_PACKETS = 2,
	TCP_OPEN_PACKETS = 4,
	NAME_MAX_LEN = 64,
};

enum pace_outcome { PACE_DELAYED, PACE_REFUSED, N_PACE_OUTCOMES };

struct upstream_bucket {
	struct upstream_bucket *next; /* under `lock` */
	unsigned users; /* under `lock` */
	metric_id outcomes[N_PACE_OUTCOMES];
	char name[NAME_MAX_LEN];
	_Alignas(64) atomic_uint_least64_t full_ns; /* when the bucket is full again */
	atomic_uint rate; /* packets a second, as configured */
	/* For the gauge: what was wanted, by second. */
	atomic_uint_least64_t second;
	atomic_uint wanted, wanted_before;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct upstream_bucket *buckets;

static const struct metric_desc used_desc = {
	.name = "binnacle_upstream_pace_used_ratio",
	.help = "Packets wanted in the last whole second, as a share of the budget; above 1 some are delayed "
		"or refused.",
	.kind = METRIC_GAUGE,
	.labels = "bucket",
};
static const struct metric_desc paced_desc = {
	.name = "binnacle_upstream_paced_total",
	.help = "Questions that waited for the packet budget (delayed), or were not sent (refused).",
	.labels = "bucket,outcome",
};

/* ---------------------------------------------------------------- the bucket */

static unsigned burst_of(unsigned rate)
{
	return rate / BURST_SHARE > BURST_MIN ? rate / BURST_SHARE : BURST_MIN;
}

/* Count for the gauge.  Near the turn of a second some may be counted with the other one. */
static void note_wanted(struct upstream_bucket *b, unsigned n, uint64_t now)
{
	uint64_t second = now / NS_PER_S, old = atomic_load_explicit(&b->second, memory_order_relaxed);

	if (old != second && atomic_compare_exchange_strong(&b->second, &old, second)) {
		unsigned last = atomic_exchange_explicit(&b->wanted, 0, memory_order_relaxed);

		atomic_store_explicit(&b->wanted_before, old + 1 == second ? last : 0, memory_order_relaxed);
	}
	atomic_fetch_add_explicit(&b->wanted, n, memory_order_relaxed);
}

int upstream_bucket_take(struct upstream_bucket *b, unsigned n, uint64_t now, uint64_t max_wait_ns,
			 uint64_t *ret_wait_ns)
{
	unsigned rate = atomic_load_explicit(&b->rate, memory_order_relaxed), burst = burst_of(rate);
	uint64_t packet_ns = NS_PER_S / (rate - burst) + 1;
	uint64_t spare_ns = burst > n ? (burst - n) * packet_ns : 0;
	uint64_t old = atomic_load_explicit(&b->full_ns, memory_order_relaxed), full, wait;

	note_wanted(b, n, now);
	do {
		full = old > now ? old : now;
		wait = full - now > spare_ns ? full - now - spare_ns : 0;
		if (wait > max_wait_ns)
			return ERR_LIMIT;
	} while (!atomic_compare_exchange_weak(&b->full_ns, &old, full + n * packet_ns));
	*ret_wait_ns = wait;
	return 0;
}

/* ---------------------------------------------------------------- who takes */

unsigned upstream_pace_cost(const struct upstream_peer *p, enum leg leg)
{
	if (leg != LEG_TCP)
		return 1;
	return TCP_PACKETS + (p->tcp.n ? 0 : TCP_OPEN_PACKETS);
}

int upstream_pace_question(struct upstream_peer *p, enum leg leg, uint64_t *ret_wait_ns)
{
	struct upstream_bucket *b = p->server->bucket;
	int err = upstream_bucket_take(b, upstream_pace_cost(p, leg), worker_now(p->w),
				       WAIT_MAX_MS * NS_PER_MS, ret_wait_ns);

	if (err)
		*ret_wait_ns = 0;
	if (err || *ret_wait_ns)
		metric_inc(p->w->env.cells, b->outcomes[err ? PACE_REFUSED : PACE_DELAYED]);
	return err;
}

bool upstream_pace_hedge(struct upstream_peer *p, enum leg leg)
{
	struct upstream_bucket *b = p->server->bucket;
	uint64_t wait;

	return !b || upstream_bucket_take(b, upstream_pace_cost(p, leg), worker_now(p->w), 0, &wait) == 0;
}

void upstream_pace_probe(struct upstream_peer *p, enum leg leg)
{
	struct upstream_bucket *b = p->server->bucket;
	uint64_t wait;

	if (b && upstream_bucket_take(b, upstream_pace_cost(p, leg), worker_now(p->w), UINT64_MAX, &wait))
		return; /* cannot be: it waits for any time */
}

/* ---------------------------------------------------------------- names */

static double read_used(void *arg)
{
	struct upstream_bucket *b = arg;

	note_wanted(b, 0, clock_mono_ns());
	return (double)atomic_load_explicit(&b->wanted_before, memory_order_relaxed) /
	       atomic_load_explicit(&b->rate, memory_order_relaxed);
}

static struct upstream_bucket *bucket_new(const char *name)
{
	static const char *const outcomes[] = {[PACE_DELAYED] = "delayed", [PACE_REFUSED] = "refused"};
	struct upstream_bucket *b = aligned_alloc(64, sizeof(*b));
	const char *label;

	if (!b)
		return NULL;
	memset(b, 0, sizeof(*b));
	strncpy(b->name, name, sizeof(b->name) - 1);
	label = b->name;
	for (unsigned i = 0; i < N_PACE_OUTCOMES; i++)
		b->outcomes[i] = metrics_series(&paced_desc, (const char *const[]){label, outcomes[i]});
	metrics_reader(&used_desc, &label, read_used, b);
	b->next = buckets;
	buckets = b;
	return b;
}

struct upstream_bucket *upstream_bucket_get(const char *name, uint32_t rate)
{
	struct upstream_bucket *b;

	pthread_mutex_lock(&lock);
	for (b = buckets; b && strncmp(b->name, name, sizeof(b->name) - 1); b = b->next)
		continue;
	if (!b)
		b = bucket_new(name);
	if (b) {
		atomic_store_explicit(&b->rate, rate, memory_order_relaxed);
		b->users++;
	}
	pthread_mutex_unlock(&lock);
	return b;
}

void upstream_bucket_put(struct upstream_bucket *b)
{
	struct upstream_bucket **at = &buckets;

	pthread_mutex_lock(&lock);
	if (--b->users == 0) {
		while (*at != b)
			at = &(*at)->next;
		*at = b->next;
		metrics_reader_drop(b);
		free(b);
	}
	pthread_mutex_unlock(&lock);
}
