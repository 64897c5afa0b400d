// SPDX-License-Identifier: Apache-2.0
/* Loading and publishing: at the start, and again when a signal or a changed file asks for it. */
#include "base/log.h"
#include "base/metrics.h"
#include "control/control.h"
#include "control/sd.h"
#include "control/startup.h"
#include "server/generation.h"
#include "server/reloads.h"

#include <stdlib.h>
#include <string.h>

enum { ERRORS_TOLD = 20 }; /* lines of one failed reload */

/* One load: the builder works on it, control tells what came of it (two threads' lines have no order). */
struct load {
	uv_work_t work;
	struct control *control;
	struct arena arena;
	struct cf_errors errs;
	const char *why;        /* could be built, but not served */
	struct generation *old; /* what was replaced */
	int err;
};

/* ---------------------------------------------------------------- metrics */

static const struct metric_desc failed_desc = {
	"coredns_reload_failed_total", "Counter of the number of failed reload attempts.", METRIC_COUNTER, "", NULL, 0, 0};
static const struct metric_desc results_desc = {
	"binnacle_reloads_total", "Reloads by their outcome, those by signal included.", METRIC_COUNTER, "result", NULL, 0, 0};
static const struct metric_desc version_desc = {
	"coredns_reload_version_info",
	"A metric with a constant '1' value labeled by hash, and value which type of hash generated.",
	METRIC_GAUGE, "hash,value", NULL, 0, 0};

static double one(void *arg)
{
	return 1;
}

/* The checksum of what serves, while somebody watches it. */
static void show_version(struct control *c, bool watched)
{
	char text[CONFIG_SUM_TEXT_MAX];

	metrics_reader_drop(&c->watch);
	if (!watched)
		return;
	config_sum_text(&c->watch.serving, text);
	metrics_reader(&version_desc, (const char *const[]){"sha512", text}, one, &c->watch);
	log_line(LOG_INFO, "plugin/reload: Running configuration SHA512 = %s", text);
}

static void count(struct control *c, bool failed)
{
	const char *result = failed ? "failed" : "ok";

	if (!c->cells)
		c->cells = metrics_cells_new();
	if (!c->cells)
		return;
	metric_inc(c->cells, metrics_series(&results_desc, &result));
	if (failed && c->cause == RELOAD_BY_CHANGE)
		metric_inc(c->cells, metrics_series(&failed_desc, NULL));
}

/* ---------------------------------------------------------------- errors */

/* `at_start`: errors go to stderr, as they are.  Returns the first. */
static const char *tell(const char *text, bool at_start)
{
	if (at_start)
		fprintf(stderr, "%s\n", text);
	else
		log_line(LOG_ERROR, "Restart failed: %s", text);
	return text;
}

/* Warnings, and errors: all of them at the start, else the first few.  Returns the first error's text, in the load's
 * arena; NULL: there was none. */
static const char *tell_all(struct load *l, bool at_start)
{
	const char *first = l->why ? tell(l->why, at_start) : NULL;
	char text[LOG_RECORD_MAX];
	unsigned told = 0;

	cf_errors_sort(&l->errs);
	for (const struct cf_error *e = l->errs.first; e; e = e->next) {
		(void)cf_error_format(e, text, sizeof(text)); /* a longer one is cut */
		if (e->warning) {
			log_line(LOG_WARNING, "%s", text);
			continue;
		}
		if (at_start || told++ < ERRORS_TOLD)
			tell(text, at_start);
		if (!first)
			first = arena_strdup(&l->arena, text);
	}
	if (told > ERRORS_TOLD)
		log_line(LOG_ERROR, "Restart failed: %u more errors; `binnacle check` shows all", told - ERRORS_TOLD);
	return first;
}

/* ---------------------------------------------------------------- load and publish */

/* Builder, or control before serving. */
static void load_and_publish(struct load *l)
{
	struct loader *loader = &l->control->loader;
	struct generation *g = NULL;
	const char *why = NULL;

	arena_init(&l->arena, NULL, 0, NULL);
	cf_errors_init(&l->errs, &l->arena);
	l->err = loader_load(loader, &l->arena, &l->errs, &g);
	if (l->err)
		return;
	l->err = server_publish(g, &why);
	if (l->err) {
		l->why = arena_strdup(&l->arena, why); /* the text is the generation's */
		generation_free(g);
		return;
	}
	loader->has_served |= strcmp(loader->name, "default") != 0;
}

/* Control: what the configuration that serves now wants of the process. */
static void follow(struct control *c)
{
	const struct generation *g = server_generation();

	c->lameduck_ms = g->lameduck_ns / 1000000;
	watch_serves(&c->watch, &c->loader.sum, g->reload_every_ms, g->reload_jitter_ms);
	show_version(c, g->reload_every_ms != 0);
}

int control_load_first(struct control *c)
{
	struct load l = {.control = c};

	startup_build_info();
	load_and_publish(&l);
	(void)tell_all(&l, true);
	arena_fini(&l.arena);
	if (l.err)
		return l.err;
	startup_zones(server_generation(), c->opts->quiet);
	follow(c);
	reloads_note("start", server_generation()->number, NULL);
	startup_summary(server_generation(), c->opts->quiet);
	return 0;
}

/* ---------------------------------------------------------------- reload */

static void reload_work(uv_work_t *w)
{
	struct load *l = container_of(w, struct load, work);

	l->old = server_generation();
	load_and_publish(l);
}

static const char *cause_text(enum reload_cause cause)
{
	return cause == RELOAD_BY_SIGNAL ? "signal" : "change";
}

static void failed(struct control *c, const char *why)
{
	reloads_note(cause_text(c->cause), server_generation()->number, why);
	count(c, true);
	if (c->cause == RELOAD_BY_SIGNAL) {
		log_line(LOG_ERROR, "SIGUSR1: starting with the new configuration failed; the old one goes on");
	} else {
		log_line(LOG_ERROR, "plugin/reload: Corefile changed but reload failed: %s; the old configuration goes on", why);
		watch_failed(&c->watch);
	}
}

static void succeeded(struct control *c, struct generation *old)
{
	retired_add(&c->retired, old); /* control_reload saw room */
	follow(c);
	count(c, false);
	reloads_note(cause_text(c->cause), server_generation()->number, NULL);
	log_line(LOG_INFO, "Reloading complete");
	commands_run(&c->commands, server_generation(), EVENT_STARTUP);
}

static void reload_done(uv_work_t *w, int status)
{
	struct load *l = container_of(w, struct load, work);
	struct control *c = l->control;
	const char *why = tell_all(l, false);

	(void)status; /* never cancelled */
	c->reloading = false;
	if (l->err)
		failed(c, why ? why : "out of memory");
	else
		succeeded(c, l->old);
	sd_notify_ready(server_generation(), l->err ? why : NULL);
	arena_fini(&l->arena);
	free(l);
	if (c->stopping)
		watch_stop(&c->watch);
	if (c->reload_again) {
		c->reload_again = false;
		control_reload(c, RELOAD_BY_SIGNAL);
	}
}

void control_reload(struct control *c, enum reload_cause cause)
{
	struct load *l;

	if (c->stopping)
		return;
	if (c->reloading) { /* once more when this one is through: the file may have changed meanwhile */
		c->reload_again = true;
		return;
	}
	c->cause = cause;
	l = retired_has_room(&c->retired) ? calloc(1, sizeof(*l)) : NULL;
	if (!l) {
		failed(c, "too many replaced configurations still have queries in flight");
		return;
	}
	l->control = c;
	c->reloading = true;
	log_line(LOG_INFO, "Reloading");
	sd_notify_reloading();
	(void)uv_queue_work(&c->loop, &l->work, reload_work, reload_done); /* fails only without a function */
}

void control_reload_finish(struct control *c)
{
	while (c->reloading || watch_busy(&c->watch))
		uv_run(&c->loop, UV_RUN_ONCE);
}
