// SPDX-License-Identifier: Apache-2.0
/* What the parts of control share: serve.c (start, signals, end), reload.c, retired.c, stop.c.  Not for other folders.
 * Rule: control's thread, but for what is noted. */
#pragma once

#include "base/compiler.h"
#include "control/commands.h"
#include "control/config_sum.h"
#include "control/loader.h"
#include "control/options.h"
#include "control/watch.h"
#include "server/runtime.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum {
	OLD_MAX = SERVER_OLD_MAX, /* replaced generations that have not ended; a reload beyond is refused */
};

/* Replaced generations, from the moment in which they are replaced until they are freed. */
struct retired {
	uv_async_t ended_async;
	uv_timer_t cancel_timer;
	pthread_mutex_t lock; /* over ended[] and n_ended: the workers write them */
	struct generation *ended[OLD_MAX + 1];
	unsigned n_ended;
	struct { /* replaced, not ended */
		struct generation *g;
		uint64_t since_ms;
		bool cancelled;
	} old[OLD_MAX];
};

enum reload_cause { RELOAD_BY_SIGNAL, RELOAD_BY_CHANGE };

struct control {
	const struct options *opts;
	struct loader loader; /* the builder's while it loads */
	uv_loop_t loop;
	uv_signal_t signals[6];
	uv_timer_t lameduck_timer;
	uv_async_t failed_async;  /* server/lifecycle.h */
	struct admin *admin;
	struct retired retired;
	struct watch watch;
	struct commands commands;
	enum reload_cause cause;  /* of the reload that is under way */
	bool reloading, reload_again, stopping;
	uint64_t lameduck_ms;     /* of what serves */
	uint64_t *cells;          /* control counts here */
};

/* ---------------------------------------------------------------- reload.c */

/* Load and publish for the first time, on the calling thread; errors go to stderr.  0 or an error that was reported. */
int control_load_first(struct control *c) MUST_USE;
/* Load the configuration again, on the builder, and serve it.  While one is under way the next waits behind it. */
void control_reload(struct control *c, enum reload_cause cause);
/* Let a reload that is under way end. */
void control_reload_finish(struct control *c);

/* ---------------------------------------------------------------- retired.c */

void retired_init(struct retired *r, uv_loop_t *loop);
/* A server_options.generation_ended.  Thread: worker. */
void retired_ended(struct generation *g);
bool retired_has_room(const struct retired *r);
/* `g` was replaced: it is freed when it has ended, and cancelled when that takes too long. */
void retired_add(struct retired *r, struct generation *g);
/* The end: those that have not ended, into `ret` (OLD_MAX); how many. */
size_t retired_left(const struct retired *r, struct generation **ret);
/* Everything has ended: free all. */
void retired_free_all(struct retired *r);

/* ---------------------------------------------------------------- stop.c */

/* Let a failure that a plugin tells of end the process with status 1.  0 or a libuv error. */
int stop_watch_failure(struct control *c) MUST_USE;
/* TERM or INT: the first begins the end (lameduck, then the loop stops), the second ends the process. */
void stop_signal(struct control *c, int signum);
/* From here on nobody runs the loop any more: a signal ends the process by itself. */
void stop_second_signal_ends(void);
