// SPDX-License-Identifier: Apache-2.0
/* Writing an answer for one client.  A cached hit is this file and nothing else of wire/: one copy, a
 * few patches. */
#include "wire/write.h"
#include "wire/answer.h"
#include "wire/answer_rr.h"
#include "wire/cut.h"
#include "wire/option.h"

#include <string.h>

/* The message up to `len`, its run turned so that member `start` stands first; the run may be cut by
 * `len`. */
static void copy_turned(const struct wire_answer *a, uint32_t start, size_t len, uint8_t *out)
{
	const uint8_t *msg = wire_answer_msg(a);
	size_t run = (size_t)a->run_count * a->run_size, run_end = a->run_off + run;
	size_t turn = (size_t)(start % a->run_count) * a->run_size;
	size_t kept = len < run_end ? len - a->run_off : run;
	size_t head = kept < run - turn ? kept : run - turn;

	memcpy(out, msg, a->run_off);
	memcpy(out + a->run_off, msg + a->run_off + turn, head);
	memcpy(out + a->run_off + head, msg + a->run_off, kept - head);
	if (len > run_end)
		memcpy(out + run_end, msg + run_end, len - run_end);
}

static void put_flags(const struct wire_answer *a, const struct wire_client *c, bool tc, uint8_t *out)
{
	unsigned flags = wire_u16(out + HEADER_FLAGS);

	flags = (flags & ~(unsigned)c->clear) | c->set | FLAG_QR | (tc ? FLAG_TC : 0);
	if (unlikely(a->rcode > FLAG_RCODE && !c->has_opt))
		flags = (flags & ~(unsigned)FLAG_RCODE) | RCODE_SERVFAIL;
	wire_put_u16(out + HEADER_ID, c->id);
	wire_put_u16(out + HEADER_FLAGS, flags);
}

static void put_ttls(const struct wire_answer *a, uint32_t ttl_s, unsigned n_rr, uint8_t *out)
{
	for (unsigned i = 0; i < n_rr; i++)
		wire_put_u32(out + a->ttl_off[i], ttl_s);
}

/* The OPT without its options at out[at], counted in the header. */
static void put_opt(const struct wire_answer *a, const struct wire_client *c, size_t options_len,
		    uint8_t *out, size_t at)
{
	uint8_t *p = out + at;

	p[0] = 0;
	wire_put_u16(p + 1, TYPE_OPT);
	wire_put_u16(p + 3, c->udp_size);
	wire_put_u32(p + 5, (uint32_t)a->rcode >> 4 << 24 | (c->do_bit ? 0x8000u : 0));
	wire_put_u16(p + 9, (unsigned)options_len);
	wire_put_u16(out + HEADER_ARCOUNT, wire_u16(out + HEADER_ARCOUNT) + 1u);
}

/* Header counts of the first n records (those of a whole answer are stored). */
static void put_counts(const struct wire_answer *a, unsigned n_rr, uint8_t *out)
{
	for (unsigned s = 0; s < 3; s++) {
		unsigned n = n_rr < a->n_section[s] ? n_rr : a->n_section[s];
		wire_put_u16(out + HEADER_ANCOUNT + 2 * s, n);
		n_rr -= n;
	}
}

static void write_records(const struct wire_answer *a, const struct wire_client *c, size_t len, unsigned n_rr,
			  bool turn, bool tc, uint8_t *out)
{
	if (turn)
		copy_turned(a, c->start, len, out);
	else
		memcpy(out, wire_answer_msg(a), len);
	if (c->question)
		memcpy(out + WIRE_HEADER_LEN, c->question, a->question_len);
	put_flags(a, c, tc, out);
	if (c->ttl_fixed)
		put_ttls(a, c->ttl_s, n_rr, out);
}

static struct wire_fit write_cut(const struct wire_answer *a, const struct wire_client *c, uint8_t *out)
{
	struct wire_cut cut = wire_cut_find(a, c);
	bool run_whole = a->run_count && cut.n_rr >= a->final_first + a->final_count;
	bool turn = cut.run_cut || (c->rotate && run_whole);
	bool subset = c->subset && !c->do_bit && cut.run_cut && cut.n_rr > a->final_first;
	bool tc = (cut.tc && !subset) || a->truncated;
	size_t len = wire_answer_end(a, cut.n_rr), n = c->options_len;

	write_records(a, c, len, cut.n_rr, turn, tc, out);
	put_counts(a, cut.n_rr, out);
	if (c->has_opt) {
		if (cut.short_opt)
			n = wire_options_put_short(c->options, n, cut.opt_room, out + len + WIRE_OPT_LEN);
		else if (n)
			memcpy(out + len + WIRE_OPT_LEN, c->options, n);
		put_opt(a, c, n, out, len);
		len += WIRE_OPT_LEN + n;
	}
	return (struct wire_fit){(uint16_t)len, tc, subset && !tc, cut.n_rr};
}

struct wire_fit wire_answer_write(const struct wire_answer *a, const struct wire_client *c, uint8_t *out)
{
	size_t len = a->msg_len, opt_len = c->has_opt ? WIRE_OPT_LEN + (size_t)c->options_len : 0;

	if (unlikely(len + opt_len > c->limit))
		return write_cut(a, c, out);
	write_records(a, c, len, a->n_rr, c->rotate && a->run_count > 1, a->truncated, out);
	if (c->has_opt) {
		put_opt(a, c, c->options_len, out, len);
		if (c->options_len)
			memcpy(out + len + WIRE_OPT_LEN, c->options, c->options_len);
	}
	return (struct wire_fit){(uint16_t)(len + opt_len), a->truncated, false, a->n_rr};
}
