// SPDX-License-Identifier: Apache-2.0
/* The block that holds an answer, and a look at its records. */
#include "wire/answer.h"
#include "base/arena.h"
#include "wire/answer_rr.h"

#include <stddef.h>

size_t wire_answer_size(const struct wire_answer *a)
{
	return offsetof(struct wire_answer, ttl_off) + a->n_rr * sizeof a->ttl_off[0] + a->msg_len +
	       a->ede_text_len;
}

struct wire_answer *wire_answer_copy(struct arena *a, const struct wire_answer *from)
{
	return arena_copy(a, from, wire_answer_size(from));
}

struct wire_rr wire_answer_rr(const struct wire_answer *a, unsigned i)
{
	const uint8_t *p = wire_answer_msg(a) + a->ttl_off[i];
	struct wire_rr rr = {
		.off = (uint16_t)wire_answer_end(a, i),
		.rdata_off = (uint16_t)(a->ttl_off[i] + RR_TTL_TO_RDATA),
		.end = (uint16_t)wire_answer_end(a, i + 1),
		.type = wire_u16(p - 4),
		.cls = wire_u16(p - 2),
		.rdlen = wire_u16(p + 4),
		.ttl_s = wire_u32(p),
		.section = SECTION_ANSWER,
	};

	for (unsigned first = a->n_section[SECTION_ANSWER]; i >= first && rr.section < SECTION_ADDITIONAL;
	     first += a->n_section[rr.section])
		rr.section++;
	return rr;
}
