// SPDX-License-Identifier: Apache-2.0
/* reload: have the configuration looked at from time to time, and take a changed one up.
 * A setting of the process: control does the looking (control/watch.c).  The last block's counts. */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "foreign/nettle.h"
#include "server/generation.h"

#define INTERVAL_DEFAULT_NS (30 * NS_PER_S)
#define INTERVAL_MIN_NS     (2 * NS_PER_S)
#define INTERVAL_MAX_NS     (24 * 3600 * NS_PER_S)
#define JITTER_DEFAULT_NS   (15 * NS_PER_S)
#define JITTER_MIN_NS       NS_PER_S

static int parse_jitter(struct cf_cursor *in, uint64_t *ret)
{
	if (cf_arg_duration(in, "JITTER", 0, INT64_MAX, ret))
		return ERR_SYNTAX;
	if (*ret && *ret < JITTER_MIN_NS)
		return cf_fail(in, "JITTER \"%s\" is neither 0 nor at least 1s", cf_here(in)->text);
	return 0;
}

static int parse_one(struct cf_cursor *in, struct generation *g)
{
	uint64_t interval = INTERVAL_DEFAULT_NS, jitter = JITTER_DEFAULT_NS;

	if (cf_args_left(in) && cf_arg_duration(in, "INTERVAL", INTERVAL_MIN_NS, INTERVAL_MAX_NS, &interval))
		return ERR_SYNTAX;
	if (cf_args_left(in) && parse_jitter(in, &jitter))
		return ERR_SYNTAX;
	if (cf_no_more_args(in) || cf_no_block(in))
		return ERR_SYNTAX;
	if (jitter > interval / 2)
		jitter = interval / 2;
	g->reload_every_ms = (uint32_t)(interval / NS_PER_MS);
	g->reload_jitter_ms = (uint32_t)(jitter / NS_PER_MS);
	return 0;
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (parse_one(s->in, s->gen))
			r = ERR_SYNTAX;
	}
	return r;
}

/* For the checksum of what is watched. */
static struct library *const libraries[] = {&libnettle_library, NULL};

const struct plugin plugin_reload = {
	.name = "reload",
	.libraries = libraries,
	.setup = setup,
};
