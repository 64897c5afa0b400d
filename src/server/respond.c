// SPDX-License-Identifier: Apache-2.0
/* The last step of a query: its reply, written for this client (fit: wire/answer.h) and sent. */

#include "server/generation.h"
#include "server/query.h"
#include "server/server_metrics.h"
#include "server/tap.h"
#include "server/worker.h"
#include "wire/build.h"

#include <string.h>

enum { EDE_TEXT_MAX = 128, OPTIONS_MAX = 1024, OPT_LEN = 11 };

/* An EDE option (RFC 8914 2) behind what is in `out` already; returns the new length. */
static uint16_t put_ede(const struct reply *r, uint8_t *out, uint16_t at)
{
	size_t text = r->ede_text ? strnlen(r->ede_text, EDE_TEXT_MAX) : 0;

	wire_put_u16(out + at, OPTION_EDE);
	wire_put_u16(out + at + 2, (unsigned)(2 + text));
	wire_put_u16(out + at + 4, (unsigned)r->ede);
	memcpy(out + at + 6, r->ede_text ? r->ede_text : "", text);
	return (uint16_t)(at + 6 + text);
}

static void set_options(const struct query *q, struct wire_client *c, uint8_t *buf)
{
	const struct reply *r = &q->reply;
	uint16_t len = 0;

	if (r->options_len && r->options_len <= OPTIONS_MAX - EDE_TEXT_MAX - 6) {
		memcpy(buf, r->options, r->options_len);
		len = r->options_len;
	}
	if (r->ede != EDE_NONE)
		len = put_ede(r, buf, len);
	c->options = buf;
	c->options_len = len;
}

uint16_t reply_flags(const struct query *q)
{
	const struct reply *r = &q->reply;
	bool ra = r->ra || (q->block && q->block->recursion);
	unsigned flags = FLAG_QR | (q->in.flags & (FLAG_RD | FLAG_OPCODE)) | (r->aa ? FLAG_AA : 0u) |
			 (ra ? FLAG_RA : 0u) | (r->ad ? FLAG_AD : 0u) | (r->cd ? FLAG_CD : 0u);

	return (uint16_t)((flags | r->flags_set) & ~(unsigned)r->flags_clear);
}

static void set_flags(const struct query *q, struct wire_client *c)
{
	c->set = reply_flags(q);
	c->clear = (uint16_t)(~c->set & (FLAG_AA | FLAG_RD | FLAG_RA | FLAG_AD | FLAG_CD | FLAG_Z));
}

/* What the OPT of an answer says of our size: the client's own, within what we take, as the peer has
 * it.  Clients do not act on it, and a smaller number than ours is always safe (RFC 6891 6.2.3). */
static uint16_t opt_size(const struct query *q)
{
	uint16_t size = q->in.udp_size < WIRE_UDP_MIN ? WIRE_UDP_MIN : q->in.udp_size;
	uint16_t cap = q->from.stream ? QUERY_UDP_CAP : q->udp_cap;

	return size < cap ? size : cap;
}

/* A record that alone passes our cap would reach nobody over UDP: then the client's own size counts. */
static uint16_t limit_for(const struct query *q, const struct wire_answer *a)
{
	uint16_t limit = query_limit(q);

	if (likely(a->msg_len <= limit) || q->from.stream || q->udp_lowered || q->in.udp_size <= limit)
		return limit;
	if (!a->final_count || wire_answer_rr(a, a->final_first).end <= limit)
		return limit;
	return q->in.udp_size < UDP_TX_MAX ? q->in.udp_size : UDP_TX_MAX;
}

/* A subset shall be another one each time, not the neighbour of the last; and who asks for A and AAAA in turn shall
 * not always be given every other address, as a count would have it. */
static uint32_t start_of(const struct query *q)
{
	if (q->reply.keep_order)
		return 0;
	if (q->fit_subset || q->reply.rotate)
		return rng_u32(loop_rng(q->w->loop));
	return q->w->rotation++;
}

static void client_of(struct query *q, const struct wire_answer *a, struct wire_client *c, uint8_t *options)
{
	size_t whole;

	c->id = q->in.id;
	c->question = q->question;
	c->limit = limit_for(q, a);
	c->ttl_fixed = q->reply.ttl_fixed;
	c->ttl_s = q->reply.ttl_s;
	c->rotate = q->reply.rotate;
	c->subset = q->fit_subset;
	c->start = start_of(q);
	set_flags(q, c);
	c->has_opt = q->in.has_opt;
	c->options_len = 0;
	if (c->has_opt) {
		c->do_bit = q->in.do_bit;
		c->udp_size = opt_size(q);
		set_options(q, c, options);
	}
	/* Ask for no more room than the whole takes: streams reserve what is asked for. */
	whole = (size_t)a->msg_len + OPT_LEN + c->options_len;
	if (whole < c->limit)
		c->limit = (uint16_t)(whole > WIRE_UDP_MIN ? whole : WIRE_UDP_MIN);
}

/* An answer must not be made of what the upstream cut when the client is on a stream: it could not ask
 * again anywhere (design: fit). */
static void refuse_cut_on_stream(struct query *q)
{
	if (q->reply.cut && q->from.stream)
		query_fail(q, RCODE_SERVFAIL, EDE_NETWORK_ERROR, "the upstream's answer is truncated and TCP to it failed",
			   NULL);
}

/* Without memory for anything else: the header and the question, SERVFAIL. */
static void respond_bare(struct query *q)
{
	size_t len = WIRE_HEADER_LEN + (size_t)q->in.question_len;
	uint8_t *out = net_reply_begin(&q->from, len);

	if (!out)
		return;
	memset(out, 0, WIRE_HEADER_LEN);
	wire_put_u16(out, q->in.id);
	wire_put_u16(out + 2, (unsigned)(FLAG_QR | (q->in.flags & (FLAG_RD | FLAG_CD | FLAG_OPCODE)) | RCODE_SERVFAIL));
	wire_put_u16(out + 4, 1);
	memcpy(out + WIRE_HEADER_LEN, q->question, q->in.question_len);
	net_reply_end(&q->from, len);
}

void respond(struct query *q)
{
	uint8_t options[OPTIONS_MAX];
	const struct wire_answer *a;
	struct wire_client c;
	struct wire_fit fit;
	uint8_t *out;

	if (q->dropped) {
		net_reply_none(&q->from);
		return;
	}
	refuse_cut_on_stream(q);
	a = reply_wire(q);
	if (unlikely(!a)) {
		respond_bare(q);
		return;
	}
	client_of(q, a, &c, options);
	out = net_reply_begin(&q->from, c.limit);
	if (!out) {
		metric_inc(q->w->cells, server_metrics.client_gone);
		return;
	}
	fit = wire_answer_write(a, &c, out);
	if (fit.tc)
		metric_inc(q->w->cells, server_metrics.cut_answers);
	if (fit.subset)
		metric_inc(q->w->cells, server_metrics.subset_answers);
	for (const struct query_tap *t = q->taps; unlikely(t != NULL); t = t->next)
		t->sent(t, q, out, fit.len);
	net_reply_end(&q->from, fit.len);
}

size_t respond_into(struct query *q, uint8_t *out, struct wire_fit *ret)
{
	uint8_t options[OPTIONS_MAX];
	const struct wire_answer *a;
	struct wire_client c;

	*ret = (struct wire_fit){0};
	refuse_cut_on_stream(q);
	a = q->dropped ? NULL : reply_wire(q);
	if (!a)
		return 0;
	client_of(q, a, &c, options);
	*ret = wire_answer_write(a, &c, out);
	return ret->len;
}
