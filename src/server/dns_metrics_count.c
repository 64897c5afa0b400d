// SPDX-License-Identifier: Apache-2.0
/* Counting a query in its row. */
#include "server/dns_metrics_row.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/worker.h"

/* The bounds of the histograms in the cells' own units. */
static const uint64_t duration_ns[DNS_DURATIONS] = {250000,	 500000,    1000000,   2000000,	  4000000,    8000000,	  16000000,   32000000,
				       64000000, 128000000, 256000000, 512000000, 1024000000, 2048000000, 4096000000, 8192000000};
static const uint64_t size_bytes[DNS_SIZES] = {0,    100,  200,	300,   400,   511,   1023,
				      2047, 4095, 8291, 16000, 32000, 48000, 64000};

/* Index in `types` of each type up to 255. */
static const uint8_t type_index[256] = {
	[1] = 1,  [2] = 2,   [5] = 3,	[6] = 4,   [12] = 5,  [15] = 6,	 [16] = 7,   [28] = 8,	 [33] = 9,  [43] = 10,
	[46] = 11, [47] = 12, [48] = 13, [50] = 14, [64] = 15, [65] = 16, [251] = 17, [252] = 18, [255] = 19,
};

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

/* A failure that a plugin only returns is written by the server, in the peer, after it was counted: it has no plugin and no
 * size then. */
static bool only_returned(const struct query *q)
{
	return q->error && q->reply.rcode != RCODE_NOERROR && q->reply.rcode != RCODE_NXDOMAIN;
}

static void count_response(struct dns_row *r, struct query *q, uint64_t *cells, unsigned proto)
{
	bool none = q->dropped || only_returned(q);
	const struct wire_answer *a = none ? NULL : reply_wire(q);
	unsigned rcode = q->dropped ? RCODE_NOERROR : q->reply.rcode, plugin = none || !r->block ? 0 : q->answered_place;

	metric_inc(cells, dns_row_response(r, plugin, rcode < DNS_RCODE_REST ? rcode : DNS_RCODE_REST));
	observe(cells, dns_row_response_size(r, proto), size_bytes, DNS_SIZES, a ? a->msg_len : 0);
}

void dns_metrics_count(struct dns_row *r, struct query *q)
{
	uint64_t *cells = q->w->cells;
	unsigned proto = proto_of(q), family = net_addr_family(net_return_peer(&q->from)) == 2;

	metric_inc(cells, dns_row_request(r, proto, family, q->in.qtype < 256 ? type_index[q->in.qtype] : 0));
	observe(cells, dns_row_duration(r), duration_ns, DNS_DURATIONS,
		loop_now_ns(q->w->loop) - q->arrived_ns);
	if (q->in.do_bit)
		metric_inc(cells, dns_row_do(r));
	observe(cells, dns_row_request_size(r, proto), size_bytes,
		DNS_SIZES, q->request_len);
	count_response(r, q, cells, proto);
}
