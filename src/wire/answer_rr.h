// SPDX-License-Identifier: Apache-2.0
/* Where records stand in an answer, from its table of TTL offsets.  For this folder. */
#pragma once

#include "wire/answer.h"

enum { RR_TTL_TO_RDATA = 6 /* TTL, RDLENGTH */ };

/* Where the first n records end. */
static inline size_t wire_answer_end(const struct wire_answer *a, unsigned n)
{
	if (n == 0)
		return WIRE_HEADER_LEN + (size_t)a->question_len;
	size_t ttl = a->ttl_off[n - 1];
	return ttl + RR_TTL_TO_RDATA + wire_u16(wire_answer_msg(a) + ttl + 4);
}
