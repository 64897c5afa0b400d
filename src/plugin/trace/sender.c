// SPDX-License-Identifier: Apache-2.0
/* The thread that posts spans: a batch when it is full, or when its first span has waited for the interval.  A batch that cannot be
 * posted is dropped and counted, as is what finds the rings full.  One sender a configuration; a reload keeps it. */
#include "plugin/trace/trace.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/ticker.h"
#include "net/http_post.h"
#include "server/runtime.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICK_MS = 50,
	COMPLAIN_S = 10,
	QUERY_BYTES = sizeof(struct trace_frame) + 10 * sizeof(struct trace_span), /* some ten plugins */
	QUERY_SPANS = 11,
};

/* What is being gathered. */
struct batch {
	FILE *out; /* NULL: empty */
	char *text;
	size_t len;
	unsigned spans, queries;
	uint64_t began_ns;
};

struct trace_sender {
	struct trace_sender *next; /* under `lock` */
	unsigned refs;             /* under `lock` */
	struct trace_config c;     /* texts are the sender's own */
	char *url, *service;
	struct ticker ticker;
	_Atomic(struct frame_ring *) rings[SERVER_MAX_WORKERS];
	_Atomic uint64_t sent, lost;
	struct http_poster *poster;
	struct batch batch;
	uint64_t complain_ns;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct trace_sender *senders;

static const struct metric_desc sent_desc = {
	"binnacle_trace_spans_sent_total", "Spans posted.", METRIC_COUNTER, "endpoint", NULL, 0, 0};
static const struct metric_desc dropped_desc = {
	"binnacle_trace_dropped_total", "Queries whose spans were dropped: the backlog was full, or the endpoint did not take them.",
	METRIC_COUNTER, "endpoint", NULL, 0, 0};

/* ---------------------------------------------------------------- batches */

static void complain(struct trace_sender *s, const char *why)
{
	uint64_t now = clock_mono_ns();

	if (now < s->complain_ns)
		return;
	s->complain_ns = now + COMPLAIN_S * NS_PER_S;
	log_line(LOG_ERROR, "plugin/trace: spans cannot be posted to %s: %s", s->url, why);
}

static void open_batch(struct trace_sender *s)
{
	struct batch *b = &s->batch;

	*b = (struct batch){.began_ns = clock_mono_ns()};
	b->out = open_memstream(&b->text, &b->len);
	if (b->out)
		(void)fputs(s->c.kind == TRACE_ZIPKIN ? "[" : "[[", b->out); /* Datadog: a list of traces */
}

static void post(struct trace_sender *s)
{
	struct batch *b = &s->batch;
	char why[HTTP_POST_WHY_MAX] = "out of memory";

	if (!b->out)
		return;
	(void)fputs(s->c.kind == TRACE_ZIPKIN ? "]" : "]]", b->out);
	if (fclose(b->out) == 0 && http_post(s->poster, b->text, b->len, why) == 0) {
		s->sent += b->spans;
	} else {
		s->lost += b->queries;
		complain(s, why);
	}
	free(b->text);
	b->out = NULL;
}

static void add(struct trace_sender *s, const struct trace_frame *f)
{
	struct batch *b = &s->batch;

	if (!b->out)
		open_batch(s);
	if (!b->out) {
		s->lost++;
		return;
	}
	if (b->queries++)
		(void)fputs(s->c.kind == TRACE_ZIPKIN ? "," : "],[", b->out);
	b->spans += trace_spans_write(&s->c, f, b->out);
	if (b->spans >= s->c.batch_size)
		post(s);
}

static void drain(struct trace_sender *s)
{
	for (unsigned i = 0; i < SERVER_MAX_WORKERS; i++) {
		struct frame_ring *r = atomic_load_explicit(&s->rings[i], memory_order_acquire);
		const uint8_t *frame;
		size_t len;

		while (r && (frame = frame_ring_peek(r, &len)) != NULL) {
			add(s, (const struct trace_frame *)(const void *)frame);
			frame_ring_pop(r);
		}
	}
}

static void *sender_main(void *arg)
{
	struct trace_sender *s = arg;

	pthread_setname_np(pthread_self(), "trace");
	do {
		drain(s);
		if (s->batch.out && clock_mono_ns() - s->batch.began_ns >= s->c.interval_ns)
			post(s);
	} while (ticker_wait(&s->ticker, TICK_MS));
	drain(s);
	post(s);
	return NULL;
}

/* ---------------------------------------------------------------- life */

static double read_sent(void *arg)
{
	return (double)atomic_load_explicit(&((struct trace_sender *)arg)->sent, memory_order_relaxed);
}

static double read_dropped(void *arg)
{
	struct trace_sender *s = arg;
	uint64_t n = atomic_load_explicit(&s->lost, memory_order_relaxed);

	for (unsigned i = 0; i < SERVER_MAX_WORKERS; i++) {
		const struct frame_ring *r = atomic_load_explicit(&s->rings[i], memory_order_acquire);

		n += r ? frame_ring_dropped(r) : 0;
	}
	return (double)n;
}

static bool same(const struct trace_config *a, const struct trace_config *b)
{
	return a->kind == b->kind && !strcmp(a->url, b->url) && !strcmp(a->service, b->service) &&
	       a->analytics_rate == b->analytics_rate && a->backlog == b->backlog && a->batch_size == b->batch_size &&
	       a->interval_ns == b->interval_ns;
}

static void sender_free(struct trace_sender *s)
{
	for (unsigned i = 0; i < SERVER_MAX_WORKERS; i++)
		frame_ring_free(s->rings[i]);
	http_poster_free(s->poster);
	free(s->url);
	free(s->service);
	free(s);
}

static bool set_up(struct trace_sender *s, const struct trace_config *c)
{
	s->c = *c;
	s->url = strdup(c->url);
	s->service = strdup(c->service);
	if (!s->url || !s->service)
		return false;
	s->c.url = s->url;
	s->c.service = s->service;
	s->poster = http_poster_new(s->url, "application/json");
	return s->poster && ticker_start(&s->ticker, sender_main, s) == 0;
}

static struct trace_sender *sender_new(const struct trace_config *c)
{
	struct trace_sender *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	if (set_up(s, c)) {
		const char *label = s->url;

		metrics_reader(&sent_desc, &label, read_sent, s);
		metrics_reader(&dropped_desc, &label, read_dropped, s);
		return s;
	}
	sender_free(s);
	return NULL;
}

struct trace_sender *trace_sender_get(const struct trace_config *c)
{
	struct trace_sender *s;

	pthread_mutex_lock(&lock);
	for (s = senders; s && !same(&s->c, c); s = s->next)
		continue;
	if (s) {
		s->refs++;
	} else {
		s = sender_new(c);
		if (s) {
			s->next = senders;
			senders = s;
		}
	}
	pthread_mutex_unlock(&lock);
	return s;
}

void trace_sender_put(struct trace_sender *s)
{
	struct trace_sender **at = &senders;
	bool last;

	if (!s)
		return;
	pthread_mutex_lock(&lock);
	last = --s->refs == 0;
	while (last && *at != s)
		at = &(*at)->next;
	if (last)
		*at = s->next;
	pthread_mutex_unlock(&lock);
	if (!last)
		return;
	ticker_stop(&s->ticker);
	metrics_reader_drop(s);
	sender_free(s);
}

struct frame_ring *trace_sender_ring(struct trace_sender *s, unsigned index)
{
	struct frame_ring *r = atomic_load_explicit(&s->rings[index], memory_order_acquire);

	if (r)
		return r;
	r = frame_ring_new((size_t)(s->c.backlog / QUERY_SPANS + 1) * QUERY_BYTES);
	atomic_store_explicit(&s->rings[index], r, memory_order_release);
	return r;
}
