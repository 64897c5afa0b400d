// SPDX-License-Identifier: Apache-2.0
/* multisocket: how many sockets each listener of the block has. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"
#include "server/runtime.h"

static int read_directive(struct cf_cursor *in, uint32_t *ret)
{
	if (*ret)
		return cf_fail(in, "given a second time in this server block; expected it once");
	*ret = server_usable_cores();
	if (cf_args_left(in) && cf_arg_u32(in, "NUM_SOCKETS", 1, LISTENER_SOCKETS_MAX, ret))
		return ERR_SYNTAX;
	if (cf_no_more_args(in))
		return ERR_SYNTAX;
	return cf_no_block(in);
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_directive(s->in, &s->block->settings.sockets))
			r = ERR_SYNTAX;
	}
	return r;
}

const struct plugin plugin_multisocket = {
	.name = "multisocket",
	.setup = setup,
};
