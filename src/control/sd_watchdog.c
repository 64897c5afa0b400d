// SPDX-License-Identifier: Apache-2.0
#include "control/sd_watchdog.h"

#include "base/compiler.h"
#include "base/log.h"
#include "control/sd.h"
#include "net/loop.h"
#include "server/runtime.h"
#include "server/worker.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { US_PER_MS = 1000 };

struct ping {
	struct mpsc_msg msg;
	atomic_bool pending;
};

static struct {
	uv_timer_t timer;
	uv_async_t answered;
	struct ping pings[SERVER_MAX_WORKERS];
	atomic_uint left; /* answers that this round lacks */
	bool running, complained;
} watch;

/* In the worker. */
static void pong(struct mpsc_msg *m, void *receiver)
{
	struct ping *p = container_of(m, struct ping, msg);

	(void)receiver;
	atomic_store_explicit(&p->pending, false, memory_order_release);
	if (atomic_fetch_sub_explicit(&watch.left, 1, memory_order_acq_rel) == 1)
		(void)uv_async_send(&watch.answered); /* fails only for a closed handle */
}

static void all_answered(uv_async_t *h)
{
	(void)h;
	watch.complained = false;
	if (watch.running)
		sd_notify("WATCHDOG=1");
}

/* A worker that has not answered the last round, or -1. */
static int late(void)
{
	for (unsigned i = 0; i < server_workers(); i++) {
		if (atomic_load_explicit(&watch.pings[i].pending, memory_order_acquire))
			return (int)i;
	}
	return -1;
}

/* False: that worker's queue is full, which is no sign of life. */
static bool ping(unsigned i)
{
	struct ping *p = &watch.pings[i];

	p->msg.run = pong;
	atomic_store_explicit(&p->pending, true, memory_order_relaxed);
	if (loop_post(server_worker(i)->loop, &p->msg) == 0)
		return true;
	atomic_store_explicit(&p->pending, false, memory_order_relaxed);
	return false;
}

static void new_round(uv_timer_t *t)
{
	int behind = late();
	bool all = true;

	(void)t;
	if (behind >= 0) {
		if (!watch.complained)
			log_line(LOG_ERROR, "worker %d has not turned for half the watchdog's period",
				 behind);
		watch.complained = true;
		return;
	}
	/* One more than there are answers: taken away when everyone has been asked. */
	atomic_store_explicit(&watch.left, server_workers() + 1, memory_order_release);
	for (unsigned i = 0; i < server_workers(); i++)
		all &= ping(i);
	if (all && atomic_fetch_sub_explicit(&watch.left, 1, memory_order_acq_rel) == 1)
		(void)uv_async_send(&watch.answered); /* fails only for a closed handle */
}

void sd_watchdog_start(uv_loop_t *loop)
{
	uint64_t half_ms = sd_watchdog_us() / 2 / US_PER_MS;

	if (!sd_watchdog_us())
		return;
	(void)uv_async_init(loop, &watch.answered,
			    all_answered); /* fails only without the loop's own descriptor */
	(void)uv_timer_init(loop, &watch.timer); /* cannot fail */
	(void)uv_timer_start(&watch.timer, new_round, 0,
			     half_ms ? half_ms : 1); /* fails only without a function */
	watch.running = true;
}

void sd_watchdog_stop(void)
{
	if (!watch.running)
		return;
	watch.running = false;
	uv_timer_stop(&watch.timer);
}
