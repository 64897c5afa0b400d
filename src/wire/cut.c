// SPDX-License-Identifier: Apache-2.0
#include "wire/cut.h"
#include "wire/answer_rr.h"
#include "wire/name.h"
#include "wire/option.h"
#include "wire/write.h"

#include <errno.h>

/* The largest n in lo..hi such that the first n records end within `room`; lo if none does. */
static unsigned prefix_within(const struct wire_answer *a, unsigned lo, unsigned hi, size_t room)
{
	while (lo < hi) {
		unsigned mid = lo + (hi - lo + 1) / 2;
		if (wire_answer_end(a, mid) <= room)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

/* The type of the RRset that a record belongs to: an RRSIG goes with what it covers. */
static unsigned covered_type(const uint8_t *msg, const struct wire_rr *rr)
{
	return rr->type == TYPE_RRSIG && rr->rdlen >= 2 ? wire_u16(msg + rr->rdata_off) : rr->type;
}

/* Records i-1 and i belong to one RRset or its RRSIGs. */
static bool joined(const struct wire_answer *a, unsigned i)
{
	const uint8_t *msg = wire_answer_msg(a);
	struct wire_rr prev = wire_answer_rr(a, i - 1), next = wire_answer_rr(a, i);
	uint8_t owner[WIRE_NAME_MAX];
	size_t off = prev.off;

	if (prev.section != next.section || prev.cls != next.cls ||
	    covered_type(msg, &prev) != covered_type(msg, &next))
		return false;
	return wire_name_read(msg, a->msg_len, &off, owner) > 0 && wire_name_equal_at(msg, next.off, owner);
}

/* The required records fit into `room`: as many optional ones as do too, by whole RRsets. */
static unsigned with_optional(const struct wire_answer *a, size_t room)
{
	unsigned n = prefix_within(a, a->n_required, a->n_rr, room);

	while (n > a->n_required && n < a->n_rr && joined(a, n))
		n--;
	return n;
}

/* They do not: the chain, then members of the final RRset, then what follows it. */
static void cut_required(const struct wire_answer *a, size_t room, struct wire_cut *cut)
{
	unsigned final_end = a->final_first + a->final_count;

	cut->tc = true;
	if (a->run_count && wire_answer_end(a, a->final_first) <= room &&
	    wire_answer_end(a, final_end) > room) {
		cut->run_cut = true;
		cut->n_rr = (uint16_t)(a->final_first + (room - a->run_off) / a->run_size);
		return;
	}
	cut->n_rr = (uint16_t)prefix_within(a, 0, a->n_required, room);
}

struct wire_cut wire_cut_find(const struct wire_answer *a, const struct wire_client *c)
{
	size_t room = c->limit - (c->has_opt ? (size_t)WIRE_OPT_LEN : 0),
	       options = c->has_opt ? c->options_len : 0;
	size_t required = wire_answer_end(a, a->n_required);
	struct wire_cut cut = {0};

	if (required + options <= room) {
		cut.n_rr = (uint16_t)with_optional(a, room - options);
		return cut;
	}
	/* What options must make room for; one record of the final RRset, or the first there is. */
	size_t must = required;
	if (required > room)
		must = wire_answer_end(a, a->final_first < a->n_rr ? a->final_first + 1u : a->n_rr);
	cut.short_opt = true;
	cut.opt_room = (uint16_t)(must < room ? room - must : 0);
	if (c->has_opt)
		room -= wire_options_put_short(c->options, c->options_len, cut.opt_room, NULL);
	if (required <= room)
		cut.n_rr = (uint16_t)with_optional(a, room);
	else
		cut_required(a, room, &cut);
	return cut;
}
