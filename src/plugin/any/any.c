// SPDX-License-Identifier: Apache-2.0
/* any: a small answer to questions of type ANY, which are asked for amplification (RFC 8482 4.2). */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"

enum { ANY_TTL_S = 8482 };

static const uint8_t hinfo[] = "\15ANY obsoleted\14See RFC 8482";

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_no_block(s->in))
			r = ERR_SYNTAX;
	}
	return r;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	if (likely(q->in.qtype != TYPE_ANY))
		return STEP_NEXT;
	reply_begin(q, RCODE_NOERROR, false);
	if (reply_add(q, SECTION_ANSWER, NULL, TYPE_HINFO, ANY_TTL_S, hinfo, sizeof(hinfo) - 1))
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of query memory");
	return STEP_DONE;
}

const struct plugin plugin_any = {
	.name = "any",
	.setup = setup,
	.query = query,
	.makes_answers = true,
};
