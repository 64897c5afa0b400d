// SPDX-License-Identifier: Apache-2.0
/* The control thread: a libuv loop for signals; loading and publishing run on libuv's worker thread (the
 * builder), so that control itself never waits for a file or a worker. */

#include "control/serve.h"

#include "base/err.h"
#include "base/log.h"
#include "control/options.h"
#include "control/admin.h"
#include "control/loader.h"
#include "control/pidfile.h"
#include "control/startup.h"
#include "server/generation.h"
#include "server/lifecycle.h"
#include "server/runtime.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum {
	DRAIN_MS = 5000,        /* for queries in flight at the end */
	CANCEL_AFTER_MS = 10000, /* what a replaced generation may still hold so long */
	LOG_FLUSH_MS = 2000,
	OLD_MAX = SERVER_OLD_MAX, /* replaced generations that have not ended; a reload beyond is refused */
};

/* One reload: runs on the builder, tells control. */
struct reload {
	uv_work_t work;
	struct control *control;
	struct generation *old; /* what was replaced, NULL when it failed */
};

struct control {
	const struct options *opts;
	struct loader loader;
	uv_loop_t loop;
	uv_signal_t signals[6];
	uv_async_t ended_async;
	uv_timer_t cancel_timer;
	struct admin *admin;
	pthread_mutex_t lock;          /* over ended[] */
	struct generation *ended[OLD_MAX + 1];
	unsigned n_ended;
	struct { /* replaced, not ended; control only */
		struct generation *g;
		uint64_t since_ms;
		bool cancelled;
	} old[OLD_MAX];
	bool reloading, reload_again, stopping;
	int exit_status;
};

/* generation_ended has no argument for it; one server a process. */
static struct control *the_control;

/* ---------------------------------------------------------------- errors */

static void report_errors(struct cf_errors *errs, bool to_log)
{
	char text[LOG_RECORD_MAX];

	cf_errors_sort(errs);
	for (const struct cf_error *e = errs->first; e; e = e->next) {
		(void)cf_error_format(e, text, sizeof(text)); /* a longer one is cut */
		if (to_log || e->warning)
			log_line(e->warning ? LOG_WARNING : LOG_ERROR, "%s", text);
		else
			fprintf(stderr, "%s\n", text);
	}
}

/* ---------------------------------------------------------------- load and publish */

/* Builder (or control before serving).  0 or an error that was reported. */
static int load_and_publish(struct control *c, bool first)
{
	struct arena a;
	struct cf_errors errs;
	struct generation *g = NULL;
	const char *why = NULL;
	int err;

	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	err = loader_load(&c->loader, &a, &errs, &g);
	report_errors(&errs, !first);
	if (!err) {
		err = server_publish(g, &why);
		if (err && first)
			fprintf(stderr, "%s\n", why);
		else if (err)
			log_line(LOG_ERROR, "%s", why);
		if (err)
			generation_free(g);
	}
	arena_fini(&a);
	return err;
}

/* ---------------------------------------------------------------- replaced generations */

static void on_generation_ended(struct generation *g)
{
	struct control *c = the_control;

	pthread_mutex_lock(&c->lock);
	if (c->n_ended < ARRAY_LEN(c->ended))
		c->ended[c->n_ended++] = g;
	pthread_mutex_unlock(&c->lock);
	(void)uv_async_send(&c->ended_async); /* fails only for a closed handle */
}

/* Strike a replaced generation off the list; false: control has not heard yet that it was replaced. */
static bool forget_old(struct control *c, const struct generation *g)
{
	for (size_t i = 0; i < OLD_MAX; i++) {
		if (c->old[i].g == g) {
			c->old[i].g = NULL;
			return true;
		}
	}
	return false;
}

/* The next one that can be freed.  A generation may end before the reload that replaced it has been taken note of:
 * until then it stays, because that note names it. */
static struct generation *take_ended(struct control *c, bool all)
{
	struct generation *g = NULL;

	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < c->n_ended && !g; i++) {
		if (!forget_old(c, c->ended[i]) && !all)
			continue;
		g = c->ended[i];
		c->ended[i] = c->ended[--c->n_ended];
	}
	pthread_mutex_unlock(&c->lock);
	return g;
}

static void free_ended(struct control *c, bool all)
{
	struct generation *g;

	while ((g = take_ended(c, all)))
		generation_retire(g);
}

static void on_ended_async(uv_async_t *h)
{
	free_ended(h->data, false);
}

static bool remember_old(struct control *c, struct generation *g)
{
	for (size_t i = 0; i < OLD_MAX; i++) {
		if (c->old[i].g)
			continue;
		c->old[i].g = g;
		c->old[i].since_ms = uv_now(&c->loop);
		c->old[i].cancelled = false;
		return true;
	}
	return false;
}

static unsigned count_old(const struct control *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < OLD_MAX; i++)
		n += c->old[i].g != NULL;
	return n;
}

static void on_cancel_timer(uv_timer_t *t)
{
	struct control *c = t->data;

	for (size_t i = 0; i < OLD_MAX; i++) {
		if (!c->old[i].g || c->old[i].cancelled || uv_now(&c->loop) - c->old[i].since_ms < CANCEL_AFTER_MS)
			continue;
		c->old[i].cancelled = true;
		server_cancel(c->old[i].g);
	}
	if (!count_old(c))
		uv_timer_stop(t);
}

/* ---------------------------------------------------------------- reload */

static void reload_work(uv_work_t *w)
{
	struct reload *r = container_of(w, struct reload, work);
	struct generation *before = server_generation();

	if (load_and_publish(r->control, false) == 0)
		r->old = before;
}

static void begin_reload(struct control *c);

static void reload_done(uv_work_t *w, int status)
{
	struct reload *r = container_of(w, struct reload, work);
	struct control *c = r->control;

	(void)status; /* never cancelled */
	c->reloading = false;
	if (!r->old) {
		log_line(LOG_ERROR, "SIGUSR1: starting with the new configuration failed; the old one goes on");
	} else {
		log_line(LOG_INFO, "Reloading complete");
		(void)remember_old(c, r->old); /* begin_reload saw room */
		free_ended(c, false);
		uv_timer_start(&c->cancel_timer, on_cancel_timer, CANCEL_AFTER_MS, 1000);
	}
	free(r);
	if (c->reload_again) {
		c->reload_again = false;
		begin_reload(c);
	}
}

static void begin_reload(struct control *c)
{
	struct reload *r;

	if (c->stopping)
		return;
	if (c->reloading) { /* once more when this one is through: the file may have changed meanwhile */
		c->reload_again = true;
		return;
	}
	r = count_old(c) < OLD_MAX ? calloc(1, sizeof(*r)) : NULL;
	if (!r) {
		log_line(LOG_ERROR, "reload refused: too many replaced configurations still have queries in flight");
		return;
	}
	r->control = c;
	c->reloading = true;
	log_line(LOG_INFO, "Reloading");
	(void)uv_queue_work(&c->loop, &r->work, reload_work, reload_done); /* fails only without a function */
}

/* ---------------------------------------------------------------- signals */

static void stop_serving(struct control *c, const char *name)
{
	log_line(LOG_INFO, "%s: Shutting down servers then terminating", name);
	c->stopping = true;
	lifecycle_stop();
	pidfile_remove(c->opts->pidfile);
	uv_stop(&c->loop);
}

static void on_signal(uv_signal_t *h, int signum)
{
	struct control *c = h->data;

	switch (signum) {
	case SIGUSR1:
		log_line(LOG_INFO, "SIGUSR1: Reloading");
		begin_reload(c);
		break;
	case SIGHUP:
		break; /* ignored, as CoreDNS does */
	case SIGTERM:
		stop_serving(c, "SIGTERM");
		break;
	case SIGINT:
		stop_serving(c, "SIGINT");
		break;
	default: /* SIGQUIT */
		pidfile_remove(c->opts->pidfile);
		_exit(0);
	}
}

/* While the end drains nobody runs the loop: a second signal ends at once. */
static void on_second_signal(int signum)
{
	(void)signum;
	_exit(2);
}

static void second_signal_ends(void)
{
	struct sigaction sa = {.sa_handler = on_second_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
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


/* Sockets of many upstreams and clients: as many descriptors as we are allowed. */
static void raise_file_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r))
		log_line(LOG_WARNING, "RLIMIT_NOFILE cannot be raised: %s", err_text(-errno));
}

static int set_up(struct control *c)
{
	struct server_options so = {
		.n_workers = c->opts->workers,
		.limits = query_limits_default,
		.generation_ended = on_generation_ended,
	};
	int err;

	/* One builder: publishes follow each other. */
	if (setenv("UV_THREADPOOL_SIZE", "1", 1) || uv_loop_init(&c->loop))
		return -ENOMEM;
	uv_async_init(&c->loop, &c->ended_async, on_ended_async);
	uv_timer_init(&c->loop, &c->cancel_timer);
	c->ended_async.data = c;
	c->cancel_timer.data = c;
	err = watch_signals(c);
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

/* A reload that is under way ends first: it works with the workers. */
static void finish_reload(struct control *c)
{
	while (c->reloading)
		uv_run(&c->loop, UV_RUN_ONCE);
}

static void tear_down(struct control *c)
{
	struct generation *old[OLD_MAX];
	size_t n_old = 0;

	admin_stop(c->admin);
	finish_reload(c);
	second_signal_ends();
	for (size_t i = 0; i < OLD_MAX; i++) {
		if (c->old[i].g)
			old[n_old++] = c->old[i].g;
	}
	server_stop(DRAIN_MS, old, n_old);
	free_ended(c, true);
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
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int err;

	the_control = &c;
	raise_file_limit();
	err = set_up(&c);
	if (err) {
		fprintf(stderr, "cannot start: %s\n", err_text(err));
		return 1;
	}
	err = load_and_publish(&c, true);
	if (!err) {
		startup_list(server_generation(), o->quiet);
		pidfile_write(o->pidfile);
		open_admin(&c);
		err = log_start(1);
		if (err)
			fprintf(stderr, "cannot start the log writer: %s\n", err_text(err));
	}
	if (!err)
		uv_run(&c.loop, UV_RUN_DEFAULT);
	tear_down(&c);
	log_stop(LOG_FLUSH_MS);
	return err ? 1 : c.exit_status;
}
