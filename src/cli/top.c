// SPDX-License-Identifier: Apache-2.0
#include "cli/top.h"

#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/terminal.h"
#include "cli/top_view.h"
#include "control/options.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INTERVAL_MS = 2000, INTERVAL_MIN_MS = 100, INTERVAL_MAX_MS = 3600 * 1000, ANY_WIDTH = 1000, ONCE_ROWS = 100 };

struct top {
	char server[ADMIN_NAME_MAX];
	unsigned interval_ms;
	cJSON *before, *now;
};

/* Seconds, with a fraction if need be.  -1: told. */
static int read_interval(const struct options *o, unsigned *ret_ms)
{
	char *end;
	double s;

	*ret_ms = INTERVAL_MS;
	if (!o->n_rest)
		return 0;
	s = strtod(o->rest[0], &end);
	if (o->n_rest > 1 || *end || end == o->rest[0] || !(s >= INTERVAL_MIN_MS / 1e3 && s <= INTERVAL_MAX_MS / 1e3)) {
		fprintf(stderr, "expected: binnacle top [-once] [-json] [SECONDS], from 0.1 to 3600\n");
		return -1;
	}
	*ret_ms = (unsigned)(s * 1000);
	return 0;
}

/* The server's answer; NULL: told. */
static char *ask(const struct top *t)
{
	char *reply = admin_ask(t->server, "top");

	if (reply && *reply != '{') {
		fprintf(stderr, "%s\n", reply);
		free(reply);
		return NULL;
	}
	return reply;
}

static int look(struct top *t)
{
	char *reply = ask(t);
	cJSON *now = reply ? cJSON_Parse(reply) : NULL;

	if (reply && !now)
		fprintf(stderr, "the server's answer is not whole\n");
	free(reply);
	if (!now)
		return -1;
	cJSON_Delete(t->before);
	t->before = t->now;
	t->now = now;
	return 0;
}

static void show(const struct top *t, bool on_terminal)
{
	unsigned rows = ONCE_ROWS, cols = ANY_WIDTH;
	struct text lines = {0};

	if (on_terminal)
		terminal_size(&rows, &cols);
	top_view(&lines, t->before, t->now, rows, cols);
	if (lines.failed)
		fprintf(stderr, "no memory\n");
	else if (on_terminal)
		terminal_draw(lines.p, TOP_HEADING);
	else
		for (const char *at = lines.p; *at; at++) {
			if (*at != TOP_HEADING)
				putchar(*at);
		}
	free(lines.p);
}

/* Until a key, a signal or the time for the next look.  False: the end. */
static bool wait_on_terminal(const struct top *t)
{
	uint64_t until = clock_mono_ns() + t->interval_ms * NS_PER_MS, now;
	char key = 0;

	while ((now = clock_mono_ns()) < until) {
		switch (terminal_wait((unsigned)((until - now + NS_PER_MS - 1) / NS_PER_MS), &key)) {
		case TERMINAL_END:
			return false;
		case TERMINAL_KEY:
			if (key == 'q' || key == 'Q')
				return false;
			if (key == ' ')
				return true;
			break;
		case TERMINAL_REDRAW:
			show(t, true);
			break;
		case TERMINAL_TIME:
			break;
		}
	}
	return true;
}

static int run_on_terminal(struct top *t)
{
	int err = terminal_begin();

	if (err) {
		fprintf(stderr, "the terminal cannot be drawn on: %s\n", strerror(-err));
		return 1;
	}
	do {
		show(t, true);
		if (!wait_on_terminal(t))
			break;
		err = look(t);
	} while (!err);
	terminal_end();
	if (err)
		fprintf(stderr, "the server has gone\n"); /* what was said before went with the screen */
	return err ? 1 : 0;
}

/* One JSON object a line. */
static int run_json(const struct top *t, bool once)
{
	const struct timespec pause = {.tv_sec = t->interval_ms / 1000, .tv_nsec = (long)(t->interval_ms % 1000) * 1000000};
	char *reply;

	while ((reply = ask(t))) {
		bool written = puts(reply) != EOF && fflush(stdout) == 0;

		free(reply);
		if (once || !written)
			return written ? 0 : 1;
		(void)nanosleep(&pause, NULL);
	}
	return 1;
}

int top(const struct options *o)
{
	struct top t = {0};
	int status = 1;

	if (read_interval(o, &t.interval_ms) || admin_find(o->admin, t.server))
		return 1;
	if (o->json)
		return run_json(&t, o->once);
	if (look(&t) == 0) {
		status = 0;
		if (!o->once && terminal_there())
			status = run_on_terminal(&t);
		else
			show(&t, false);
	}
	cJSON_Delete(t.before);
	cJSON_Delete(t.now);
	return status;
}
