// SPDX-License-Identifier: Apache-2.0
/* The client's counters: those that CoreDNS has, and binnacle_kube_*. */
#include "kube/client_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double client_buckets[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
static const double programming_buckets[] = {0.001,  0.002,  0.004,  0.008,   0.016,   0.032,  0.064,
					     0.128,  0.256,  0.512,  1.024,   2.048,   4.096,  8.192,
					     16.384, 32.768, 65.536, 131.072, 262.144, 524.288};

static const struct metric_desc requests_desc = {
	.name = "coredns_kubernetes_rest_client_requests_total",
	.help = "Requests to the Kubernetes API by status, method and host.",
	.kind = METRIC_COUNTER,
	.labels = "code,method,host",
};
static const struct metric_desc duration_desc = {
	.name = "coredns_kubernetes_rest_client_request_duration_seconds",
	.help = "Time from a request to the head of its response.",
	.kind = METRIC_HISTOGRAM,
	.labels = "verb,host",
	.buckets = client_buckets,
	.n_buckets = ARRAY_LEN(client_buckets),
	.scale = 1e9,
};
static const struct metric_desc limiter_desc = {
	.name = "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
	.help = "Time that requests waited for their turn.",
	.kind = METRIC_HISTOGRAM,
	.labels = "verb,host",
	.buckets = client_buckets,
	.n_buckets = ARRAY_LEN(client_buckets),
	.scale = 1e9,
};
static const struct metric_desc programming_desc = {
	.name = "coredns_kubernetes_dns_programming_duration_seconds",
	.help = "Time from the change of an endpoint to its being in answers.",
	.kind = METRIC_HISTOGRAM,
	.labels = "service_kind",
	.buckets = programming_buckets,
	.n_buckets = ARRAY_LEN(programming_buckets),
	.scale = 1e9,
};
static const struct metric_desc lists_desc = {
	.name = "binnacle_kube_lists_total",
	.help = "Complete lists read, by resource.",
	.kind = METRIC_COUNTER,
	.labels = "resource",
};
static const struct metric_desc swept_desc = {
	.name = "binnacle_kube_swept_total",
	.help = "Objects deleted because a complete list did not hold them, by resource.",
	.kind = METRIC_COUNTER,
	.labels = "resource",
};
static const struct metric_desc refused_desc = {
	.name = "binnacle_kube_refused_total",
	.help = "Objects that could not be kept (bad names, too large, no memory), by resource.",
	.kind = METRIC_COUNTER,
	.labels = "resource",
};
static const struct metric_desc events_desc = {
	.name = "binnacle_kube_events_total",
	.help = "Events of watches, by resource and type.",
	.kind = METRIC_COUNTER,
	.labels = "resource,type",
};
static const struct metric_desc checks_desc = {
	.name = "binnacle_kube_checks_total",
	.help = "Comparisons of the store with the API server, by resource.",
	.kind = METRIC_COUNTER,
	.labels = "resource",
};
static const struct metric_desc differences_desc = {
	.name = "binnacle_kube_differences_total",
	.help = "Objects that such a comparison found missing, stale or left over, by resource.",
	.kind = METRIC_COUNTER,
	.labels = "resource",
};
static const struct metric_desc objects_desc = {
	.name = "binnacle_kube_objects",
	.help = "Objects kept, by resource.",
	.kind = METRIC_GAUGE,
	.labels = "resource",
};
static const struct metric_desc bytes_desc = {
	.name = "binnacle_kube_bytes",
	.help = "Bytes of the kept objects and their tables.",
	.kind = METRIC_GAUGE,
	.labels = "",
};
static const struct metric_desc away_desc = {
	.name = "binnacle_kube_away",
	.help = "Clients whose API server does not answer now.",
	.kind = METRIC_GAUGE,
	.labels = "",
};
static const struct metric_desc last_event_desc = {
	.name = "binnacle_kube_last_event_timestamp_seconds",
	.help = "Unix time of the last event of a watch, by resource.",
	.kind = METRIC_GAUGE,
	.labels = "resource",
};

/* ---------------------------------------------------------------- read when scraped */

static double objects(const struct kube_client *c, enum kube_kind kind)
{
	return (double)kube_store_count(c->store, kind);
}

static double bytes(const struct kube_client *c, enum kube_kind kind)
{
	return (double)kube_store_bytes(c->store);
}

static double away(const struct kube_client *c, enum kube_kind kind)
{
	return __atomic_load_n(&c->gate->away, __ATOMIC_RELAXED);
}

static double last_event(const struct kube_client *c, enum kube_kind kind)
{
	for (size_t i = 0; i < c->n_watches; i++) {
		if (c->watches[i].kind == kind)
			return (double)__atomic_load_n(&c->watches[i].last_event_s, __ATOMIC_RELAXED);
	}
	return 0;
}

static const enum kube_kind kinds[KUBE_N_KINDS] = {KUBE_SERVICE, KUBE_SLICE,  KUBE_NAMESPACE,
						   KUBE_POD,     KUBE_IMPORT, KUBE_IMPORT_SLICE};

static double read_objects(void *arg)
{
	return kube_clients_sum(objects, *(const enum kube_kind *)arg);
}

static double read_last_event(void *arg)
{
	return kube_clients_sum(last_event, *(const enum kube_kind *)arg);
}

static double read_bytes(void *arg)
{
	return kube_clients_sum(bytes, KUBE_SERVICE);
}

static double read_away(void *arg)
{
	return kube_clients_sum(away, KUBE_SERVICE);
}

void kube_metrics_start(void)
{
	static const char *const none[] = {""};

	metrics_reader(&bytes_desc, none, read_bytes, NULL);
	metrics_reader(&away_desc, none, read_away, NULL);
}

/* ---------------------------------------------------------------- counted */

void kube_metrics_watch(struct kube_watch *w)
{
	const char *resource = kube_kind_text(w->kind);
	static const char *const types[] = {"ADDED", "MODIFIED", "DELETED"};
	void *kind = (void *)(uintptr_t)&kinds[w->kind];

	w->ids.lists = metrics_series(&lists_desc, &resource);
	w->ids.swept = metrics_series(&swept_desc, &resource);
	w->ids.refused = metrics_series(&refused_desc, &resource);
	w->ids.checks = metrics_series(&checks_desc, &resource);
	w->ids.differences = metrics_series(&differences_desc, &resource);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const char *const values[] = {resource, types[i]};

		w->ids.events[i] = metrics_series(&events_desc, values);
	}
	metrics_reader(&objects_desc, &resource, read_objects, kind);
	metrics_reader(&last_event_desc, &resource, read_last_event, kind);
}

void kube_metrics_client(struct kube_client *c)
{
	const char *const values[] = {"GET", c->auth.host};

	c->ids.duration = metrics_series(&duration_desc, values);
	c->ids.limiter = metrics_series(&limiter_desc, values);
}

void kube_metrics_add(uint32_t id, uint64_t n)
{
	metric_add(kube_loop.cells, id, n);
}

void kube_metrics_request(const struct kube_client *c, int status, uint64_t took_ns)
{
	char code[12];
	const char *const values[] = {code, "GET", c->auth.host};

	if (status >= 100 && status < 600)
		snprintf(code, sizeof(code), "%d", status);
	else
		snprintf(code, sizeof(code), "<error>");
	metric_add(kube_loop.cells, metrics_series(&requests_desc, values), 1);
	metric_observe(kube_loop.cells, c->ids.duration, &duration_desc, took_ns);
}

void kube_metrics_limited(const struct kube_client *c, uint64_t waited_ns)
{
	metric_observe(kube_loop.cells, c->ids.limiter, &limiter_desc, waited_ns);
}

void kube_metrics_event(const struct kube_watch *w, enum kube_event_type type)
{
	if (type >= KUBE_EVENT_ADDED && type <= KUBE_EVENT_DELETED)
		kube_metrics_add(w->ids.events[type - KUBE_EVENT_ADDED], 1);
}

/* ---------------------------------------------------------------- programming time */

/* RFC 3339 with a fraction of at most nine digits, in UTC ("Z"), as the endpoint controller writes it. */
static bool parse_time(struct kube_str text, uint64_t *ret_ns)
{
	char copy[64];
	struct tm tm = {0};
	const char *rest;
	uint64_t fraction = 0, unit = NS_PER_S;

	snprintf(copy, sizeof(copy), "%.*s", (int)(text.len < 63 ? text.len : 63), text.s);
	rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return false;
	if (*rest == '.') {
		while (*++rest >= '0' && *rest <= '9' && unit > 1) {
			unit /= 10;
			fraction += (uint64_t)(*rest - '0') * unit;
		}
	}
	if (*rest != 'Z' || timegm(&tm) < 0)
		return false;
	*ret_ns = (uint64_t)timegm(&tm) * NS_PER_S + fraction;
	return true;
}

void kube_metrics_programming(const struct kube_client *c, const struct kube_object *slice)
{
	const struct kube_name *n;
	const struct kube_service *svc;
	uint64_t then, now = clock_wall_ns();
	const char *kind;

	if (!slice->trigger_time.len)
		return;
	n = kube_name_find(c->store, slice->ns.s, slice->ns.len, slice->service.s, slice->service.len);
	svc = n ? kube_name_service(n) : NULL;
	if (!svc)
		return;
	if (!parse_time(slice->trigger_time, &then)) {
		log_line(LOG_WARNING,
			 "plugin/kubernetes: endpointslice %.*s/%.*s: " KUBE_TRIGGER_TIME " is no time: %.*s",
			 (int)slice->ns.len, slice->ns.s, (int)slice->name.len, slice->name.s,
			 (int)slice->trigger_time.len, slice->trigger_time.s);
		return;
	}
	kind = svc->type == KUBE_HEADLESS ? "headless_with_selector" : "cluster_ip";
	metric_observe(kube_loop.cells, metrics_series(&programming_desc, &kind), &programming_desc,
		       now > then ? now - then : 0);
}

/* ---------------------------------------------------------------- for people who look */

bool kube_away(const struct kube_client *c)
{
	return __atomic_load_n(&c->gate->away, __ATOMIC_RELAXED);
}

uint64_t kube_last_event_s(const struct kube_client *c, enum kube_kind kind)
{
	for (size_t i = 0; i < c->n_watches; i++) {
		if (c->watches[i].kind == kind)
			return __atomic_load_n(&c->watches[i].last_event_s, __ATOMIC_RELAXED);
	}
	return 0;
}
