// SPDX-License-Identifier: Apache-2.0
#include "server/top.h"

#include "base/json.h"
#include "base/metrics.h"
#include "server/who_report.h"

#include <stddef.h>
#include <string.h>

struct upstream {
	char to[80];
	double answers, seconds, servfail, failures, truncated, usual_seconds, loss;
};

/* What is put together from the metrics. */
struct numbers {
	struct upstream upstreams[TOP_UPSTREAMS];
	unsigned n_upstreams;
	double cache_requests, cache_hits, cache_entries, cache_bytes;
	double malformed, refused, shed, deadline, cut, client_gone;
	double waiting, connections;
};

/* ---------------------------------------------------------------- reading */

/* Families with one sum for all their series. */
static const struct {
	const char *family;
	size_t at;
} sums[] = {
	{"coredns_cache_requests_total", offsetof(struct numbers, cache_requests)},
	{"coredns_cache_hits_total", offsetof(struct numbers, cache_hits)},
	{"coredns_cache_entries", offsetof(struct numbers, cache_entries)},
	{"binnacle_cache_bytes", offsetof(struct numbers, cache_bytes)},
	{"binnacle_malformed_queries_total", offsetof(struct numbers, malformed)},
	{"binnacle_refused_queries_total", offsetof(struct numbers, refused)},
	{"binnacle_queries_shed_total", offsetof(struct numbers, shed)},
	{"binnacle_queries_deadline_total", offsetof(struct numbers, deadline)},
	{"binnacle_fit_cut_answers_total", offsetof(struct numbers, cut)},
	{"binnacle_client_gone_total", offsetof(struct numbers, client_gone)},
	{"binnacle_queries_waiting", offsetof(struct numbers, waiting)},
	{"binnacle_tcp_connections", offsetof(struct numbers, connections)},
};

/* Families with one for each upstream, by the label `to`. */
static const struct {
	const char *family;
	size_t at;
} by_upstream[] = {
	{"coredns_proxy_request_duration_seconds", offsetof(struct upstream, answers)},
	{"binnacle_upstream_failures_total", offsetof(struct upstream, failures)},
	{"binnacle_upstream_truncated_total", offsetof(struct upstream, truncated)},
	{"binnacle_upstream_usual_seconds", offsetof(struct upstream, usual_seconds)},
	{"binnacle_upstream_loss_ratio", offsetof(struct upstream, loss)},
};

/* The value of a label, up to its closing quote; NULL: there is none. */
static const char *label(const char *labels, const char *name, size_t *ret_len)
{
	size_t len = strlen(name);

	for (const char *at = labels; (at = strstr(at, name)); at += len) {
		if ((at == labels || at[-1] == ',') && at[len] == '=' && at[len + 1] == '"') {
			*ret_len = strcspn(at + len + 2, "\"");
			return at + len + 2;
		}
	}
	return NULL;
}

static struct upstream *upstream_of(struct numbers *n, const char *labels)
{
	size_t len;
	const char *to = label(labels, "to", &len);
	struct upstream *u = &n->upstreams[n->n_upstreams];

	if (!to || len >= sizeof(u->to))
		return NULL;
	for (unsigned i = 0; i < n->n_upstreams; i++) {
		struct upstream *known = &n->upstreams[i];

		if (strlen(known->to) == len && memcmp(known->to, to, len) == 0)
			return known;
	}
	if (n->n_upstreams == TOP_UPSTREAMS)
		return NULL;
	memcpy(u->to, to, len);
	n->n_upstreams++;
	return u;
}

static void add(void *to, size_t at, double value)
{
	double *field = (double *)(void *)((char *)to + at);

	*field += value;
}

static void take_upstream(struct numbers *n, const struct metric_desc *d, size_t at, const char *labels, double value,
			  double sum)
{
	struct upstream *u = upstream_of(n, labels);
	const char *rcode;
	size_t len;

	if (!u)
		return;
	add(u, at, value);
	if (d->kind != METRIC_HISTOGRAM)
		return;
	u->seconds += sum;
	rcode = label(labels, "rcode", &len);
	if (rcode && len == strlen("SERVFAIL") && memcmp(rcode, "SERVFAIL", len) == 0)
		u->servfail += value;
}

static void take(void *arg, const struct metric_desc *d, const char *labels, double value, double sum)
{
	struct numbers *n = arg;

	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		if (strcmp(d->name, sums[i].family) == 0)
			add(n, sums[i].at, value);
	}
	for (size_t i = 0; i < ARRAY_LEN(by_upstream); i++) {
		if (strcmp(d->name, by_upstream[i].family) == 0)
			take_upstream(n, d, by_upstream[i].at, labels, value, sum);
	}
}

/* ---------------------------------------------------------------- writing */

static void put_upstream(struct json *j, const struct upstream *u)
{
	json_open(j, NULL, '{');
	json_text(j, "upstream", u->to);
	json_fixed(j, "answers", u->answers, 0);
	json_double(j, "seconds", u->seconds, 9);
	json_fixed(j, "servfail", u->servfail, 0);
	json_fixed(j, "failures", u->failures, 0);
	json_fixed(j, "truncated", u->truncated, 0);
	json_double(j, "usual_seconds", u->usual_seconds, 6);
	json_double(j, "loss", u->loss, 4);
	json_close(j, '}');
}

static void put_upstreams(struct json *j, const struct numbers *n)
{
	json_open(j, "upstreams", '[');
	for (unsigned i = 0; i < n->n_upstreams; i++)
		put_upstream(j, &n->upstreams[i]);
	json_close(j, ']');
}

static void put_cache(struct json *j, const struct numbers *n)
{
	json_open(j, "cache", '{');
	json_fixed(j, "requests", n->cache_requests, 0);
	json_fixed(j, "hits", n->cache_hits, 0);
	json_fixed(j, "entries", n->cache_entries, 0);
	json_fixed(j, "bytes", n->cache_bytes, 0);
	json_close(j, '}');
}

static void put_trouble(struct json *j, const struct numbers *n)
{
	json_open(j, "trouble", '{');
	json_fixed(j, "malformed", n->malformed, 0);
	json_fixed(j, "refused", n->refused, 0);
	json_fixed(j, "shed", n->shed, 0);
	json_fixed(j, "deadline", n->deadline, 0);
	json_fixed(j, "cut", n->cut, 0);
	json_fixed(j, "client_gone", n->client_gone, 0);
	json_close(j, '}');
}

static void put_now(struct json *j, const struct numbers *n)
{
	json_open(j, "now", '{');
	json_fixed(j, "waiting", n->waiting, 0);
	json_fixed(j, "tcp_connections", n->connections, 0);
	json_close(j, '}');
}

static void put_all(struct json *j, const struct who_report *r, const struct numbers *n)
{
	json_open(j, NULL, '{');
	json_open(j, "who", '{');
	who_report_json(r, j);
	json_close(j, '}');
	put_upstreams(j, n);
	put_cache(j, n);
	put_trouble(j, n);
	put_now(j, n);
	json_close(j, '}');
}

void top_json(struct text *t)
{
	struct who_report *r = who_report_take();
	struct numbers n = {0};
	struct json j = {.t = t};

	if (r && metrics_look(take, &n) == 0)
		put_all(&j, r, &n);
	else
		t->failed = true;
	who_report_free(r);
}
