// SPDX-License-Identifier: Apache-2.0
/* A client: its options, its watches, and when each may send its next request. */
#include "kube/client_internal.h"

#include "base/clock.h"
#include "base/log.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QPS_DEFAULT = 5, BURST_DEFAULT = 10, TROUBLE_EVERY_S = 60 };

/* ---------------------------------------------------------------- request rate */

bool kube_client_take_token(struct kube_client *c)
{
	double qps = c->options.qps > 0 ? c->options.qps : QPS_DEFAULT;
	double burst = c->options.burst ? c->options.burst : BURST_DEFAULT;

	c->tokens += (double)(kube_loop.now_ns - c->tokens_ns) / (double)NS_PER_S * qps;
	c->tokens_ns = kube_loop.now_ns;
	c->tokens = c->tokens < burst ? c->tokens : burst;
	if (c->tokens < 1)
		return false;
	c->tokens -= 1;
	return true;
}

static uint64_t token_due(const struct kube_client *c)
{
	double qps = c->options.qps > 0 ? c->options.qps : QPS_DEFAULT;

	return kube_loop.now_ns + (uint64_t)((1 - c->tokens) / qps * (double)NS_PER_S) + NS_PER_MS;
}

/* ---------------------------------------------------------------- turns */

static unsigned lists_in_flight(const struct kube_client *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n_watches; i++)
		n += c->watches[i].request && c->watches[i].state != WATCH_FOLLOWING;
	return n;
}

/* The waiting watch that is due and was tried longest ago. */
static struct kube_watch *next_due(struct kube_client *c, uint64_t *again_ns)
{
	unsigned lists = lists_in_flight(c);
	struct kube_watch *best = NULL;

	for (size_t i = 0; i < c->n_watches; i++) {
		struct kube_watch *w = &c->watches[i];

		if (w->request || (c->options.max_inflight && !w->listed && lists >= c->options.max_inflight))
			continue;
		if (w->due_ns > kube_loop.now_ns)
			*again_ns = *again_ns < w->due_ns ? *again_ns : w->due_ns;
		else if (!best || w->began_ns < best->began_ns)
			best = w;
	}
	return best;
}

static uint64_t look_after_running(struct kube_client *c)
{
	uint64_t again = UINT64_MAX, t;

	for (size_t i = 0; i < c->n_watches; i++) {
		if (!c->watches[i].request)
			continue;
		t = kube_watch_overdue(&c->watches[i]);
		again = again < t ? again : t;
	}
	return again;
}

/* Rotated certificates: what runs on the old ones is ended, and goes on over a new connection. */
static void look_at_files(struct kube_client *c)
{
	if (!kube_auth_files_changed(&c->auth, kube_loop.now_ns))
		return;
	log_line(LOG_INFO, "plugin/kubernetes: certificate files have changed, connecting anew");
	for (size_t i = 0; i < c->n_watches; i++) {
		if (c->watches[i].request)
			kube_http_shut(c->watches[i].request);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Once a second, so that a storm of changes wakes the thread that frees a few times. */
static uint64_t settle(struct kube_client *c)
{
	if (!kube_store_unsettled(c->store)) {
		c->settle_ns = 0;
		return UINT64_MAX;
	}
	if (!c->settle_ns)
		c->settle_ns = kube_loop.now_ns + NS_PER_S;
	if (kube_loop.now_ns < c->settle_ns)
		return c->settle_ns;
	kube_store_settle(c->store);
	c->settle_ns = 0;
	return UINT64_MAX;
}

uint64_t kube_client_turn(struct kube_client *c)
{
	uint64_t again, exec_again = kube_loop.now_ns + 50 * NS_PER_MS;
	struct kube_watch *w;

	look_at_files(c);
	again = earlier(look_after_running(c), settle(c));
	while ((w = next_due(c, &again))) {
		if (!kube_gate_open(c->gate))
			return earlier(again, kube_gate_due(c->gate));
		if (!kube_auth_ready(&c->auth, kube_loop.now_ns))
			return earlier(again, exec_again);
		if (!kube_client_take_token(c))
			return earlier(again, token_due(c));
		kube_metrics_limited(c, kube_loop.now_ns - w->due_ns);
		kube_watch_start(w);
	}
	return c->check ? earlier(again, kube_check_turn(c->check)) : again;
}

/* ---------------------------------------------------------------- what is said */

void kube_client_trouble(struct kube_client *c, enum kube_kind kind, const char *why)
{
	if (c->logged_ns && kube_loop.now_ns - c->logged_ns < TROUBLE_EVERY_S * NS_PER_S)
		return;
	c->logged_ns = kube_loop.now_ns;
	c->trouble = true;
	log_line(LOG_WARNING, "plugin/kubernetes: %s of %s: %s; going on with what is known, trying again",
		 kube_kind_text(kind), c->auth.target.server, why);
}

void kube_client_answers(struct kube_client *c)
{
	if (!c->trouble)
		return;
	c->trouble = false;
	log_line(LOG_INFO, "plugin/kubernetes: %s answers again", c->auth.target.server);
}

/* Starting and reading all lists leaves holes in the heaps, which stay: what comes afterwards is small. */
static void give_holes_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0); /* whether there were any does not matter */
#endif
}

void kube_client_well(struct kube_client *c)
{
	if (!c->said_synced && kube_store_all_synced(c->store)) {
		c->said_synced = true;
		give_holes_back();
		log_line(LOG_INFO,
			 "plugin/kubernetes: %zu services, %zu endpoint slices, %zu namespaces from %s",
			 kube_store_count(c->store, KUBE_SERVICE), kube_store_count(c->store, KUBE_SLICE),
			 kube_store_count(c->store, KUBE_NAMESPACE), c->auth.target.server);
	}
}
