// SPDX-License-Identifier: Apache-2.0
#include "server/who_report.h"

#include "base/clock.h"
#include "server/runtime_internal.h"
#include "wire/name.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 100 };

/* ---------------------------------------------------------------- asking the workers */

/* One message a worker; it may be late and find that nobody waits. */
struct request {
	struct mpsc_msg msg;
	bool asked; /* it is on its way */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct request requests[SERVER_MAX_WORKERS]; /* under the lock, like what follows */
static unsigned n_workers;
static struct {
	struct who *into; /* NULL: nobody waits */
	unsigned worker;
	uint64_t at_ns, questions;
} wanted;

/* Worker. */
static void answer(struct mpsc_msg *m, void *receiver)
{
	struct request *r = container_of(m, struct request, msg);
	struct worker *w = receiver;
	uint64_t now = loop_now_ns(w->loop);

	w->who_left = who_look_again(w->who, w->who_left, now);
	pthread_mutex_lock(&lock);
	r->asked = false;
	if (wanted.into && wanted.worker == w->index) {
		who_copy(wanted.into, w->who);
		wanted.questions = w->who->drawn - w->who_left;
		wanted.at_ns = now;
		wanted.into = NULL;
		pthread_cond_signal(&answered);
	}
	pthread_mutex_unlock(&lock);
}

static void post(unsigned i)
{
	struct request *r = &requests[i];

	if (r->asked)
		return;
	r->msg = (struct mpsc_msg){.run = answer};
	r->asked = true;
	if (loop_post(runtime.workers[i]->loop, &r->msg))
		r->asked = false; /* its queue is full */
}

/* What worker `i` has counted; the lock is held.  False: it did not come to it in time. */
static bool copy_of(unsigned i, struct who *into, const struct timespec *until)
{
	wanted.into = into;
	wanted.worker = i;
	post(i);
	while (requests[i].asked && wanted.into && i < n_workers &&
	       pthread_cond_timedwait(&answered, &lock, until) == 0)
		;
	if (!wanted.into)
		return true;
	wanted.into = NULL;
	return false;
}

/* For all of them together: what a worker does not come to is not waited for again with the next. */
static struct timespec deadline(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += WAIT_MS * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000L;
	t.tv_nsec %= 1000000000L;
	return t;
}

void who_report_start(void)
{
	pthread_mutex_lock(&lock);
	n_workers = runtime.n_workers;
	for (unsigned i = 0; i < n_workers; i++)
		requests[i].asked = false;
	pthread_mutex_unlock(&lock);
}

void who_report_stop(void)
{
	pthread_mutex_lock(&lock);
	n_workers = 0;
	pthread_cond_signal(&answered);
	pthread_mutex_unlock(&lock);
}

/* ---------------------------------------------------------------- putting tables together */

/* A key of one worker's table, then of all. */
struct merged {
	uint64_t hash, at_least, at_most;
	uint64_t absent; /* what it could have been counted there without having a place */
	uint8_t key_len;
	uint8_t key[WHO_NAME_MAX];
};

/* One kind in one span, of all workers. */
struct merge {
	struct merged *v;
	size_t n;
	uint64_t absent; /* summed over the workers */
};

/* For the time of a report: one buffer for a worker's copy, and the keys of all. */
struct taking {
	struct who *copy;
	struct merge total[WHO_N_KINDS], minute[WHO_N_KINDS];
};

static bool merge_table(struct merge *m, const struct who_table *t, uint32_t slot)
{
	struct merged *v = realloc(m->v, (m->n + t->n + 1) * sizeof(*v));
	uint64_t absent = who_table_absent(t);

	if (!v)
		return false;
	m->v = v;
	m->absent += absent;
	for (unsigned i = 0; i < t->n; i++) {
		struct merged *e = &v[m->n];

		if (!t->sum[i])
			continue; /* the window has left it behind */
		*e = (struct merged){.hash = t->hash[i],
				     .at_most = t->sum[i],
				     .at_least = t->sum[i] - who_table_over(t, i, slot),
				     .absent = absent,
				     .key_len = (uint8_t)t->key_len[i]};
		memcpy(e->key, who_table_key(t, i), e->key_len);
		m->n++;
	}
	return true;
}

static int by_hash(const void *a, const void *b)
{
	const struct merged *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static int by_count(const void *a, const void *b)
{
	const struct merged *x = a, *y = b;

	if (x->at_least != y->at_least)
		return x->at_least > y->at_least ? -1 : 1;
	if (x->at_most != y->at_most)
		return x->at_most > y->at_most ? -1 : 1;
	return by_hash(a, b);
}

/* Equal keys become one; where a worker has none of it, it may have been there as often as its rarest one. */
static void fold(struct merge *m)
{
	size_t n = 0;

	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_hash);
	for (size_t i = 0; i < m->n; i++) {
		if (n && m->v[n - 1].hash == m->v[i].hash) {
			m->v[n - 1].at_least += m->v[i].at_least;
			m->v[n - 1].at_most += m->v[i].at_most;
			m->v[n - 1].absent += m->v[i].absent;
		} else {
			m->v[n++] = m->v[i];
		}
	}
	m->n = n;
	for (size_t i = 0; i < n; i++)
		m->v[i].at_most += m->absent - m->v[i].absent;
	if (n)
		qsort(m->v, n, sizeof(*m->v), by_count);
}

/* ---------------------------------------------------------------- counts */

static uint64_t count_of(const struct who_tally *t, bool minute)
{
	uint64_t n = 0;

	for (unsigned s = 0; s < WHO_SLOTS; s++)
		n += t->slots[s];
	return minute ? n : t->total;
}

static void add_counts(uint64_t *to, const struct who_tally *from, size_t n, bool minute)
{
	for (size_t i = 0; i < n; i++)
		to[i] += count_of(&from[i], minute);
}

static void add_plugins(struct who_span *s, const struct who *w, bool minute)
{
	for (unsigned i = 0; i <= WHO_PLUGINS; i++) {
		uint64_t n = count_of(&w->plugins[i], minute);
		const char *name = w->plugin_names[i] ? w->plugin_names[i] : "server";
		unsigned k = 0;

		if (!n)
			continue;
		while (k < s->n_plugins && strcmp(s->plugins[k].name, name) != 0)
			k++;
		if (k == ARRAY_LEN(s->plugins))
			k--; /* workers that have seen other ones: the last takes what is too many */
		else if (k == s->n_plugins)
			s->plugins[s->n_plugins++].name = name;
		s->plugins[k].count += n;
	}
}

static void add_span(struct who_span *s, const struct who *w, bool minute, uint64_t now_ns)
{
	uint64_t first_slot_ns = (uint64_t)(w->slot - (WHO_SLOTS - 1)) * WHO_SLOT_S * NS_PER_S;
	uint64_t from_ns = minute && first_slot_ns > w->began_ns && first_slot_ns < now_ns ? first_slot_ns : w->began_ns;
	double seconds = (double)(now_ns - from_ns) / (double)NS_PER_S;

	if (seconds > s->seconds)
		s->seconds = seconds;
	s->asked += count_of(&w->asked, minute);
	s->questions += count_of(&w->questions, minute);
	s->samples += count_of(&w->samples, minute);
	s->squares += count_of(&w->squares, minute);
	add_counts(s->rcodes, w->rcodes, WHO_RCODES, minute);
	add_counts(s->transports, w->transports, WHO_N_TRANSPORTS, minute);
	add_counts(s->delays, w->delays, WHO_DELAYS, minute);
	add_plugins(s, w, minute);
}

/* ---------------------------------------------------------------- the report */

static bool take_one(struct taking *t, struct who_report *r)
{
	const struct who *w = t->copy;
	bool fine = true;

	add_span(&r->total, w, false, wanted.at_ns);
	add_span(&r->minute, w, true, wanted.at_ns);
	r->questions += wanted.questions;
	for (int k = 0; k < WHO_N_KINDS; k++)
		fine = merge_table(&t->total[k], &w->total[k], w->slot) &&
		       merge_table(&t->minute[k], &w->minute[k], w->slot) && fine;
	return fine;
}

static uint64_t root(double x)
{
	double r = x > 1 ? x : 1;

	for (int i = 0; i < 100 && r * r - x > 0.01 * x; i++)
		r = (r + x / r) / 2;
	return (uint64_t)(x > 0 ? r + 0.5 : 0);
}

static void show_client(struct who_item *item, const struct merged *e)
{
	if (!inet_ntop(e->key_len == 4 ? AF_INET : AF_INET6, e->key, item->text, sizeof(item->text)))
		*item->text = '\0';
	who_owner_find(e->key, e->key_len, &item->owner);
}

static void show(struct who_list *l, const struct merge *m, enum who_kind kind, const struct who_span *s)
{
	/* A sample that stands for w adds w (w - 1) to the variance of what it counts for. */
	double per = s->questions ? (double)s->squares / (double)s->questions - 1 : 0;

	for (size_t i = 0; i < m->n && l->n < WHO_TOP && m->v[i].at_least; i++) {
		const struct merged *e = &m->v[i];
		struct who_item *item = &l->items[l->n++];

		item->at_least = e->at_least;
		item->at_most = e->at_most;
		item->sampling_error = root((double)e->at_least * per);
		if (kind == WHO_CLIENT)
			show_client(item, e);
		else
			wire_name_text(e->key, item->text);
	}
}

static bool take_all(struct taking *t, struct who_report *r)
{
	struct timespec until = deadline();
	bool fine = true;

	pthread_mutex_lock(&lock);
	r->workers = n_workers;
	for (unsigned i = 0; i < n_workers && fine; i++) {
		if (copy_of(i, t->copy, &until))
			fine = take_one(t, r);
		else
			r->workers_missing++;
	}
	pthread_mutex_unlock(&lock);
	for (int k = 0; k < WHO_N_KINDS; k++) {
		fold(&t->total[k]);
		fold(&t->minute[k]);
		show(&r->total.top[k], &t->total[k], k, &r->total);
		show(&r->minute.top[k], &t->minute[k], k, &r->minute);
		free(t->total[k].v);
		free(t->minute[k].v);
	}
	return fine;
}

struct who_report *who_report_take(void)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	struct who_report *r = calloc(1, sizeof(*r));
	struct taking t = {.copy = who_new(0, 0)};
	bool fine = false;

	pthread_mutex_lock(&one_at_a_time);
	if (r && t.copy)
		fine = take_all(&t, r);
	pthread_mutex_unlock(&one_at_a_time);
	who_free(t.copy);
	if (fine)
		return r;
	who_report_free(r);
	return NULL;
}

void who_report_free(struct who_report *r)
{
	free(r);
}

double who_delay_part_s(const struct who_span *s, double part)
{
	double want = part * (double)s->questions;
	uint64_t seen = 0;

	for (unsigned i = 0; i < WHO_DELAYS; i++) {
		seen += s->delays[i];
		if (seen && (double)seen >= want)
			return who_delay_begin_s(i + 1);
	}
	return 0;
}
