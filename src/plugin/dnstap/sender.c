// SPDX-License-Identifier: Apache-2.0
/* The thread between the workers' rings and the collectors.
 *
 * It looks at the rings twenty times a second and writes what is there to every collector.  One collector that we connect to:
 * while it is away frames wait, and are dropped once the rings are full.  Collectors that connect to us (`listen`) see what
 * comes while they are there.  One that takes nothing for 4 s is let go. */
#include "plugin/dnstap/dnstap.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/ticker.h"
#include "server/runtime.h"
#include "server/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TICK_MS = 50,
	RETRY_MIN_S = 1,
	RETRY_MAX_S = 10,
	REPORT_S = 10,
	COLLECTORS_MAX = 8,
	FRAME_GUESS = 200,
	FRAMES_PER_QUEUE = 10000,
	WHY_MAX = 200,
};

struct dnstap_sender {
	struct dnstap_sender *next; /* under `lock` */
	unsigned refs;              /* under `lock` */
	struct dnstap_config c;
	char endpoint[300];
	struct ticker ticker;
	_Atomic(struct frame_ring *) rings[SERVER_MAX_WORKERS];
	_Atomic uint64_t sent;
	/* the thread's */
	int listen_fd;
	struct dnstap_stream *collectors[COLLECTORS_MAX];
	unsigned n, retry_s;
	uint64_t retry_ns, report_ns, reported;
	bool complained;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct dnstap_sender *senders;

static const struct metric_desc sent_desc = {
	"binnacle_dnstap_sent_total", "Frames written to collectors.", METRIC_COUNTER, "endpoint", NULL, 0, 0};
static const struct metric_desc dropped_desc = {
	"binnacle_dnstap_dropped_total", "Frames dropped because the queue was full.", METRIC_COUNTER, "endpoint", NULL, 0, 0};

/* ---------------------------------------------------------------- counting */

static uint64_t dropped(const struct dnstap_sender *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SERVER_MAX_WORKERS; i++) {
		const struct frame_ring *r = atomic_load_explicit(&s->rings[i], memory_order_acquire);

		n += r ? frame_ring_dropped(r) : 0;
	}
	return n;
}

static double read_dropped(void *arg)
{
	return (double)dropped(arg);
}

static double read_sent(void *arg)
{
	return (double)atomic_load_explicit(&((const struct dnstap_sender *)arg)->sent, memory_order_relaxed);
}

static void report(struct dnstap_sender *s, uint64_t now)
{
	uint64_t n = dropped(s);

	if (now < s->report_ns)
		return;
	s->report_ns = now + REPORT_S * NS_PER_S;
	if (n != s->reported)
		log_line(LOG_WARNING, "plugin/dnstap: Dropped dnstap messages: %llu", (unsigned long long)(n - s->reported));
	s->reported = n;
}

/* ---------------------------------------------------------------- collectors */

/* Said once for each time that it goes wrong. */
static void complain(struct dnstap_sender *s, const char *why)
{
	if (!s->complained)
		log_line(LOG_ERROR, "plugin/dnstap: No connection to dnstap endpoint %s: %s", s->endpoint, why);
	s->complained = true;
}

static void later(struct dnstap_sender *s, uint64_t now)
{
	s->retry_ns = now + s->retry_s * NS_PER_S;
	s->retry_s = s->retry_s * 2 > RETRY_MAX_S ? RETRY_MAX_S : s->retry_s * 2;
}

static void add(struct dnstap_sender *s, struct dnstap_stream *stream)
{
	s->collectors[s->n++] = stream;
	s->retry_s = RETRY_MIN_S;
	s->complained = false;
}

static void connect_again(struct dnstap_sender *s, uint64_t now)
{
	char why[WHY_MAX] = "";
	struct dnstap_stream *stream;

	if (s->n || now < s->retry_ns)
		return;
	stream = dnstap_stream_connect(&s->c, why, sizeof(why));
	if (stream) {
		add(s, stream);
		return;
	}
	complain(s, why);
	later(s, now);
}

static void let_in(struct dnstap_sender *s, uint64_t now)
{
	char why[WHY_MAX] = "";
	struct dnstap_stream *stream;

	if (s->listen_fd == -1 && now >= s->retry_ns) {
		s->listen_fd = dnstap_stream_listen(&s->c, why, sizeof(why));
		if (s->listen_fd == -1) {
			complain(s, why);
			later(s, now);
		}
	}
	while (s->listen_fd != -1 && s->n < COLLECTORS_MAX) {
		stream = dnstap_stream_accept(&s->c, s->listen_fd, why, sizeof(why));
		if (stream)
			add(s, stream);
		else if (*why)
			log_line(LOG_WARNING, "plugin/dnstap: %s: a connection is refused: %s", s->endpoint, why);
		else
			return;
	}
}

static void lose(struct dnstap_sender *s, unsigned i)
{
	log_line(LOG_WARNING, "plugin/dnstap: %s: the connection is lost", s->endpoint);
	dnstap_stream_close(s->collectors[i], false);
	s->collectors[i] = s->collectors[--s->n];
	s->retry_ns = 0;
}

/* ---------------------------------------------------------------- frames */

static void write_frame(struct dnstap_sender *s, const uint8_t *frame, size_t len)
{
	for (unsigned i = s->n; i-- > 0;) {
		if (!dnstap_stream_write(s->collectors[i], frame, len))
			lose(s, i);
	}
}

static void drain(struct dnstap_sender *s, struct frame_ring *r)
{
	const uint8_t *frame;
	uint64_t sent = 0;
	size_t len;

	/* Where somebody is to be connected to, frames wait for him. */
	while ((s->n || s->c.listen) && (frame = frame_ring_peek(r, &len)) != NULL) {
		sent += s->n != 0;
		write_frame(s, frame, len);
		if (!s->n && !s->c.listen)
			break; /* that one is tried again */
		frame_ring_pop(r);
	}
	atomic_store_explicit(&s->sent, s->sent + sent, memory_order_relaxed);
}

static void drain_all(struct dnstap_sender *s)
{
	for (unsigned i = 0; i < SERVER_MAX_WORKERS; i++) {
		struct frame_ring *r = atomic_load_explicit(&s->rings[i], memory_order_acquire);

		if (r)
			drain(s, r);
	}
	for (unsigned i = s->n; i-- > 0;) {
		if (!dnstap_stream_flush(s->collectors[i]))
			lose(s, i);
	}
}

static void *sender_main(void *arg)
{
	struct dnstap_sender *s = arg;

	pthread_setname_np(pthread_self(), "dnstap");
	do {
		uint64_t now = clock_mono_ns();

		if (s->c.listen)
			let_in(s, now);
		else
			connect_again(s, now);
		drain_all(s);
		report(s, now);
	} while (ticker_wait(&s->ticker, TICK_MS));
	drain_all(s);
	s->report_ns = 0;
	report(s, clock_mono_ns());
	while (s->n)
		dnstap_stream_close(s->collectors[--s->n], true);
	return NULL;
}

/* ---------------------------------------------------------------- life */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same(const struct dnstap_config *a, const struct dnstap_config *b)
{
	return a->listen == b->listen && a->transport == b->transport && same_text(a->path, b->path) &&
	       same_text(a->host, b->host) && same_text(a->port, b->port) && a->buffer_mib == b->buffer_mib &&
	       a->queue_x10k == b->queue_x10k && same_text(a->cert, b->cert) && same_text(a->key, b->key) &&
	       same_text(a->ca, b->ca) && a->skipverify == b->skipverify;
}

static void free_texts(struct dnstap_config *c)
{
	const char **const texts[] = {&c->path, &c->host, &c->port, &c->cert, &c->key, &c->ca};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		union {
			const char *shown;
			char *own;
		} u = {*texts[i]};

		free(u.own);
	}
}

static bool copy_config(struct dnstap_config *to, const struct dnstap_config *from)
{
	const char **const texts[] = {&to->path, &to->host, &to->port, &to->cert, &to->key, &to->ca};
	bool ok = true;

	*to = *from;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = *texts[i];

		*texts[i] = text ? strdup(text) : NULL;
		ok = ok && (!text || *texts[i]);
	}
	return ok;
}

static void sender_free(struct dnstap_sender *s)
{
	for (unsigned i = 0; i < SERVER_MAX_WORKERS; i++)
		frame_ring_free(s->rings[i]);
	if (s->listen_fd != -1) {
		close(s->listen_fd);
		if (s->c.transport == DNSTAP_UNIX)
			(void)unlink(s->c.path);
	}
	free_texts(&s->c);
	free(s);
}

static void show_metrics(struct dnstap_sender *s)
{
	const char *label = s->endpoint;

	metrics_reader(&sent_desc, &label, read_sent, s);
	metrics_reader(&dropped_desc, &label, read_dropped, s);
}

static struct dnstap_sender *sender_new(const struct dnstap_config *c)
{
	struct dnstap_sender *s = aligned_alloc(_Alignof(struct dnstap_sender), sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->listen_fd = -1;
	s->refs = 1;
	s->retry_s = RETRY_MIN_S;
	s->report_ns = clock_mono_ns() + REPORT_S * NS_PER_S;
	if (c->transport == DNSTAP_UNIX)
		(void)snprintf(s->endpoint, sizeof(s->endpoint), "unix://%s", c->path);
	else
		(void)snprintf(s->endpoint, sizeof(s->endpoint), "%s://%s:%s", c->transport == DNSTAP_TLS ? "tls" : "tcp",
			       c->host, c->port);
	if (copy_config(&s->c, c) && ticker_start(&s->ticker, sender_main, s) == 0)
		return s;
	sender_free(s);
	return NULL;
}

struct dnstap_sender *dnstap_sender_get(const struct dnstap_config *c, const char **why)
{
	struct dnstap_sender *s;

	*why = "out of memory or threads";
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
			show_metrics(s);
		}
	}
	pthread_mutex_unlock(&lock);
	return s;
}

static bool last_of(struct dnstap_sender *s)
{
	struct dnstap_sender **at = &senders;
	bool last;

	pthread_mutex_lock(&lock);
	last = --s->refs == 0;
	if (last) {
		while (*at != s)
			at = &(*at)->next;
		*at = s->next;
	}
	pthread_mutex_unlock(&lock);
	return last;
}

void dnstap_sender_put(struct dnstap_sender *s)
{
	if (!s || !last_of(s))
		return;
	ticker_stop(&s->ticker);
	metrics_reader_drop(s);
	sender_free(s);
}

struct frame_ring *dnstap_sender_ring(struct dnstap_sender *s, unsigned index)
{
	struct frame_ring *r = atomic_load_explicit(&s->rings[index], memory_order_acquire);
	size_t bytes = (size_t)s->c.queue_x10k * FRAMES_PER_QUEUE * FRAME_GUESS;

	if (r)
		return r;
	r = frame_ring_new(bytes);
	atomic_store_explicit(&s->rings[index], r, memory_order_release);
	return r;
}
