// SPDX-License-Identifier: Apache-2.0
/* The control thread: a libuv loop for signals; loading and publishing run on libuv's worker thread (the
 * builder), so that control itself never waits for a file or a worker. */

#include "control/serve.h"

#include "base/err.h"
#include "base/log.h"
#include "base/rcu.h"
#include "cache/cache.h"
#include "control/admin.h"
#include "control/control.h"
#include "control/limits_share.h"
#include "control/pidfile.h"
#include "control/sandbox.h"
#include "control/sd.h"
#include "control/sd_watchdog.h"
#include "net/dns_server.h"
#include "server/lifecycle.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	DRAIN_MS = 5000, /* for queries in flight at the end */
	LOG_FLUSH_MS = 2000,
};

/* ---------------------------------------------------------------- signals */

static void on_signal(uv_signal_t *h, int signum)
{
	struct control *c = h->data;

	switch (signum) {
	case SIGUSR1:
		log_line(LOG_INFO, "SIGUSR1: Reloading");
		control_reload(c, RELOAD_BY_SIGNAL);
		break;
	case SIGHUP:
		break; /* ignored, as CoreDNS does */
	case SIGTERM:
	case SIGINT:
		stop_signal(c, signum);
		break;
	default: /* SIGQUIT */
		pidfile_remove(c->opts->pidfile);
		_exit(0);
	}
}

static int watch_signals(struct control *c)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		int err = uv_signal_init(&c->loop, &c->signals[i]);

		c->signals[i].data = c;
		if (!err)
			err = uv_signal_start(&c->signals[i], on_signal, signals[i]);
		if (err)
			return err;
	}
	return 0;
}

/* ---------------------------------------------------------------- the whole */

/* Without it the server serves all the same. */
static void open_admin(struct control *c)
{
	const char *name = c->opts->admin;
	int err;

	if (name && strcmp(name, "off") == 0)
		return;
	err = admin_start(&c->loop, name, &c->admin);
	if (err)
		log_line(LOG_WARNING, "the admin socket cannot be opened: %s", err_text(err));
}

static void on_changed(void *arg)
{
	control_reload(arg, RELOAD_BY_CHANGE);
}

/* What the machine allows, shared out. */
static void share_out(const struct options *o, struct limits *ret)
{
	limits_read("", ret);
	limits_share(ret, o->workers);
	limits_raise_files(ret);
	cache_total_limit(ret->cache_bytes);
	tcp_memory_limit(ret->worker_tcp_bytes);
	if (!o->quiet)
		limits_log(ret);
}

static int set_up(struct control *c)
{
	struct limits l;
	struct server_options so = {.starting = sandbox_starting, .generation_ended = retired_ended};
	int err;

	/* One builder: publishes follow each other. */
	if (setenv("UV_THREADPOOL_SIZE", "1", 1) || uv_loop_init(&c->loop))
		return -ENOMEM;
	retired_init(&c->retired, &c->loop);
	watch_init(&c->watch, &c->loop, &c->loader, on_changed, c);
	uv_timer_init(&c->loop, &c->lameduck_timer);
	share_out(c->opts, &l);
	so.n_workers = l.workers;
	so.limits = (struct query_limits){l.worker_in_flight_bytes, l.in_flight_bytes};
	err = watch_signals(c);
	if (!err)
		err = stop_watch_failure(c);
	if (!err)
		err = commands_init(&c->commands, &c->loop);
	return err ? err : server_start(&so);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (h->type == UV_POLL)
		return; /* the admin socket's close themselves, after their work */
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void tear_down(struct control *c)
{
	struct generation *old[OLD_MAX];

	admin_stop(c->admin);
	watch_stop(&c->watch);
	control_reload_finish(c);
	commands_stop(&c->commands);
	stop_second_signal_ends();
	server_stop(DRAIN_MS, old, retired_left(&c->retired, old));
	retired_free_all(&c->retired);
	rcu_drain(); /* what the last configuration gave to be freed */
	lifecycle_on_failure(NULL, NULL);
	uv_walk(&c->loop, close_handle, NULL);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&c->loop); /* all handles are closed */
	free(c->loader.stdin_text);
}

int serve(const struct options *o)
{
	struct control c = {
		.opts = o,
		.loader = {.conf = o->conf, .extra = o->extra, .dns_port = o->dns_port},
	};
	enum sandbox_mode mode;
	int err;

	if (!sandbox_mode_read(o->seccomp, &mode)) {
		fprintf(stderr, "invalid value \"%s\" for -seccomp: expected on, log or off\n", o->seccomp);
		return 1;
	}
	sandbox_prepare(mode);
	sd_start();
	err = set_up(&c);
	if (err) {
		fprintf(stderr, "cannot start: %s\n", err_text(err));
		return 1;
	}
	err = control_load_first(&c);
	if (!err) {
		sd_report_unused();
		pidfile_write(o->pidfile);
		open_admin(&c);
		err = log_start(1);
		if (err)
			fprintf(stderr, "cannot start the log writer: %s\n", err_text(err));
	}
	if (!err) {
		sd_watchdog_start(&c.loop);
		sd_notify_ready(server_generation(), NULL);
		commands_run(&c.commands, server_generation(), EVENT_STARTUP);
		uv_run(&c.loop, UV_RUN_DEFAULT);
		sd_watchdog_stop();
	}
	tear_down(&c);
	log_stop(LOG_FLUSH_MS);
	return err ? 1 : 0;
}
