// SPDX-License-Identifier: Apache-2.0
/* For plugins that show messages to somebody else as they pass (dnstap).  A plugin hangs its tap on a query on the way down;
 * those that make messages tell the taps.  A query without taps costs one comparison.  Thread: worker. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;
struct wire_answer;

/* A question that a plugin put to an upstream, and what came of it. */
struct tap_exchange {
	const char *upstream;             /* "192.0.2.1:53" */
	bool stream;
	uint64_t asked_ns, answered_ns;   /* monotonic */
	const struct wire_answer *answer; /* NULL: none came */
};

struct query_tap {
	const struct query_tap *next;
	/* The answer, as it goes out. */
	void (*sent)(const struct query_tap *t, struct query *q, const uint8_t *msg, size_t len);
	void (*exchanged)(const struct query_tap *t, struct query *q, const struct tap_exchange *x);
};
