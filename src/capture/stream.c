// SPDX-License-Identifier: Apache-2.0
#include "capture/stream.h"

#include <stdlib.h>

enum {
	LENGTH_PREFIX = 2,
	QUESTION_LEAST = 5, /* the root's name, type, class */
	MESSAGE_LEAST = WIRE_HEADER_LEN + QUESTION_LEAST,
	WAITING_SEGMENTS_MAX = 64,
	WAITING_MAX = 256 << 10,
	POOL_MAX = 32 << 20,
};

static const int64_t HOLE_WAIT_NS = 1000000000;

struct segment {
	struct segment *next;
	uint32_t seq;
	size_t captured, len;
	int64_t time_ns;
	uint8_t bytes[];
};

static void drop_segment(struct capture_stream *s, struct capture_stream_pool *p)
{
	struct segment *g = s->waiting;

	s->waiting = g->next;
	s->n_waiting--;
	s->waiting_bytes -= g->captured;
	p->waiting_bytes -= g->captured;
	free(g);
}

void capture_stream_reset(struct capture_stream *s, struct capture_stream_pool *p)
{
	while (s->waiting)
		drop_segment(s, p);
	free(s->buf);
	*s = (struct capture_stream){0};
}

void capture_stream_start(struct capture_stream *s, struct capture_stream_pool *p, uint32_t next)
{
	if (s->synced && s->next == next && !s->len)
		return; /* the same SYN again */
	capture_stream_reset(s, p);
	s->synced = true;
	s->next = next;
}

/* A guess at what a stream's middle is: does a message begin here?  A length of two bytes that was sent by itself is
 * believed; what follows it is looked at when it is there. */
static bool looks_like_start(const struct capture_stream_piece *in)
{
	const uint8_t *p = in->bytes;

	if (in->captured < LENGTH_PREFIX)
		return false;
	size_t n = wire_u16(p);
	if (n < MESSAGE_LEAST)
		return false;
	if (in->captured < LENGTH_PREFIX + WIRE_HEADER_LEN)
		return in->len == LENGTH_PREFIX || in->len == n + LENGTH_PREFIX;
	const uint8_t *h = p + LENGTH_PREFIX;
	unsigned flags = wire_u16(h + HEADER_FLAGS), opcode = (flags & FLAG_OPCODE) >> 11;
	if (wire_u16(h + HEADER_QDCOUNT) != 1 || opcode > OPCODE_UPDATE || (flags & FLAG_Z))
		return false;
	return in->captured == LENGTH_PREFIX + WIRE_HEADER_LEN || h[WIRE_HEADER_LEN] <= WIRE_LABEL_MAX;
}

/* Where the next message begins is not known any more. */
static void lose(struct capture_stream *s, struct capture_stream_pool *p)
{
	p->counts.dropped_bytes += s->len;
	s->synced = false;
	s->len = s->hole_from = s->hole_to = 0;
}

static bool has_hole(const struct capture_stream *s, size_t from, size_t to)
{
	return s->hole_from < s->hole_to && s->hole_from < to && s->hole_to > from;
}

static void consume(struct capture_stream *s, size_t n)
{
	memmove(s->buf, s->buf + n, s->len - n);
	s->len -= n;
	if (s->hole_to <= n) {
		s->hole_from = s->hole_to = 0;
		return;
	}
	s->hole_to -= n;
	s->hole_from = s->hole_from > n ? s->hole_from - n : 0;
}

static void put_messages(struct capture_stream *s, struct capture_stream_pool *p,
			 const struct capture_stream_out *out)
{
	size_t at = 0;

	while (s->len - at >= LENGTH_PREFIX) {
		size_t start = at + LENGTH_PREFIX, n = wire_u16(s->buf + at);
		if (has_hole(s, at, start) || n < WIRE_HEADER_LEN) {
			lose(s, p);
			return;
		}
		if (s->len - start < n)
			break;
		struct capture_tcp_message m = {s->buf + start, n, n};
		if (has_hole(s, start, start + n))
			m.captured = s->hole_from > start ? s->hole_from - start : 0;
		out->message(out->arg, &m);
		at = start + n;
		if (s->hole_to <= at)
			s->hole_from = s->hole_to = 0;
	}
	if (at)
		consume(s, at);
}

static bool make_room(struct capture_stream *s, size_t n)
{
	size_t cap = s->cap ? s->cap : 2048;

	if (s->cap - s->len >= n)
		return true;
	while (cap - s->len < n)
		cap *= 2;
	uint8_t *buf = realloc(s->buf, cap);
	if (!buf)
		return false;
	s->buf = buf;
	s->cap = cap;
	return true;
}

/* The wanted bytes: `skip` of them are known already. */
static void append(struct capture_stream *s, struct capture_stream_pool *p,
		   const struct capture_stream_piece *in, size_t skip)
{
	size_t len = in->len - skip, captured = in->captured > skip ? in->captured - skip : 0;

	if (!make_room(s, len)) {
		lose(s, p);
		return;
	}
	if (captured)
		memcpy(s->buf + s->len, in->bytes + skip, captured);
	memset(s->buf + s->len + captured, 0, len - captured);
	if (captured < len) {
		if (s->hole_from == s->hole_to)
			s->hole_from = s->len + captured;
		s->hole_to = s->len + len;
	}
	s->len += len;
	s->next += (uint32_t)len;
}

/* How far `seq` is before (negative) or behind what is wanted. */
static int32_t distance(const struct capture_stream *s, uint32_t seq)
{
	return (int32_t)(seq - s->next);
}

static void keep(struct capture_stream *s, struct capture_stream_pool *p,
		 const struct capture_stream_piece *in)
{
	struct segment **at = &s->waiting, *g;

	while (*at && (int32_t)((*at)->seq - in->seq) < 0)
		at = &(*at)->next;
	if (*at && (*at)->seq == in->seq && (*at)->len >= in->len) {
		p->counts.repeated++;
		return;
	}
	if (p->waiting_bytes + in->captured > POOL_MAX || !(g = malloc(sizeof(*g) + in->captured))) {
		p->counts.dropped_bytes += in->len;
		return;
	}
	*g = (struct segment){*at, in->seq, in->captured, in->len, in->time_ns};
	memcpy(g->bytes, in->bytes, in->captured);
	*at = g;
	if (!s->n_waiting++)
		s->waiting_since_ns = in->time_ns;
	s->waiting_bytes += in->captured;
	p->waiting_bytes += in->captured;
	p->counts.out_of_order++;
}

static void take(struct capture_stream *s, struct capture_stream_pool *p,
		 const struct capture_stream_piece *in, const struct capture_stream_out *out)
{
	if (!s->synced) {
		if (!looks_like_start(in)) {
			p->counts.dropped_bytes += in->len;
			return;
		}
		s->synced = true;
		s->next = in->seq;
		p->counts.joined++;
	}
	int32_t ahead = distance(s, in->seq);
	if (ahead > 0) {
		keep(s, p, in);
	} else if ((size_t) - (int64_t)ahead >= in->len) {
		p->counts.repeated++;
	} else {
		append(s, p, in, (size_t) - (int64_t)ahead);
		put_messages(s, p, out);
	}
}

/* Segments that waited and are wanted now; all of them, in their order, where nothing is wanted. */
static void take_waiting(struct capture_stream *s, struct capture_stream_pool *p,
			 const struct capture_stream_out *out)
{
	while (s->waiting && (!s->synced || distance(s, s->waiting->seq) <= 0)) {
		struct segment *g = s->waiting;
		struct capture_stream_piece in = {g->seq, g->bytes, g->captured, g->len, g->time_ns};
		s->waiting = g->next; /* so that it does not meet itself */
		s->n_waiting--;
		s->waiting_bytes -= g->captured;
		p->waiting_bytes -= g->captured;
		take(s, p, &in, out);
		free(g);
	}
}

void capture_stream_skip_hole(struct capture_stream *s, struct capture_stream_pool *p,
			      const struct capture_stream_out *out)
{
	while (s->waiting) {
		p->counts.holes++;
		lose(s, p);
		take_waiting(s, p, out);
	}
}

void capture_stream_add(struct capture_stream *s, struct capture_stream_pool *p,
			const struct capture_stream_piece *in, const struct capture_stream_out *out)
{
	take(s, p, in, out);
	take_waiting(s, p, out);
	if (!s->waiting)
		return;
	int64_t waited = in->time_ns - s->waiting_since_ns;
	if (s->n_waiting > WAITING_SEGMENTS_MAX || s->waiting_bytes > WAITING_MAX || waited > HOLE_WAIT_NS)
		capture_stream_skip_hole(s, p, out);
}
