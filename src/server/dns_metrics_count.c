// SPDX-License-Identifier: Apache-2.0
/* Counting a query in its row. */
#include "server/dns_metrics_row.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/worker.h"

/* The bounds of the histograms in the cells' own units. */
static const uint64_t duration_ns[DNS_DURATIONS] = {
	250000,   500000,    1000000,   2000000,   4000000,    8000000,    16000000,   32000000,
	64000000, 128000000, 256000000, 512000000, 1024000000, 2048000000, 4096000000, 8192000000};
static const uint64_t size_bytes[DNS_SIZES] = {0,    100,  200,  300,   400,   511,   1023,
					       2047, 4095, 8291, 16000, 32000, 48000, 64000};

/* Index in `types` of each type up to 255. */
static const uint8_t type_index[256] = {
	[1] = 1,   [2] = 2,   [5] = 3,    [6] = 4,    [12] = 5,   [15] = 6,  [16] = 7,
	[28] = 8,  [33] = 9,  [43] = 10,  [46] = 11,  [47] = 12,  [48] = 13, [50] = 14,
	[64] = 15, [65] = 16, [251] = 17, [252] = 18, [255] = 19,
};

/* metric_observe without its division: bounds in the cells' own units. */
static inline void observe(uint64_t *cells, metric_id id, const uint64_t *bounds, unsigned n, uint64_t value)
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

static unsigned family_of(const struct query *q)
{
	const struct net_addr *peer = net_return_peer(&q->from);

	return peer->sa.sa_family != AF_INET && net_addr_family(peer) == 2;
}

/* A failure that a plugin only returns is written by the server, in the peer, after it was counted: it has
 * no plugin and no size then. */
static bool only_returned(const struct query *q)
{
	return q->error && q->reply.rcode != RCODE_NOERROR && q->reply.rcode != RCODE_NXDOMAIN;
}

static unsigned length_of(struct query *q)
{
	const struct wire_answer *a = q->reply.form == REPLY_WIRE ? q->reply.wire : reply_wire(q);

	return a ? a->msg_len : 0;
}

static void count_response(struct dns_row *r, struct query *q, uint64_t *cells, unsigned proto)
{
	bool none = q->dropped || only_returned(q);
	unsigned rcode = q->dropped ? RCODE_NOERROR : q->reply.rcode,
		 plugin = none || !r->block ? 0 : q->answered_place;

	metric_inc(cells, dns_row_response(r, plugin, rcode < DNS_RCODE_REST ? rcode : DNS_RCODE_REST));
	observe(cells, r->response_size[proto], size_bytes, DNS_SIZES, none ? 0 : length_of(q));
}

void dns_metrics_count(struct dns_row *r, struct query *q)
{
	uint64_t *cells = q->w->cells;
	unsigned proto = proto_of(q);

	if (unlikely(!__atomic_load_n(&r->ready, __ATOMIC_ACQUIRE)))
		dns_row_prepare(r);
	metric_inc(cells,
		   dns_row_request(r, proto, family_of(q), q->in.qtype < 256 ? type_index[q->in.qtype] : 0));
	observe(cells, r->duration, duration_ns, DNS_DURATIONS, loop_now_ns(q->w->loop) - q->arrived_ns);
	if (q->in.do_bit)
		metric_inc(cells, r->dos);
	observe(cells, r->request_size[proto], size_bytes, DNS_SIZES, q->request_len);
	count_response(r, q, cells, proto);
}
