// SPDX-License-Identifier: Apache-2.0
/* Connections: a table of sets, so that whoever sends many can only push out those of the same set. */
#include "capture/tcp.h"

#include "capture/stream.h"

#include <errno.h>
#include <stdlib.h>

enum { SETS = 512, WAYS = 8, TCP_HEADER = 20, FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };

struct flow {
	bool used;
	struct capture_end ends[2]; /* the one that compares less first */
	struct capture_stream streams[2]; /* from that end */
	int64_t last_ns;
	unsigned file;
	uint32_t number; /* its last packet */
};

struct capture_tcp {
	struct flow flows[SETS][WAYS];
	struct capture_stream_pool pool;
	struct capture_tcp_sink sink;
	struct hash_key key;
	/* The segment that is being added. */
	const struct capture_frame *frame;
	uint32_t ifindex;
	const struct capture_ip *ip;
};

struct capture_tcp *capture_tcp_new(const struct capture_tcp_sink *sink, const struct hash_key *key)
{
	struct capture_tcp *t = calloc(1, sizeof(*t));

	if (t) {
		t->sink = *sink;
		t->key = *key;
	}
	return t;
}

void capture_tcp_free(struct capture_tcp *t)
{
	for (size_t i = 0; t && i < SETS * WAYS; i++) {
		for (int k = 0; k < 2; k++)
			capture_stream_reset(&t->flows[i / WAYS][i % WAYS].streams[k], &t->pool);
	}
	free(t);
}

const struct capture_tcp_counts *capture_tcp_counts(const struct capture_tcp *t)
{
	return &t->pool.counts;
}

static void put_message(void *arg, const struct capture_tcp_message *m)
{
	struct capture_tcp *t = arg;

	t->sink.message(t->sink.arg, t->frame, t->ifindex, t->ip, m);
}

/* Its flow, a free one of the set, or the one that was quiet longest. */
static struct flow *find_flow(struct capture_tcp *t, const struct capture_end ends[2])
{
	struct flow *set = t->flows[hash_bytes(&t->key, ends, 2 * sizeof(*ends)) % SETS], *best = set;

	for (int i = 0; i < WAYS; i++) {
		struct flow *f = &set[i];
		if (f->used && !memcmp(f->ends, ends, sizeof(f->ends)))
			return f;
		if (best->used && (!f->used || f->last_ns < best->last_ns))
			best = f;
	}
	t->pool.counts.evicted += best->used;
	for (int k = 0; k < 2; k++)
		capture_stream_reset(&best->streams[k], &t->pool);
	best->used = true;
	memcpy(best->ends, ends, sizeof(best->ends));
	return best;
}

static void note_event(struct capture_tcp *t, unsigned flags)
{
	enum capture_tcp_event e = TCP_ASKED;

	if (flags & FLAG_RST)
		e = TCP_RESET;
	else if (!(flags & FLAG_SYN))
		return;
	else if (flags & FLAG_ACK)
		e = TCP_ACCEPTED;
	t->sink.event(t->sink.arg, t->frame, t->ip, e);
}

static void add(struct capture_tcp *t, struct flow *f, int from, unsigned flags,
		struct capture_stream_piece *in)
{
	struct capture_stream_out out = {put_message, t};

	f->last_ns = in->time_ns;
	f->file = t->frame->file;
	f->number = t->frame->number;
	note_event(t, flags);
	if (flags & FLAG_RST) {
		for (int k = 0; k < 2; k++)
			capture_stream_reset(&f->streams[k], &t->pool);
		return;
	}
	if (flags & FLAG_SYN)
		capture_stream_start(&f->streams[from], &t->pool, ++in->seq);
	if (!in->len)
		return;
	t->pool.counts.segments++;
	capture_stream_add(&f->streams[from], &t->pool, in, &out);
}

int capture_tcp_add(struct capture_tcp *t, const struct capture_frame *frame, uint32_t ifindex,
		    const struct capture_ip *ip)
{
	struct wire_reader r = wire_reader_at(ip->payload, ip->captured, 0);
	const uint8_t *p = wire_reader_bytes(&r, TCP_HEADER);
	struct capture_ip with_ports = *ip;
	struct capture_end ends[2];

	if (!p)
		return r.err;
	size_t head = (size_t)(p[12] >> 4) * 4;
	if (head < TCP_HEADER || head > ip->len)
		return -EBADMSG;
	with_ports.src.port = wire_u16(p);
	with_ports.dst.port = wire_u16(p + 2);
	int from = memcmp(&with_ports.src, &with_ports.dst, sizeof(with_ports.src)) > 0;
	ends[from] = with_ports.src;
	ends[!from] = with_ports.dst;
	size_t there = ip->captured > head ? ip->captured - head : 0;
	struct capture_stream_piece in = {wire_u32(p + 4), ip->payload + (there ? head : 0), there,
					  ip->len - head, frame->time_ns};
	t->frame = frame;
	t->ifindex = ifindex;
	t->ip = &with_ports;
	add(t, find_flow(t, ends), from, p[13], &in);
	return 0;
}

void capture_tcp_finish(struct capture_tcp *t)
{
	for (size_t i = 0; i < SETS * WAYS; i++) {
		struct flow *f = &t->flows[i / WAYS][i % WAYS];
		for (int k = 0; f->used && k < 2; k++) {
			struct capture_ip ip = {.src = f->ends[k], .dst = f->ends[!k]};
			struct capture_frame frame = {
				.time_ns = f->last_ns, .file = f->file, .number = f->number};
			t->frame = &frame;
			t->ip = &ip;
			t->ifindex = 0;
			capture_stream_skip_hole(&f->streams[k], &t->pool,
						 &(struct capture_stream_out){put_message, t});
		}
	}
}
