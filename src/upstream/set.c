// SPDX-License-Identifier: Apache-2.0
/* What all workers share of one set of upstreams, and its series. */

#include "upstream/internal.h"
#include "wire/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EDNS_SIZE = 1232 /* fits the smallest IPv6 path without fragments: 1280 - 40 - 8 */ };

/* ---------------------------------------------------------------- series */

static const double duration_buckets[] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
					  0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};

const struct metric_desc upstream_duration_desc = {
	.name = "coredns_proxy_request_duration_seconds",
	.help = "Time each upstream exchange took.",
	.kind = METRIC_HISTOGRAM,
	.labels = "proxy_name,to,rcode",
	.buckets = duration_buckets,
	.n_buckets = ARRAY_LEN(duration_buckets),
	.scale = 1e9,
};
static const struct metric_desc probe_failures_desc = {
	.name = "coredns_proxy_healthcheck_failures_total",
	.help = "Failed health checks by upstream.",
	.labels = "proxy_name,to",
};
static const struct metric_desc pool_hits_desc = {
	.name = "coredns_proxy_conn_cache_hits_total",
	.help = "Queries sent on a socket or connection that was open already.",
	.labels = "proxy_name,to,proto",
};
static const struct metric_desc pool_misses_desc = {
	.name = "coredns_proxy_conn_cache_misses_total",
	.help = "Queries for which a socket or connection was opened.",
	.labels = "proxy_name,to,proto",
};
static const struct metric_desc all_down_desc = {
	.name = "coredns_forward_healthcheck_broken_total",
	.help = "Queries that found every upstream down.",
	.labels = "",
};
static const struct metric_desc rejected_desc = {
	.name = "coredns_forward_max_concurrent_rejects_total",
	.help = "Queries refused because max_concurrent was reached.",
	.labels = "",
};
static const struct metric_desc truncated_desc = {
	.name = "binnacle_upstream_truncated_total",
	.help = "Answers with TC over UDP that were to be completed over TCP.",
	.labels = "to",
};
static const struct metric_desc tcp_desc = {
	.name = "binnacle_upstream_tcp_retries_total",
	.help = "What came of completing a truncated answer over TCP: answered, late (after the cut answer "
		"was "
		"given out), failed, truncated (over TCP too), not_tried (TCP is known not to work).",
	.labels = "to,outcome",
};
static const struct metric_desc edns_desc = {
	.name = "binnacle_upstream_edns_fallbacks_total",
	.help = "Questions answered without EDNS after trouble with it.",
	.labels = "to",
};
static const struct metric_desc mismatched_desc = {
	.name = "binnacle_upstream_mismatched_total",
	.help = "Datagrams and messages dropped because they answer nothing that was asked (id, question).",
	.labels = "to",
};
static const struct metric_desc failures_desc = {
	.name = "binnacle_upstream_failures_total",
	.help = "Failed attempts: timeout, refused, broken (an answer that cannot be read), network.",
	.labels = "to,reason",
};

static const struct metric_desc hedges_desc = {
	.name = "binnacle_upstream_hedges_total",
	.help = "Questions asked here while another upstream took far longer than usual: won (the answer "
		"from here came first), lost.",
	.labels = "to,outcome",
};

static const struct metric_desc cookies_desc = {
	.name = "binnacle_upstream_cookie_failures_total",
	.help = "Answers dropped or asked for again because of their DNS cookie: forged (not our client "
		"cookie), missing, bad (BADCOOKIE).",
	.labels = "to,reason",
};

static const struct metric_desc case_desc = {
	.name = "binnacle_upstream_case_fallbacks_total",
	.help = "Answers over UDP with the question in another letter case than it was sent, asked for "
		"again.",
	.labels = "to",
};

static const char *const tcp_outcomes[N_TCP_OUTCOMES] = {
	[TCP_ANSWERED] = "answered", [TCP_LATE] = "late",           [TCP_FAILED] = "failed",
	[TCP_CUT_TOO] = "truncated", [TCP_NOT_TRIED] = "not_tried",
};
static const char *const fail_kinds[N_FAIL_KINDS] = {
	[FAIL_TIMEOUT] = "timeout",
	[FAIL_REFUSED] = "refused",
	[FAIL_BROKEN] = "broken",
	[FAIL_NETWORK] = "network",
};

static const char *const hedge_outcomes[N_HEDGE_OUTCOMES] = {
	[HEDGE_WON] = "won",
	[HEDGE_LOST] = "lost",
};

static const char *const cookie_troubles[N_COOKIE_TROUBLES] = {
	[COOKIE_LABEL_FORGED] = "forged",
	[COOKIE_LABEL_MISSING] = "missing",
	[COOKIE_LABEL_BAD] = "bad",
};

static metric_id series(const struct metric_desc *d, const char *a, const char *b, const char *c)
{
	return metrics_series(d, (const char *const[]){a, b, c});
}

static void init_server_series(struct server_series *s, const char *to)
{
	static const char *const protos[] = {"udp", "tcp"};

	for (unsigned i = 0; i < N_RCODE_SERIES; i++) {
		char buf[16];
		const char *rcode = i < N_RCODE_SERIES - 1 ? wire_rcode_text(i, buf) : "other";

		s->duration[i] = series(&upstream_duration_desc, "forward", to, rcode);
	}
	s->probe_failures = series(&probe_failures_desc, "forward", to, NULL);
	for (unsigned i = 0; i < 2; i++) {
		s->pool_hits[i] = series(&pool_hits_desc, "forward", to, protos[i]);
		s->pool_misses[i] = series(&pool_misses_desc, "forward", to, protos[i]);
	}
	s->truncated = series(&truncated_desc, to, NULL, NULL);
	s->edns_fallbacks = series(&edns_desc, to, NULL, NULL);
	s->case_fallbacks = series(&case_desc, to, NULL, NULL);
	s->mismatched = series(&mismatched_desc, to, NULL, NULL);
	for (unsigned i = 0; i < N_TCP_OUTCOMES; i++)
		s->tcp[i] = series(&tcp_desc, to, tcp_outcomes[i], NULL);
	for (unsigned i = 0; i < N_FAIL_KINDS; i++)
		s->failures[i] = series(&failures_desc, to, fail_kinds[i], NULL);
	for (unsigned i = 0; i < N_COOKIE_TROUBLES; i++)
		s->cookies[i] = series(&cookies_desc, to, cookie_troubles[i], NULL);
	for (unsigned i = 0; i < N_HEDGE_OUTCOMES; i++)
		s->hedges[i] = series(&hedges_desc, to, hedge_outcomes[i], NULL);
}

/* ---------------------------------------------------------------- the set */

static int copy_config(struct upstream_set *s, const struct upstream_config *c)
{
	s->c = *c;
	s->c.edns_size = c->edns_size ? c->edns_size : EDNS_SIZE;
	if (c->health_domain) {
		s->c.health_domain = arena_copy(&s->arena, c->health_domain, wire_name_len(c->health_domain));
		if (!s->c.health_domain)
			return -1;
	}
	if (c->source) {
		s->c.source = arena_copy(&s->arena, c->source, sizeof(*c->source));
		if (!s->c.source)
			return -1;
	}
	s->c.targets = NULL; /* servers[] has them */
	return 0;
}

static int find_bucket(struct upstream_server *v, const struct upstream_target *t)
{
	if (t->pace)
		v->bucket = upstream_bucket_get(t->pace->name, t->pace->rate);
	return t->pace && !v->bucket ? -1 : 0;
}

static int make_servers(struct upstream_set *s, const struct upstream_config *c)
{
	s->n = c->n_targets;
	s->servers = aligned_alloc(64, s->n * sizeof(*s->servers));
	if (!s->servers)
		return -1;
	memset(s->servers, 0, s->n * sizeof(*s->servers));
	for (unsigned i = 0; i < s->n; i++) {
		struct upstream_server *v = &s->servers[i];

		v->addr = c->targets[i].addr;
		v->index = i;
		v->text = arena_strdup(&s->arena, c->targets[i].text);
		if (!v->text || find_bucket(v, &c->targets[i]))
			return -1;
		init_server_series(&v->series, v->text);
		upstream_times_show(v);
	}
	return 0;
}

struct upstream_set *upstream_set_new(const struct upstream_config *c)
{
	struct upstream_set *s = aligned_alloc(64, sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	arena_init(&s->arena, NULL, 0, NULL);
	s->all_down = metrics_series(&all_down_desc, NULL);
	s->rejected = metrics_series(&rejected_desc, NULL);
	if (copy_config(s, c) || make_servers(s, c)) {
		upstream_set_free(s);
		return NULL;
	}
	return s;
}

void upstream_set_free(struct upstream_set *s)
{
	if (!s)
		return;
	for (unsigned i = 0; s->servers && i < s->n; i++) {
		upstream_times_hide(&s->servers[i]);
		if (s->servers[i].bucket)
			upstream_bucket_put(s->servers[i].bucket);
	}
	free(s->servers);
	arena_fini(&s->arena);
	free(s);
}
