// SPDX-License-Identifier: Apache-2.0
/* The query as upstreams see it.
 *
 *   length (TCP only) | header | question as the client wrote it | OPT
 * The OPT stands last, so the same bytes serve with and without it: ARCOUNT and the length tell. */

#include "upstream/exchange.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

enum {
	OPT_FIXED = 11, /* root owner, type, class, TTL, RDLENGTH */
	EDNS_DO = 0x8000,
	ARCOUNT_AT = 2 + 10, /* in the frame */
	FLAGS_AT = 2 + 2,
};

/* Options that concern one hop only: RFC 7873, 7828, 7830, 5001. */
bool upstream_option_is_hop_by_hop(uint16_t code)
{
	return code == OPTION_COOKIE || code == OPTION_TCP_KEEPALIVE || code == OPTION_PADDING ||
	       code == OPTION_NSID;
}

/* Copy the options that pass; with `out` NULL only their length is told.  They were checked when the client's
 * message was read. */
static size_t copy_options(const struct upstream_question *q, uint8_t *out)
{
	const uint8_t *from = q->options;
	size_t len = q->options_len;
	size_t n = 0;

	for (size_t at = 0; at + 4 <= len;) {
		size_t size = 4u + wire_u16(from + at + 2);
		uint16_t code = wire_u16(from + at);

		if (size > len - at)
			break;
		if (!upstream_option_is_hop_by_hop(code) || (q->hop_options >> code & 1)) { /* those are below 64 */
			if (out)
				memcpy(out + n, from + at, size);
			n += size;
		}
		at += size;
	}
	return n;
}

static uint8_t *put_opt(uint8_t *p, uint16_t size, bool do_bit)
{
	p[0] = 0;
	wire_put_u16(p + 1, TYPE_OPT);
	wire_put_u16(p + 3, size);
	wire_put_u32(p + 5, do_bit ? EDNS_DO : 0);
	wire_put_u16(p + 9, 0);
	return p + OPT_FIXED;
}

static uint16_t edns_size(const struct upstream_set *s, uint16_t cap)
{
	uint16_t size = s->c.edns_size;

	if (cap && cap < size)
		size = cap;
	return size < WIRE_UDP_MIN ? WIRE_UDP_MIN : size;
}

int upstream_message_build(struct upstream_exchange *x, const struct upstream_question *q)
{
	size_t options = q->options_len ? copy_options(q, NULL) : 0;
	size_t size = 2u + WIRE_HEADER_LEN + q->question_len + OPT_FIXED + options;
	size_t spare = x->w->set->c.cookies != COOKIES_OFF ? COOKIE_OPTION_MAX : 0;
	uint8_t *f = x->room, *p;

	if (size + spare - 2 > WIRE_MSG_MAX) /* options of nearly 64 KiB: without them */
		size -= options, options = 0;
	if (size + spare > sizeof(x->room))
		f = arena_alloc(&x->arena, size + spare);
	if (!f)
		return -ENOMEM;
	memset(f, 0, 2 + WIRE_HEADER_LEN);
	wire_put_u16(f + FLAGS_AT, q->flags & (FLAG_RD | FLAG_CD | FLAG_AD));
	wire_put_u16(f + FLAGS_AT + 2, 1);
	memcpy(f + 2 + WIRE_HEADER_LEN, q->question, q->question_len);
	p = put_opt(f + 2 + WIRE_HEADER_LEN + q->question_len, edns_size(x->w->set, q->udp_cap), q->do_bit);
	if (options) {
		copy_options(q, p);
		wire_put_u16(p - 2, (unsigned)options);
	}
	x->a.frame = f;
	x->question_len = q->question_len;
	x->plain_len = (uint16_t)(WIRE_HEADER_LEN + q->question_len);
	x->full_len = (uint16_t)(size - 2);
	return 0;
}

size_t upstream_message_size(const struct upstream_exchange *x)
{
	return 2u + x->full_len + (x->w->set->c.cookies != COOKIES_OFF ? COOKIE_OPTION_MAX : 0u);
}

/* By itself a cookie goes only where EDNS is known to pass: silence to the first questions then has one possible cause
 * less.  A client's own options reach the upstream alone. */
static bool cookie_fits(const struct upstream_exchange *x, const struct upstream_peer *p)
{
	if (x->no_cookie_mask & server_bit(p->server))
		return false;
	return x->w->set->c.cookies == COOKIES_ON ||
	       (x->full_len == x->plain_len + OPT_FIXED && !upstream_edns_doubtful(p->server, worker_now(p->w)));
}

/* The cookie stands behind the client's options. */
static void select_cookie(const struct upstream_exchange *x, struct attempt *a, struct upstream_peer *p)
{
	uint8_t *opt = a->frame + 2 + x->plain_len;
	size_t n = 0;

	if (cookie_fits(x, p))
		n = upstream_cookie_put(p, a->frame + 2 + x->full_len);
	wire_put_u16(opt + OPT_FIXED - 2, (unsigned)(x->full_len - x->plain_len - OPT_FIXED + n));
	a->len = (uint16_t)(x->full_len + n);
	a->cookie = n > 0;
}

void upstream_message_select(const struct upstream_exchange *x, struct attempt *a, struct upstream_peer *p,
			     enum leg leg, bool edns)
{
	const struct upstream_config *c = &p->w->set->c;

	a->edns = edns;
	a->cookie = false;
	a->len = edns ? x->full_len : x->plain_len;
	wire_put_u16(a->frame + ARCOUNT_AT, edns);
	if (c->cookies != COOKIES_OFF && edns)
		select_cookie(x, a, p);
	a->mixed = false;
	if (unlikely(c->case_randomization))
		upstream_case_put(x, a, p, leg);
}

size_t upstream_message_probe(uint8_t *f, const uint8_t *domain, bool rd, bool edns)
{
	size_t name_len = wire_name_len(domain);
	uint8_t *p = f + 2 + WIRE_HEADER_LEN;

	memset(f, 0, 2 + WIRE_HEADER_LEN);
	wire_put_u16(f + FLAGS_AT, rd ? FLAG_RD : 0);
	wire_put_u16(f + FLAGS_AT + 2, 1);
	memcpy(p, domain, name_len);
	p += name_len;
	wire_put_u16(p, TYPE_NS);
	wire_put_u16(p + 2, CLASS_IN);
	p += 4;
	if (edns) {
		p = put_opt(p, 1232, false);
		wire_put_u16(f + ARCOUNT_AT, 1);
	}
	return (size_t)(p - f) - 2;
}
