// SPDX-License-Identifier: Apache-2.0
/* Running the Corefile's commands (server/event.h), one after the other in file order; one with & is not waited for.
 *
 * Nothing that serves waits for them.  Their standard input, output and error are the server's.  A command that cannot be
 * started, or ends badly, is logged and the next one follows.  Thread: control. */
#pragma once

#include "server/event.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct generation;

struct commands {
	uv_loop_t *loop;
	uv_async_t fired;
	uv_timer_t patience;
	unsigned pending;            /* atomic: bit per event that was fired */
	struct command *first, **last; /* waiting for their turn */
	struct command *alive;       /* begun, not ended */
	struct command *running;     /* of these the one that is waited for */
	void (*done)(void *arg);     /* nothing is left to wait for */
	void *done_arg;
	unsigned n;                  /* run so far */
};

enum { COMMANDS_PATIENCE_MS = 30000 }; /* at the end; then it goes on without them */

/* 0 or a libuv error. */
int commands_init(struct commands *c, uv_loop_t *loop);
/* Queue the generation's commands for the event, and begin. */
void commands_run(struct commands *c, const struct generation *g, enum event e);
/* Call `done` once all that is queued has ended, or after COMMANDS_PATIENCE_MS; from within when nothing is. */
void commands_finish(struct commands *c, void (*done)(void *arg), void *arg);
/* Forget what has not begun; what runs goes on by itself. */
void commands_stop(struct commands *c);
