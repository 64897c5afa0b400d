// SPDX-License-Identifier: Apache-2.0
#include "control/commands.h"

#include "base/err.h"
#include "base/log.h"
#include "server/generation.h"
#include "server/runtime.h"

#include <stdlib.h>
#include <string.h>

/* A copy: its generation may have gone when its turn comes. */
struct command {
	struct command *next, *next_alive;
	struct commands *of;
	uv_process_t process;
	unsigned id;
	bool wait;
	char *text;
	char *argv[];
};

static void free_command(struct command *x)
{
	for (char **a = x->argv; *a; a++)
		free(*a);
	free(x->text);
	free(x);
}

static struct command *copy(struct commands *c, const struct event_command *from)
{
	struct command *x;
	size_t n = 0;

	while (from->argv[n])
		n++;
	x = calloc(1, sizeof(*x) + (n + 1) * sizeof(x->argv[0]));
	if (!x)
		return NULL;
	x->of = c;
	x->wait = from->wait;
	x->text = strdup(from->text);
	for (size_t i = 0; i < n; i++) {
		x->argv[i] = strdup(from->argv[i]);
		if (!x->argv[i]) {
			free_command(x);
			return NULL;
		}
	}
	if (x->text)
		return x;
	free_command(x);
	return NULL;
}

static void go_on(struct commands *c);

static void closed(uv_handle_t *h)
{
	free_command(h->data);
}

static void close_command(struct command *x)
{
	struct command **at = &x->of->alive;

	while (*at != x)
		at = &(*at)->next_alive;
	*at = x->next_alive;
	uv_close((uv_handle_t *)&x->process, closed);
}

static void ended(uv_process_t *p, int64_t status, int signum)
{
	struct command *x = p->data;
	struct commands *c = x->of;

	if (signum)
		log_line(LOG_ERROR, "command \"%s\" with ID %u was ended by signal %d", x->text, x->id, signum);
	else if (status)
		log_line(LOG_ERROR, "command \"%s\" with ID %u ended with status %d", x->text, x->id, (int)status);
	close_command(x);
	if (c->running != x)
		return;
	c->running = NULL;
	go_on(c);
}

/* False: it could not be started, and is gone. */
static bool start(struct commands *c, struct command *x)
{
	uv_stdio_container_t stdio[3] = {{.flags = UV_INHERIT_FD, .data.fd = 0},
					 {.flags = UV_INHERIT_FD, .data.fd = 1},
					 {.flags = UV_INHERIT_FD, .data.fd = 2}};
	const uv_process_options_t o = {
		.exit_cb = ended, .file = x->argv[0], .args = x->argv, .stdio = stdio, .stdio_count = 3};
	int err;

	x->id = ++c->n;
	x->next_alive = c->alive;
	c->alive = x;
	x->process.data = x;
	log_line(LOG_INFO, "%s Command \"%s\" with ID %u", x->wait ? "Blocking" : "Nonblocking", x->text, x->id);
	err = uv_spawn(c->loop, &x->process, &o);
	if (!err)
		return true;
	log_line(LOG_ERROR, "command \"%s\" with ID %u cannot be started: %s", x->text, x->id, err_text(err));
	close_command(x);
	return false;
}

static void finished(struct commands *c)
{
	void (*done)(void *arg) = c->done;

	c->done = NULL;
	uv_timer_stop(&c->patience);
	if (done)
		done(c->done_arg);
}

/* The next ones, up to one that must be waited for. */
static void go_on(struct commands *c)
{
	while (c->first && !c->running) {
		struct command *x = c->first;

		c->first = x->next;
		if (!c->first)
			c->last = &c->first;
		if (start(c, x) && x->wait)
			c->running = x;
	}
	if (!c->running)
		finished(c);
}

static void forget_waiting(struct commands *c)
{
	while (c->first) {
		struct command *x = c->first;

		c->first = x->next;
		free_command(x);
	}
	c->last = &c->first;
}

static void out_of_patience(uv_timer_t *t)
{
	struct commands *c = t->data;

	log_line(LOG_ERROR, "command \"%s\" with ID %u takes longer than %d s; the end does not wait for it",
		 c->running->text, c->running->id, COMMANDS_PATIENCE_MS / 1000);
	c->running = NULL;
	forget_waiting(c);
	finished(c);
}

static void on_fire(void *arg, enum event e)
{
	struct commands *c = arg;

	__atomic_or_fetch(&c->pending, 1u << e, __ATOMIC_RELEASE);
	uv_async_send(&c->fired); /* cannot fail for a handle that is open */
}

static void fired(uv_async_t *a)
{
	struct commands *c = a->data;
	unsigned events = __atomic_exchange_n(&c->pending, 0, __ATOMIC_ACQUIRE);

	for (unsigned e = 0; e < EVENTS; e++) {
		if (events >> e & 1)
			commands_run(c, server_generation(), (enum event)e);
	}
}

int commands_init(struct commands *c, uv_loop_t *loop)
{
	int err = uv_timer_init(loop, &c->patience);

	c->loop = loop;
	c->last = &c->first;
	if (!err)
		err = uv_async_init(loop, &c->fired, fired);
	c->fired.data = c;
	c->patience.data = c;
	if (!err)
		event_on_fire(on_fire, c);
	return err;
}

void commands_run(struct commands *c, const struct generation *g, enum event e)
{
	for (const struct event_command *from = g->commands; from; from = from->next) {
		struct command *x = from->event == e ? copy(c, from) : NULL;

		if (!x && from->event == e)
			log_line(LOG_ERROR, "command \"%s\": out of memory", from->text);
		if (!x)
			continue;
		*c->last = x;
		c->last = &x->next;
	}
	go_on(c);
}

void commands_finish(struct commands *c, void (*done)(void *arg), void *arg)
{
	c->done = done;
	c->done_arg = arg;
	if (c->running)
		uv_timer_start(&c->patience, out_of_patience, COMMANDS_PATIENCE_MS, 0);
	else
		finished(c);
}

void commands_stop(struct commands *c)
{
	event_on_fire(NULL, NULL);
	forget_waiting(c);
	while (c->alive)
		close_command(c->alive);
}
