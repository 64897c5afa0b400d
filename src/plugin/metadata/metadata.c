// SPDX-License-Identifier: Apache-2.0
/* metadata: the queries of the block have metadata (server/metadata.h). */
#include "server/metadata.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/zone_list.h"

static int read_zones(struct setup *s, struct zone_list *zones)
{
	const struct cf_token *t;

	zones->all = cf_args_left(s->in) == 0;
	while (cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, &zones->keys);
	if (!zones->all && zones->keys.n == 0)
		return cf_fail(s->in, "none of its arguments is a zone");
	return cf_no_block(s->in);
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (s->block->metadata)
			return cf_fail(s->in, "given a second time in this server block; expected it once");
		if (read_zones(s, state))
			r = ERR_SYNTAX;
		s->block->metadata = state;
	}
	return r;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	metadata_begin(q);
	return STEP_NEXT;
}

const struct plugin plugin_metadata = {
	.name = "metadata",
	.state_size = sizeof(struct zone_list),
	.setup = setup,
	.query = query,
};
