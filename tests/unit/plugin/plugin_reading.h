// SPDX-License-Identifier: Apache-2.0
/* A plugin's setup run on the text of one block. */
#pragma once

#include "base/arena.h"
#include "corefile/corefile.h"
#include "server/generation.h"

struct plugin_reading {
	struct arena a;
	struct cf_errors errs;
	struct block block;
	struct generation gen;
};

/* Parse `lines` as a block's and run the plugin's setup on `state`; its result. */
int plugin_reading_run(struct plugin_reading *r, const struct plugin *p, void *state, const char *lines);
/* The first error's text, or "". */
const char *plugin_reading_error(const struct plugin_reading *r);
void plugin_reading_end(struct plugin_reading *r);
