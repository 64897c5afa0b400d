// SPDX-License-Identifier: Apache-2.0
/* The latest loads of the configuration and what came of each, for the status page; RELOADS_KEPT of them.  Thread: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RELOADS_KEPT = 16, RELOAD_TEXT_MAX = 400 };

struct reload_seen {
	uint64_t wall_ns;
	bool ok;
	uint64_t generation;        /* that serves since; of a failed one, still */
	const char *cause;          /* static: "start", "signal", "change" */
	char error[RELOAD_TEXT_MAX]; /* the first one; "" when it went well */
};

void reloads_note(const char *cause, uint64_t generation, const char *error);
/* The newest first; how many. */
size_t reloads_copy(struct reload_seen out[RELOADS_KEPT]);
