// SPDX-License-Identifier: Apache-2.0
/* bufsize: no UDP answer above SIZE, and no more than that announced to upstreams. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"

enum { SIZE_DEFAULT = 1232, SIZE_MIN = 512, SIZE_LARGEST = 4096 };

struct bufsize {
	uint16_t size; /* frozen */
};

static int parse_one(struct cf_cursor *in, struct bufsize *b)
{
	uint32_t size = SIZE_DEFAULT;

	if (cf_args_left(in) && cf_arg_u32(in, "SIZE", SIZE_MIN, SIZE_LARGEST, &size))
		return ERR_SYNTAX;
	b->size = (uint16_t)size;
	if (cf_no_more_args(in))
		return ERR_SYNTAX;
	return cf_no_block(in);
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (parse_one(s->in, state))
			r = ERR_SYNTAX;
	}
	return r;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct bufsize *b = state;

	query_cap_udp(q, b->size);
	return STEP_NEXT;
}

const struct plugin plugin_bufsize = {
	.name = "bufsize",
	.state_size = sizeof(struct bufsize),
	.setup = setup,
	.query = query,
};
