// SPDX-License-Identifier: Apache-2.0
/* shed: what the UDP sockets of the block's listeners do when answers do not get away (net/udp_shed.c). */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/block_series.h"
#include "server/generation.h"

#include <errno.h>

struct shed {
	const struct block *block;
	struct listener_shed series;
};

static int check_keys(struct setup *s)
{
	for (size_t i = 0; i < s->block->n_keys; i++) {
		const struct zone_key *k = &s->block->keys[i];

		if (k->transport != TRANSPORT_DNS)
			return cf_fail(s->in, "key \"%.64s\" is not of plain DNS, whose UDP sockets alone can shed", k->text);
	}
	return 0;
}

static int setup(struct setup *s, void *state)
{
	struct shed *shed = state;
	int r = 0;

	while (cf_directive(s->in)) {
		if (shed->block)
			return cf_fail(s->in, "given a second time in this server block; expected it once");
		shed->block = s->block;
		s->block->settings.shed = &shed->series;
		if (cf_no_more_args(s->in) || cf_no_block(s->in) || check_keys(s))
			r = ERR_SYNTAX;
	}
	return r;
}

static int start(struct generation *gen, void *state)
{
	static const struct metric_desc dropped = {
		"coredns_shed_dropped_total", "Counter of dropped UDP messages due to load shedding.", METRIC_COUNTER,
		"server,reason", NULL, 0, 0};
	struct shed *shed = state;

	shed->series.queries = block_series(gen, shed->block, &dropped, (const char *[]){NULL, "query"});
	shed->series.responses = block_series(gen, shed->block, &dropped, (const char *[]){NULL, "response"});
	return shed->series.queries && shed->series.responses ? 0 : -ENOMEM;
}

const struct plugin plugin_shed = {
	.name = "shed",
	.state_size = sizeof(struct shed),
	.setup = setup,
	.start = start,
};
