// SPDX-License-Identifier: Apache-2.0
#include "server/failures.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "server/query.h"
#include "server/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One worker's. */
struct ring {
	pthread_mutex_t lock;
	uint64_t n; /* so many were ever put in */
	struct failure_seen v[FAILURES_KEPT];
};

struct failures {
	unsigned n_rings;
	struct ring rings[];
};

static pthread_mutex_t wanting = PTHREAD_MUTEX_INITIALIZER;
static unsigned wanted_by; /* under `wanting` */
static struct failures *kept; /* rcu; NULL: nobody wants them */

/* ---------------------------------------------------------------- who wants them */

static struct failures *failures_new(unsigned n)
{
	struct failures *f = calloc(1, sizeof(*f) + n * sizeof(f->rings[0]));

	if (!f)
		return NULL;
	f->n_rings = n;
	for (unsigned i = 0; i < n; i++)
		pthread_mutex_init(&f->rings[i].lock, NULL);
	return f;
}

int failures_want(unsigned n_workers)
{
	int err = 0;

	pthread_mutex_lock(&wanting);
	if (!wanted_by) {
		struct failures *f = failures_new(n_workers);

		err = f ? 0 : -ENOMEM;
		rcu_set(&kept, f);
	}
	wanted_by += !err;
	pthread_mutex_unlock(&wanting);
	return err;
}

void failures_unwant(void)
{
	struct failures *f;

	pthread_mutex_lock(&wanting);
	if (--wanted_by == 0) {
		f = kept;
		rcu_set(&kept, NULL);
		rcu_free_later(free, f);
	}
	pthread_mutex_unlock(&wanting);
}

bool failures_wanted(void)
{
	return rcu_get(kept) != NULL;
}

/* ---------------------------------------------------------------- writing (worker) */

static void put(const struct worker *w, const struct failure_seen *s)
{
	struct failures *f = rcu_get(kept);
	struct ring *r;

	if (!f || w->index >= f->n_rings)
		return;
	r = &f->rings[w->index];
	pthread_mutex_lock(&r->lock);
	r->v[r->n++ % FAILURES_KEPT] = *s;
	pthread_mutex_unlock(&r->lock);
}

static struct failure_seen begin(const struct query *q)
{
	struct failure_seen s = {.wall_ns = clock_wall_ns(), .ede = EDE_NONE, .plugin = ""};

	if (q) {
		memcpy(s.name, q->in.qname, q->in.qname_len);
		s.type = q->in.qtype;
	}
	return s;
}

void failures_note_slow(const struct query *q)
{
	struct failure_seen s;
	const char *reason = q->error ? q->error : q->reply.ede_text;

	if (!failures_wanted())
		return;
	s = begin(q);
	s.client = *net_return_peer(&q->from);
	s.rcode = q->reply.rcode;
	s.ede = q->reply.ede;
	s.plugin = q->answered_by;
	(void)snprintf(s.reason, sizeof(s.reason), "%s", reason ? reason : "");
	put(q->w, &s);
}

void failures_note_upstream(const struct worker *w, const char *upstream, const struct query *q, const char *reason)
{
	struct failure_seen s = begin(q);

	(void)snprintf(s.upstream, sizeof(s.upstream), "%s", upstream);
	(void)snprintf(s.reason, sizeof(s.reason), "%s", reason);
	put(w, &s);
}

/* ---------------------------------------------------------------- reading */

static int newest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct failure_seen *)a)->wall_ns, y = ((const struct failure_seen *)b)->wall_ns;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Its newest ones, at most `max`. */
static size_t copy_ring(struct ring *r, struct failure_seen *out, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	for (; n < max && n < FAILURES_KEPT && n < r->n; n++)
		out[n] = r->v[(r->n - 1 - n) % FAILURES_KEPT];
	pthread_mutex_unlock(&r->lock);
	return n;
}

size_t failures_copy(struct failure_seen *out, size_t max)
{
	struct failures *f = rcu_get(kept); /* the caller wants them, so they stay */
	struct failure_seen *all = f ? malloc(f->n_rings * FAILURES_KEPT * sizeof(*all) + 1) : NULL;
	size_t n = 0;

	for (unsigned i = 0; all && i < f->n_rings; i++)
		n += copy_ring(&f->rings[i], all + n, FAILURES_KEPT);
	if (n)
		qsort(all, n, sizeof(*all), newest_first);
	n = n < max ? n : max;
	if (n)
		memcpy(out, all, n * sizeof(*all));
	free(all);
	return n;
}
