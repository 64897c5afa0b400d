// SPDX-License-Identifier: Apache-2.0
/* One probe a process while an API server is away.
 *
 * The first failure of a connection, a 5xx or a 429 closes the gate.  Then one request at a time is let
 * through: at once, then after 0.1 s, doubling up to a cap; the first answer opens the gate for everybody.
 * The cap grows with the outage: 1 s in its first 90 s (a new Service has to be resolvable within 2 s of
 * the server being back), 2 s up to ten minutes, 5 s after that.  Each wait is drawn between its half and
 * its whole, so that many replicas spread.  Retry-After is obeyed. */
#include "kube/client_internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { PROBE_MIN_MS = 100, SOON_S = 90, LATER_S = 600, RETRY_AFTER_MAX_S = 120 };

uint64_t kube_jitter_ns(uint64_t ms)
{
	uint64_t half_us = ms * 500;

	return (half_us + rng_below(&kube_loop.rng, (uint32_t)(half_us ? half_us : 1))) * NS_PER_US;
}

struct kube_gate *kube_gate_get(const char *server)
{
	struct kube_gate *g;

	for (g = kube_loop.gates; g; g = g->next) {
		if (strcmp(g->server, server) == 0) {
			g->refs++;
			return g;
		}
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->server = strdup(server);
	g->refs = 1;
	g->next = kube_loop.gates;
	kube_loop.gates = g;
	return g;
}

void kube_gate_put(struct kube_gate *g)
{
	struct kube_gate **at = &kube_loop.gates;

	if (!g || --g->refs)
		return;
	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	free(g->server);
	free(g);
}

bool kube_gate_open(const struct kube_gate *g)
{
	return !g->away || (!g->probe && kube_loop.now_ns >= g->probe_ns);
}

uint64_t kube_gate_due(const struct kube_gate *g)
{
	if (!g->away)
		return 0;
	return g->probe ? UINT64_MAX : g->probe_ns;
}

void kube_gate_started(struct kube_gate *g, const void *who)
{
	if (g->away)
		g->probe = who;
}

void kube_gate_ended(struct kube_gate *g, const void *who)
{
	if (g->probe == who)
		g->probe = NULL;
}

bool kube_gate_up(struct kube_gate *g)
{
	bool was = g->away;

	__atomic_store_n(&g->away, false, __ATOMIC_RELAXED); /* metrics look at it */
	g->probe = NULL;
	g->failures = 0;
	return was;
}

static uint64_t wait_ns(const struct kube_gate *g)
{
	uint64_t away_s = (kube_loop.now_ns - g->since_ns) / NS_PER_S;
	uint64_t cap = away_s < SOON_S ? 1000 : away_s < LATER_S ? 2000 : 5000;
	uint64_t ms = PROBE_MIN_MS << (g->failures < 10 ? g->failures : 10);

	return kube_jitter_ns(ms < cap ? ms : cap);
}

void kube_gate_down(struct kube_gate *g, const void *who, uint32_t retry_after_s)
{
	bool asked = g->probe == who;

	if (!g->away) {
		__atomic_store_n(&g->away, true, __ATOMIC_RELAXED);
		g->since_ns = kube_loop.now_ns;
		g->failures = 0;
		g->probe = NULL;
		g->probe_ns = kube_loop.now_ns; /* a fresh connection at once */
	} else if (asked) {
		g->probe = NULL;
		g->probe_ns = kube_loop.now_ns + wait_ns(g);
		g->failures++;
	}
	if (retry_after_s) {
		uint32_t s = retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S;
		uint64_t then = kube_loop.now_ns + s * NS_PER_S + kube_jitter_ns(400);

		g->probe_ns = g->probe_ns > then ? g->probe_ns : then;
	}
}
