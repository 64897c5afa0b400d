// SPDX-License-Identifier: Apache-2.0
#include "doctor/ask_internal.h"

#include "base/clock.h"
#include "doctor/world.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
	FLIGHTS_MAX = 8192,
	SILENT_AFTER = 4, /* timeouts and nothing else: the server is silent */
	SILENT_WINDOW = 64,
	PROGRESS_MS = 250,
};

static struct observation *seen(struct asker *a, int observation)
{
	return &a->w->seen[observation];
}

/* ---------------------------------------------------------------- the end of a question */

static void note_not_sent(struct asker *a, int observation, enum ask_outcome outcome, const char *why)
{
	struct observation *o = seen(a, observation);

	o->outcome = outcome;
	o->why = why;
	a->n_done++;
}

void ask_done(struct asker *a, struct ask_flight *f, enum ask_outcome outcome, int err)
{
	struct observation *o = seen(a, f->observation);
	struct ask_line *line = &a->lines[f->queue];
	struct ask_socket *s = &a->sockets[f->socket];

	o->outcome = outcome;
	o->err = err;
	o->done_ns = clock_mono_ns();
	if (err)
		o->why = world_printf(a->w, "%s", strerror(-err));
	if (outcome == OUTCOME_TIMEOUT)
		line->timeouts++;
	else
		line->others++;
	line->in_flight--;
	s->users--;
	if (s->users == 0 && !s->shared)
		ask_socket_close(a, f->socket);
	f->observation = ASK_NONE;
	a->n_done++;
}

static void expire(struct asker *a, uint64_t now)
{
	for (unsigned i = 0; i < a->n_flights; i++) {
		struct ask_flight *f = &a->flights[i];

		if (f->observation == ASK_NONE || f->deadline_ns > now)
			continue;
		ask_done(a, f, seen(a, f->observation)->n_wrong ? OUTCOME_WRONG : OUTCOME_TIMEOUT, 0);
	}
	while (a->n_flights && a->flights[a->n_flights - 1].observation == ASK_NONE)
		a->n_flights--;
}

/* ---------------------------------------------------------------- sending */

static struct ask_flight *free_flight(struct asker *a)
{
	for (unsigned i = 0; i < a->n_flights; i++) {
		if (a->flights[i].observation == ASK_NONE)
			return &a->flights[i];
	}
	return a->n_flights < a->max_flights ? &a->flights[a->n_flights++] : NULL;
}

static bool id_in_use(const struct asker *a, int socket, uint16_t id)
{
	for (unsigned i = 0; i < a->n_flights; i++) {
		const struct ask_flight *f = &a->flights[i];

		if (f->observation != ASK_NONE && f->socket == socket && f->id == id)
			return true;
	}
	return false;
}

/* Put one observation's question on socket `at`. */
static void fly(struct asker *a, struct ask_flight *f, const struct ask_item *item, int at)
{
	struct observation *o = seen(a, item->observation);
	uint64_t now = clock_mono_ns();

	*f = (struct ask_flight){
		.observation = ASK_NONE, .socket = at, .queue = item->queue, .order = ++a->n_sent};
	do
		f->id = rng_u16(&a->rng);
	while (id_in_use(a, at, f->id));
	rng_bytes(&a->rng, f->cookie, sizeof(f->cookie));
	f->observation = item->observation;
	f->deadline_ns = now + a->w->timeout_ms * NS_PER_MS;
	o->sent_ns = now;
	o->wall_s = clock_wall_ns() / NS_PER_S;
	a->w->used++;
	a->lines[item->queue].in_flight++;
	a->sockets[at].users++;
	ask_socket_send(a, f);
}

static const struct net_addr *address_of(struct asker *a, int observation)
{
	return &a->w->servers[observe_asked_server(a->w, seen(a, observation)->server)].addr;
}

/* The socket for an item: its queue's or a new one.  -EMFILE: later. */
static int socket_for(struct asker *a, const struct ask_item *item)
{
	struct ask_line *line = &a->lines[item->queue];
	bool share = a->b->queues[item->queue].share && !question_is_tcp(seen(a, item->observation));
	int at;

	if (share && line->socket != ASK_NONE)
		return line->socket;
	at = ask_socket_open(a, address_of(a, item->observation),
			     question_is_tcp(seen(a, item->observation)));
	if (share && at >= 0) {
		a->sockets[at].shared = true;
		line->socket = at;
	}
	return at;
}

/* False: not now. */
static bool start_on(struct asker *a, const struct ask_item *item, int at)
{
	struct ask_flight *f;

	if (a->w->used >= a->w->budget) {
		note_not_sent(a, item->observation, OUTCOME_NOT_SENT, "the budget was used up");
		return true;
	}
	f = free_flight(a);
	if (!f)
		return false;
	fly(a, f, item, at);
	return true;
}

static void not_opened(struct asker *a, int observation, int err)
{
	struct observation *o = seen(a, observation);
	enum ask_outcome outcome = ask_is_no_route(err) ? OUTCOME_NO_ROUTE : OUTCOME_NOT_SENT;

	if (err == -ECONNREFUSED) {
		outcome = OUTCOME_REFUSED_CONN;
		o->sent_ns = o->done_ns = clock_mono_ns();
		a->w->used++;
	}
	o->err = err;
	note_not_sent(a, observation, outcome, world_printf(a->w, "%s", strerror(-err)));
}

/* An item, and those of its pair with it.  False: not now. */
static bool start(struct asker *a, struct ask_line *line)
{
	const struct ask_item *item = &a->b->items[line->next];
	unsigned pair = seen(a, item->observation)->pair;
	int at = socket_for(a, item);

	if (at == -EMFILE || at == -ENFILE || at == -ENOBUFS)
		return false;
	if (at >= 0)
		a->sockets[at].users++; /* not closed between the two of a pair */
	do {
		if (at >= 0 && !start_on(a, item, at))
			break;
		if (at < 0)
			not_opened(a, item->observation, at);
		line->next = a->following[line->next];
		item = line->next == ASK_NONE ? NULL : &a->b->items[line->next];
	} while (pair && item && seen(a, item->observation)->pair == pair);
	if (at >= 0 && --a->sockets[at].users == 0 && !a->sockets[at].shared)
		ask_socket_close(a, at);
	return true;
}

static unsigned window_of(const struct asker *a, unsigned queue)
{
	const struct ask_line *line = &a->lines[queue];
	unsigned window = a->b->queues[queue].window;

	if (window == 0)
		return a->max_flights;
	if (window > 1 && line->timeouts >= SILENT_AFTER && line->others == 0)
		return SILENT_WINDOW;
	return window;
}

/* Send what is due in one queue; when the next is, or 0 when it waits for an answer or has ended. */
static uint64_t advance(struct asker *a, unsigned queue, uint64_t now)
{
	struct ask_line *line = &a->lines[queue];

	while (line->next != ASK_NONE && line->in_flight < window_of(a, queue)) {
		uint64_t due = a->start_ns + a->b->items[line->next].at_ms * NS_PER_MS;

		if (due < line->not_before_ns)
			due = line->not_before_ns;
		if (due > now)
			return due;
		if (!start(a, line))
			return 0;
		line->not_before_ns = now + a->b->queues[queue].gap_ms * NS_PER_MS;
	}
	if (line->next == ASK_NONE && line->in_flight == 0 && line->socket != ASK_NONE) {
		ask_socket_close(a, line->socket);
		line->socket = ASK_NONE;
	}
	return 0;
}

/* ---------------------------------------------------------------- waiting */

static uint64_t earliest_deadline(const struct asker *a)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < a->n_flights; i++) {
		const struct ask_flight *f = &a->flights[i];

		if (f->observation != ASK_NONE && (!at || f->deadline_ns < at))
			at = f->deadline_ns;
	}
	return at;
}

static void wait_until(struct asker *a, uint64_t at, uint64_t now)
{
	struct pollfd fds[ASK_SOCKETS_MAX];
	int index[ASK_SOCKETS_MAX];
	struct timespec ts = {0};
	nfds_t n = 0;

	for (int i = 0; i < ASK_SOCKETS_MAX; i++) {
		if (a->sockets[i].fd < 0)
			continue;
		fds[n] = (struct pollfd){.fd = a->sockets[i].fd, .events = ask_socket_events(&a->sockets[i])};
		index[n++] = i;
	}
	if (at > now + PROGRESS_MS * NS_PER_MS)
		at = now + PROGRESS_MS * NS_PER_MS;
	if (at > now)
		ts = (struct timespec){.tv_sec = (time_t)((at - now) / NS_PER_S),
				       .tv_nsec = (long)((at - now) % NS_PER_S)};
	if (ppoll(fds, n, &ts, NULL) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].revents && a->sockets[index[i]].fd == fds[i].fd)
			ask_socket_ready(a, index[i], fds[i].revents);
	}
}

static void tell(struct asker *a, uint64_t now)
{
	if (!a->b->progress || (a->n_done < a->b->n_items && now < a->told_ns + PROGRESS_MS * NS_PER_MS))
		return;
	a->told_ns = now;
	a->b->progress(a->b->arg, a->n_done, a->b->n_items);
}

static void turn(struct asker *a)
{
	uint64_t now = clock_mono_ns(), at;

	expire(a, now);
	for (unsigned q = 0; q < a->b->n_queues; q++)
		(void)advance(a, q, now);
	at = earliest_deadline(a);
	for (unsigned q = 0; q < a->b->n_queues;
	     q++) { /* again: a question may have ended while others were sent */
		uint64_t due = advance(a, q, now);

		if (due && (!at || due < at))
			at = due;
	}
	if (a->n_done < a->b->n_items)
		wait_until(a, at ? at : now + NS_PER_MS, now);
	tell(a, now);
}

/* ---------------------------------------------------------------- a batch */

static void line_up(struct asker *a)
{
	for (unsigned q = 0; q < a->b->n_queues; q++)
		a->lines[q] = (struct ask_line){.next = ASK_NONE, .socket = ASK_NONE};
	for (int i = (int)a->b->n_items - 1; i >= 0; i--) {
		struct ask_line *line = &a->lines[a->b->items[i].queue];

		a->following[i] = line->next;
		line->next = i;
	}
	for (unsigned i = 0; i < ASK_SOCKETS_MAX; i++)
		a->sockets[i].fd = -1;
	for (unsigned i = 0; i < a->max_flights; i++)
		a->flights[i].observation = ASK_NONE;
}

void ask_run(struct observed_world *w, const struct ask_batch *b)
{
	struct asker *a = world_alloc(w, sizeof(*a));

	*a = (struct asker){.w = w, .b = b, .start_ns = clock_mono_ns()};
	a->max_flights = b->n_items < FLIGHTS_MAX ? b->n_items : FLIGHTS_MAX;
	a->lines = world_alloc(w, (b->n_queues + 1) * sizeof(a->lines[0]));
	a->following = world_alloc(w, (b->n_items + 1) * sizeof(a->following[0]));
	a->flights = world_alloc(w, (a->max_flights + 1) * sizeof(a->flights[0]));
	rng_init(&a->rng);
	line_up(a);
	while (a->n_done < b->n_items)
		turn(a);
	for (int i = 0; i < ASK_SOCKETS_MAX; i++) {
		if (a->sockets[i].fd >= 0)
			ask_socket_close(a, i);
	}
}
