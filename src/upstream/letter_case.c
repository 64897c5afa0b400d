// SPDX-License-Identifier: Apache-2.0
/* Random letter case in questions over UDP ("0x20"): names compare without case, servers copy the question as it came,
 * so each letter is one bit more that a forger off the path has to guess.
 *
 * Some servers do not copy it.  Their answer looks like a forged one, so it is asked for again by a way on which it does
 * not matter: over TCP, or, where TCP does not work, in lower case.  One that does so three times in a row
 * is asked in lower case for an hour. */

#include "upstream/exchange.h"

enum { STRIKES_MAX = 3, OFF_S = 3600 };

static bool is_letter(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

void upstream_case_put(const struct upstream_exchange *x, struct attempt *a, const struct upstream_peer *p,
		       enum leg leg)
{
	uint8_t *name = attempt_question(a), bits[WIRE_NAME_MAX / 8 + 1] = {0};
	size_t len = x->question_len - 4u;

	a->mixed = leg == LEG_UDP && !(x->no_case_mask & server_bit(p->server)) &&
		   p->case_off_until_ns <= worker_now(p->w);
	if (a->mixed)
		rng_bytes(loop_rng(p->w->env.loop), bits, len / 8 + 1);
	/* The lengths of labels are at most 63: no letters. */
	for (size_t i = 0; i < len; i++) {
		if (is_letter(name[i]))
			name[i] = (uint8_t)((name[i] | 0x20) ^ (bits[i / 8] >> i % 8 & 1) << 5);
	}
}

bool upstream_case_differs(const struct wire_expect *e, const uint8_t *msg, size_t len)
{
	struct wire_expect any = *e;

	any.match_case = false;
	return wire_answer_matches(msg, len, &any) == 0;
}

enum leg upstream_case_trouble(struct upstream_exchange *x, const struct attempt *a)
{
	struct upstream_peer *p = a->peer;
	uint64_t now = worker_now(p->w);

	metric_inc(p->w->env.cells, p->server->series.case_fallbacks);
	if (++p->case_strikes >= STRIKES_MAX) {
		p->case_strikes = 0;
		p->case_off_until_ns = now + OFF_S * NS_PER_S;
	}
	if (upstream_tcp_usable(p->server, now))
		return LEG_TCP;
	x->no_case_mask |= server_bit(p->server);
	return LEG_UDP;
}
