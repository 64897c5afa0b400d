// SPDX-License-Identifier: Apache-2.0
#include "server/dns_metrics.h"

#include "base/arena.h"
#include "base/metrics.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/worker.h"

#include <stdio.h>
#include <string.h>

/* Nanoseconds and bytes; exposed as the seconds and bytes beside them. */
static const uint64_t duration_ns[] = {250000,	 500000,    1000000,   2000000,	  4000000,    8000000,	  16000000,   32000000,
				       64000000, 128000000, 256000000, 512000000, 1024000000, 2048000000, 4096000000, 8192000000};
static const double duration_s[] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
				    0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};
static const uint64_t size_bytes[] = {0,    100,  200,	300,   400,   511,   1023,
				      2047, 4095, 8291, 16000, 32000, 48000, 64000};
static const double size_exposed[] = {0,    100,  200,	300,   400,   511,   1023,
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
	.n_buckets = ARRAY_LEN(duration_s),
	.scale = 1e9,
};
static const struct metric_desc request_size_desc = {
	.name = "coredns_dns_request_size_bytes",
	.help = "Length of the queries.",
	.kind = METRIC_HISTOGRAM,
	.labels = "server,zone,view,proto",
	.buckets = size_exposed,
	.n_buckets = ARRAY_LEN(size_exposed),
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
	.n_buckets = ARRAY_LEN(size_exposed),
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
	{"other", 0},  {"A", 1},      {"NS", 2},      {"CNAME", 5},  {"SOA", 6},     {"PTR", 12},   {"MX", 15},
	{"TXT", 16},   {"AAAA", 28},  {"SRV", 33},    {"DS", 43},    {"RRSIG", 46},  {"NSEC", 47},  {"DNSKEY", 48},
	{"NSEC3", 50}, {"SVCB", 64},  {"HTTPS", 65},  {"IXFR", 251}, {"AXFR", 252}, {"ANY", 255},
};
enum { N_TYPES = ARRAY_LEN(types), N_RCODES = 25 /* 0..23, and the rest */, RCODE_REST = N_RCODES - 1 };

/* Index in `types` of each type up to 255. */
static const uint8_t type_index[256] = {
	[1] = 1,  [2] = 2,   [5] = 3,	[6] = 4,   [12] = 5,  [15] = 6,	 [16] = 7,   [28] = 8,	 [33] = 9,  [43] = 10,
	[46] = 11, [47] = 12, [48] = 13, [50] = 14, [64] = 15, [65] = 16, [251] = 17, [252] = 18, [255] = 19,
};

struct dns_row {
	const char *server, *zone, *view;
	const struct block *block;
	/* Atomic (relaxed): 0 until resolved, then the same for good. */
	metric_id duration, dos, request_size[2], response_size[2];
	metric_id requests[2][2][N_TYPES];
	metric_id responses[]; /* [plugin][rcode]; plugin 0: none, then by place in the chain */
};

struct dns_row *dns_metrics_row(struct arena *a, const char *server, const char *zone, const char *view,
				const struct block *block)
{
	size_t n = (1 + (block ? block->n_chain : 0)) * N_RCODES;
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
	return i < RCODE_REST ? wire_rcode_text(i, buf) : "other";
}

static metric_id resolve(const struct dns_row *r, const struct metric_desc *d, const char *a, const char *b, const char *c,
			 metric_id *place)
{
	metric_id id = metrics_series(d, (const char *const[]){r->server, r->zone, r->view, a, b, c});

	__atomic_store_n(place, id, __ATOMIC_RELAXED);
	return id;
}

static metric_id resolved(const metric_id *place)
{
	return __atomic_load_n(place, __ATOMIC_RELAXED);
}

static metric_id request_id(struct dns_row *r, unsigned proto, unsigned family, unsigned type)
{
	metric_id *at = &r->requests[proto][family][type], id = resolved(at);

	return likely(id) ? id : resolve(r, &requests_desc, protos[proto], families[family], types[type].text, at);
}

static metric_id response_id(struct dns_row *r, unsigned plugin, unsigned rcode)
{
	metric_id *at = &r->responses[plugin * N_RCODES + rcode], id = resolved(at);
	char buf[16];

	if (likely(id))
		return id;
	return resolve(r, &responses_desc, rcode_label(rcode, buf),
		       plugin ? r->block->chain[plugin - 1].plugin->name : "", NULL, at);
}

/* Of one label beyond the row's own, or none. */
static metric_id plain_id(struct dns_row *r, const struct metric_desc *d, metric_id *at, const char *label)
{
	metric_id id = resolved(at);

	return likely(id) ? id : resolve(r, d, label, NULL, NULL, at);
}

void dns_metrics_prefill(struct dns_row *r)
{
	static const uint8_t usual[] = {0, 2, 3, 5};

	plain_id(r, &duration_desc, &r->duration, NULL);
	plain_id(r, &do_desc, &r->dos, NULL);
	for (unsigned p = 0; p < 2; p++) {
		plain_id(r, &request_size_desc, &r->request_size[p], protos[p]);
		plain_id(r, &response_size_desc, &r->response_size[p], protos[p]);
		for (unsigned t = 0; t < 2 * N_TYPES; t++)
			request_id(r, p, t / N_TYPES, t % N_TYPES);
	}
	for (unsigned i = 0; i <= (r->block ? r->block->n_chain : 0); i++) {
		for (size_t k = 0; k < sizeof(usual); k++)
			response_id(r, i, usual[k]);
	}
}

/* ---------------------------------------------------------------- counting */

/* metric_observe without its division: bounds in the cells' own units. */
static void observe(uint64_t *cells, metric_id id, const uint64_t *bounds, unsigned n, uint64_t value)
{
	unsigned i = 0;

	while (i < n && value > bounds[i])
		i++;
	metric_inc(cells, id + i);
	metric_add(cells, id + n + 1, value);
}

/* What travels in datagrams counts as udp, QUIC included. */
static unsigned proto_of(const struct query *q)
{
	return q->from.stream && q->from.transport != TRANSPORT_QUIC && q->from.transport != TRANSPORT_HTTPS3;
}

/* A failure that a plugin only returns is written by the server, in the peer: it has no plugin then. */
static unsigned plugin_of(const struct dns_row *r, const struct query *q)
{
	if (!r->block || q->dropped || (q->error && q->reply.rcode != RCODE_NOERROR && q->reply.rcode != RCODE_NXDOMAIN))
		return 0;
	return q->answered_place;
}

static void count_response(struct dns_row *r, struct query *q, uint64_t *cells, unsigned proto)
{
	const struct wire_answer *a = q->dropped ? NULL : reply_wire(q);
	unsigned rcode = q->dropped ? RCODE_NOERROR : q->reply.rcode;

	metric_inc(cells, response_id(r, plugin_of(r, q), rcode < RCODE_REST ? rcode : RCODE_REST));
	observe(cells, plain_id(r, &response_size_desc, &r->response_size[proto], protos[proto]), size_bytes,
		ARRAY_LEN(size_bytes), a ? a->msg_len : 0);
}

void dns_metrics_count(struct dns_row *r, struct query *q)
{
	uint64_t *cells = q->w->cells;
	unsigned proto = proto_of(q), family = net_addr_family(net_return_peer(&q->from)) == 2;

	metric_inc(cells, request_id(r, proto, family, q->in.qtype < 256 ? type_index[q->in.qtype] : 0));
	observe(cells, plain_id(r, &duration_desc, &r->duration, NULL), duration_ns, ARRAY_LEN(duration_ns),
		loop_now_ns(q->w->loop) - q->arrived_ns);
	if (q->in.do_bit)
		metric_inc(cells, plain_id(r, &do_desc, &r->dos, NULL));
	observe(cells, plain_id(r, &request_size_desc, &r->request_size[proto], protos[proto]), size_bytes,
		ARRAY_LEN(size_bytes), q->request_len);
	count_response(r, q, cells, proto);
}
