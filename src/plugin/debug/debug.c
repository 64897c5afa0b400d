// SPDX-License-Identifier: Apache-2.0
/* debug: [DEBUG] lines, for the whole process, as long as a running generation has the directive in any of
 * its blocks. */
#include "base/err.h"
#include "base/log.h"
#include "corefile/corefile.h"
#include "server/generation.h"

/* Blocks with `debug` in generations that are started and not stopped; two generations overlap while one
 * replaces the other.  Rule: control. */
static unsigned users;

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_no_block(s->in))
			r = ERR_SYNTAX;
	}
	s->block->debug = true;
	return r;
}

static int start(struct generation *gen, void *state)
{
	users++;
	log_set_debug(true);
	return 0;
}

static void stop(void *state)
{
	if (--users == 0)
		log_set_debug(false);
}

const struct plugin plugin_debug = {
	.name = "debug",
	.setup = setup,
	.start = start,
	.stop = stop,
};
