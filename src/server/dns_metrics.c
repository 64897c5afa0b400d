// SPDX-License-Identifier: Apache-2.0
#include "server/dns_metrics_row.h"

#include "base/arena.h"
#include "server/generation.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

static const double duration_s[DNS_DURATIONS] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
						 0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};
static const double size_exposed[DNS_SIZES] = {0,    100,  200,  300,   400,   511,   1023,
					       2047, 4095, 8291, 16000, 32000, 48000, 64000};

static const struct metric_desc requests_desc = {
	.name = "coredns_dns_requests_total",
	.help = "Queries by type, over which protocol and which family of addresses they came.",
	.labels = "server,zone,view,proto,family,type",
};
static const struct metric_desc duration_desc = {
	.name = "coredns_dns_request_duration_seconds",
	.help = "Time from the arrival of a query to its answer; what is answered at once counts as 0.",
	.kind = METRIC_HISTOGRAM,
	.labels = "server,zone,view",
	.buckets = duration_s,
	.n_buckets = DNS_DURATIONS,
	.scale = 1e9,
};
static const struct metric_desc request_size_desc = {
	.name = "coredns_dns_request_size_bytes",
	.help = "Length of the queries.",
	.kind = METRIC_HISTOGRAM,
	.labels = "server,zone,view,proto",
	.buckets = size_exposed,
	.n_buckets = DNS_SIZES,
};
static const struct metric_desc do_desc = {
	.name = "coredns_dns_do_requests_total",
	.help = "Queries with the DO bit.",
	.labels = "server,zone,view",
};
static const struct metric_desc response_size_desc = {
	.name = "coredns_dns_response_size_bytes",
	.help = "Length of the answers before they were cut for their clients; 0 for none.",
	.kind = METRIC_HISTOGRAM,
	.labels = "server,zone,view,proto",
	.buckets = size_exposed,
	.n_buckets = DNS_SIZES,
};
static const struct metric_desc responses_desc = {
	.name = "coredns_dns_responses_total",
	.help = "Answers by code and the plugin that gave them.",
	.labels = "server,zone,view,rcode,plugin",
};

/* ---------------------------------------------------------------- fixed lists */

static const char *const protos[] = {"udp", "tcp"};
static const char *const families[] = {"1", "2"};

/* The types that have a series of their own; 0 is the rest. */
static const struct {
	const char *text;
	uint16_t type;
} types[] = {
	{"other", 0}, {"A", 1},      {"NS", 2},     {"CNAME", 5},   {"SOA", 6},
	{"PTR", 12},  {"MX", 15},    {"TXT", 16},   {"AAAA", 28},   {"SRV", 33},
	{"DS", 43},   {"RRSIG", 46}, {"NSEC", 47},  {"DNSKEY", 48}, {"NSEC3", 50},
	{"SVCB", 64}, {"HTTPS", 65}, {"IXFR", 251}, {"AXFR", 252},  {"ANY", 255},
};
_Static_assert(ARRAY_LEN(types) == DNS_TYPES, "each type has its series");

struct dns_row *dns_metrics_row(struct arena *a, const char *server, const char *zone, const char *view,
				const struct block *block)
{
	size_t n = (1 + (block ? block->n_chain : 0)) * DNS_RCODES;
	struct dns_row *r = arena_zalloc(a, sizeof(*r) + n * sizeof(r->responses[0]));

	if (r) {
		r->server = server;
		r->zone = zone;
		r->view = view;
		r->block = block;
	}
	return r;
}

/* ---------------------------------------------------------------- resolving */

static const char *rcode_label(unsigned i, char buf[16])
{
	if (i >= 12 && i <= 15) { /* no names were given to these */
		(void)snprintf(buf, 16, "RCODE%u", i);
		return buf;
	}
	return i < DNS_RCODE_REST ? wire_rcode_text(i, buf) : "other";
}

static metric_id series(const struct dns_row *r, const struct metric_desc *d, const char *a, const char *b,
			const char *c)
{
	return metrics_series(d, (const char *const[]){r->server, r->zone, r->view, a, b, c});
}

/* Two workers may do so at once, and find the same. */
void dns_row_prepare(struct dns_row *r)
{
	__atomic_store_n(&r->duration, series(r, &duration_desc, NULL, NULL, NULL), __ATOMIC_RELAXED);
	__atomic_store_n(&r->dos, series(r, &do_desc, NULL, NULL, NULL), __ATOMIC_RELAXED);
	for (int p = 0; p < 2; p++) {
		__atomic_store_n(&r->request_size[p], series(r, &request_size_desc, protos[p], NULL, NULL),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&r->response_size[p], series(r, &response_size_desc, protos[p], NULL, NULL),
				 __ATOMIC_RELAXED);
	}
	__atomic_store_n(&r->ready, true, __ATOMIC_RELEASE);
}

metric_id dns_row_resolve_request(struct dns_row *r, unsigned proto, unsigned family, unsigned type)
{
	metric_id id = series(r, &requests_desc, protos[proto], families[family], types[type].text);

	__atomic_store_n(&r->requests[proto][family][type], id, __ATOMIC_RELAXED);
	return id;
}

metric_id dns_row_resolve_response(struct dns_row *r, unsigned plugin, unsigned rcode)
{
	const char *name = plugin ? r->block->chain[plugin - 1].plugin->name : "";
	char buf[16];
	metric_id id = series(r, &responses_desc, rcode_label(rcode, buf), name, NULL);

	__atomic_store_n(&r->responses[plugin * DNS_RCODES + rcode], id, __ATOMIC_RELAXED);
	return id;
}

void dns_metrics_prefill(struct dns_row *r)
{
	static const uint8_t usual[] = {0, 2, 3, 5};

	dns_row_prepare(r);
	for (unsigned t = 0; t < 4 * DNS_TYPES; t++)
		dns_row_request(r, t / (2 * DNS_TYPES), t / DNS_TYPES % 2, t % DNS_TYPES);
	for (unsigned i = 0; i <= (r->block ? r->block->n_chain : 0); i++) {
		for (size_t k = 0; k < sizeof(usual); k++)
			dns_row_response(r, i, usual[k]);
	}
}
