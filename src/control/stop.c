// SPDX-License-Identifier: Apache-2.0
/* The end: from the first signal, over the time in which all is still answered, to the drain (serve.c).
 * Statuses and words are CoreDNS's: 0 after the first signal, 2 at once after a second one. */
#include "base/clock.h"
#include "base/log.h"
#include "control/control.h"
#include "control/pidfile.h"
#include "control/sd.h"
#include "server/lifecycle.h"

#include <signal.h>
#include <unistd.h>

enum {
	FORCED_STATUS = 2,
	FAILED_STATUS = 1,
	FAILED_FLUSH_MS = 2000, /* the line that says why is the last */
	FORCED_FLUSH_MS = 200, /* for the lines that are queued when a second signal comes */
};

static const char *signal_name(int signum)
{
	return signum == SIGTERM ? "SIGTERM" : "SIGINT";
}

static void end_now(int signum)
{
	log_line(LOG_INFO, "%s: Force quit", signal_name(signum));
	log_stop(FORCED_FLUSH_MS);
	_exit(FORCED_STATUS);
}

/* What is in flight may be what has failed: it is not waited for. */
static void end_failed(uv_async_t *a)
{
	struct control *c = a->data;

	pidfile_remove(c->opts->pidfile);
	log_stop(FAILED_FLUSH_MS);
	_exit(FAILED_STATUS);
}

static void on_failure(void *arg)
{
	uv_async_send(arg); /* cannot fail for a handle that is open */
}

int stop_watch_failure(struct control *c)
{
	int err = uv_async_init(&c->loop, &c->failed_async, end_failed);

	c->failed_async.data = c;
	if (!err)
		lifecycle_on_failure(on_failure, &c->failed_async);
	return err;
}

static void lameduck_over(uv_timer_t *t)
{
	uv_stop(t->loop);
}

/* By now the news that we end should have gone round (a Service's endpoints, a balancer's checks): clients on
 * kept connections go elsewhere with their next answer, not all at once at the end. */
static void lameduck_half(uv_timer_t *t)
{
	struct control *c = t->data;

	uv_timer_start(t, lameduck_over, c->lameduck_ms - c->lameduck_ms / 2, 0);
	if (!c->reloading) /* one that began before: the workers are its */
		server_let_go();
}

static void say_lameduck(uint64_t ms)
{
	char text[32];

	cf_duration_text(ms * NS_PER_MS, text);
	log_line(LOG_INFO, "plugin/health: Going into lameduck mode for %s", text);
}

/* All that the Corefile wants done at the end is done, or has taken too long. */
static void commands_done(void *arg)
{
	struct control *c = arg;

	if (!c->lameduck_ms) {
		uv_stop(&c->loop);
		return;
	}
	say_lameduck(c->lameduck_ms);
	c->lameduck_timer.data = c;
	uv_timer_start(&c->lameduck_timer, lameduck_half, c->lameduck_ms / 2, 0);
}

void stop_signal(struct control *c, int signum)
{
	if (c->stopping)
		end_now(signum);
	log_line(LOG_INFO, signum == SIGTERM ? "SIGTERM: Shutting down servers then terminating" : "SIGINT: Shutting down");
	sd_notify("STOPPING=1\nSTATUS=Shutting down");
	c->stopping = true;
	lifecycle_stop();
	watch_stop(&c->watch);
	pidfile_remove(c->opts->pidfile);
	commands_run(&c->commands, server_generation(), EVENT_SHUTDOWN);
	commands_finish(&c->commands, commands_done, c);
}

static void on_second_signal(int signum)
{
	(void)signum;
	_exit(FORCED_STATUS);
}

void stop_second_signal_ends(void)
{
	struct sigaction sa = {.sa_handler = on_second_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}
