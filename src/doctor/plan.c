// SPDX-License-Identifier: Apache-2.0
#include "doctor/plan.h"

#include "base/rng.h"
#include "doctor/question.h"
#include "doctor/verdict.h"
#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

enum {
	RANDOM_LABEL = 12,
	/* Bursts come from one socket.  What is merely repeated comes from a new one each time: behind a service's address each
	 * flow meets one pod. */
	SHARE_PER_S = 100,
};

void plan_init(struct plan *p, struct observed_world *w)
{
	*p = (struct plan){.w = w};
	p->items = world_alloc(w, (w->budget + WORLD_UNASKED_MAX) * sizeof(p->items[0]));
	p->queues = world_alloc(w, (2 * WORLD_SERVERS_MAX + WISHES_MAX) * sizeof(p->queues[0]));
	p->n_queues = 2 * WORLD_SERVERS_MAX;
	for (unsigned i = 0; i < p->n_queues; i++)
		p->queues[i] = (struct ask_queue){.window = ASK_WINDOW, .gap_ms = ASK_GAP_MS};
}

struct ask_batch plan_batch(const struct plan *p)
{
	return (struct ask_batch){
		.queues = p->queues, .n_queues = p->n_queues, .items = p->items, .n_items = p->n_items};
}

static bool is_asked(const struct observed_world *w, int server)
{
	return w->servers[server].same_as < 0 && w->servers[server].state == SERVER_ASKED;
}

static void add(struct plan *p, const struct observation *o, unsigned queue, unsigned at_ms)
{
	int i;

	if (p->count_only) {
		p->n_items++;
		return;
	}
	i = world_observation(p->w, o);
	if (i >= 0)
		p->items[p->n_items++] = (struct ask_item){.observation = i, .queue = queue, .at_ms = at_ms};
}

/* Behind what this server is asked already; TCP waits on its own. */
static void add_usual(struct plan *p, const struct observation *o)
{
	add(p, o, 2 * (unsigned)o->server + question_is_tcp(o), 0);
}

static void repeat(struct plan *p, struct observation o, unsigned n)
{
	for (o.attempt = 0; o.attempt < n; o.attempt++)
		add_usual(p, &o);
}

/* ---------------------------------------------------------------- candidates */

static bool is_candidate_before(const struct observed_world *w, enum libc libc, unsigned at)
{
	const struct resolv_walk *glibc = &w->resolv.walk[LIBC_GLIBC];
	const uint8_t *name = w->resolv.walk[libc].names[at];

	for (unsigned i = 0; libc == LIBC_MUSL && i < glibc->n; i++) {
		if (wire_name_equal(glibc->names[i], name))
			return true;
	}
	for (unsigned i = 0; i < at; i++) {
		if (wire_name_equal(w->resolv.walk[libc].names[i], name))
			return true;
	}
	return false;
}

static void candidates_at(struct plan *p, int server)
{
	const struct observed_world *w = p->w;

	for (enum libc libc = 0; libc < LIBC_N; libc++) {
		for (unsigned i = 0; i < w->resolv.walk[libc].n; i++) {
			const struct observation o = {.server = server,
						      .role = NAME_CANDIDATE,
						      .name = w->resolv.walk[libc].names[i],
						      .type = w->type,
						      .cls = CLASS_IN,
						      .way = WAY_UDP_PLAIN};

			if (!is_candidate_before(w, libc, i))
				add_usual(p, &o);
		}
	}
}

/* Who completes names by the search path: the resolvers; without any, the servers given. */
static bool completes(const struct observed_world *w, int server)
{
	return w->servers[server].kind == OBSERVED_RESOLVER ||
	       (w->resolv.n_servers == 0 && w->servers[server].kind != OBSERVED_UPSTREAM);
}

void plan_candidates(struct plan *p)
{
	for (int s = 0; s < (int)p->w->n_servers; s++) {
		if (is_asked(p->w, s) && completes(p->w, s))
			candidates_at(p, s);
	}
}

/* ---------------------------------------------------------------- the matrix */

static unsigned pods(const struct observed_world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_servers; i++)
		n += w->servers[i].kind == OBSERVED_POD;
	return n;
}

static bool is_service(const struct observed_world *w, int server)
{
	for (int i = 0; i < (int)w->n_servers; i++) {
		if (w->servers[i].kind == OBSERVED_SERVICE && observe_asked_server(w, i) == server)
			return true;
	}
	return false;
}

static unsigned attempts(const struct observed_world *w, int server, enum ask_way way)
{
	unsigned n = 2 * pods(w);

	if (way != WAY_UDP_PLAIN && way != WAY_TCP)
		return PLAN_ATTEMPTS;
	if (n <= PLAN_ATTEMPTS_PLAIN || !is_service(w, server))
		return way == WAY_TCP ? PLAN_ATTEMPTS : PLAN_ATTEMPTS_PLAIN;
	return n < PLAN_SERVICE_MAX ? n : PLAN_SERVICE_MAX;
}

static void matrix_at(struct plan *p, int server)
{
	static const enum ask_way some[] = {WAY_UDP_PLAIN, WAY_UDP_1232, WAY_TCP};
	const struct observed_world *w = p->w;
	struct observation o = {
		.server = server, .role = NAME_ASKED, .name = w->asked, .type = w->type, .cls = CLASS_IN};

	for (o.way = 0; o.way < WAY_N; o.way++)
		repeat(p, o, attempts(w, server, o.way));
	if (o.type == TYPE_A || o.type == TYPE_AAAA) { /* clients ask for both */
		o.type = o.type == TYPE_A ? TYPE_AAAA : TYPE_A;
		for (unsigned i = 0; i < ARRAY_LEN(some); i++) {
			o.way = some[i];
			repeat(p, o, 1);
		}
	}
	o.role = NAME_CONTROL;
	o.name = w->control;
	o.type = TYPE_A;
	for (o.way = 0; w->control && o.way < WAY_N; o.way++)
		repeat(p, o, 1);
}

static void version_at(struct plan *p, int server)
{
	static const uint8_t version_bind[] = "\7version\4bind";
	const struct observation who = {.server = server,
					.role = NAME_VERSION,
					.name = version_bind,
					.type = TYPE_TXT,
					.cls = CLASS_CH,
					.way = WAY_UDP_PLAIN};

	add_usual(p, &who);
}

void plan_matrix(struct plan *p)
{
	for (int s = 0; s < (int)p->w->n_servers; s++) {
		if (!is_asked(p->w, s))
			continue;
		matrix_at(p, s);
		version_at(p, s);
	}
}

/* ---------------------------------------------------------------- wishes */

static const uint8_t *with_random_label(struct observed_world *w, struct rng *rng, const uint8_t *name)
{
	uint8_t out[WIRE_NAME_MAX];
	size_t len = wire_name_len(name);

	if (len + RANDOM_LABEL + 1 > sizeof(out))
		return name;
	out[0] = RANDOM_LABEL;
	for (unsigned i = 1; i <= RANDOM_LABEL; i++)
		out[i] = (uint8_t)('a' + rng_below(rng, 26));
	memcpy(out + RANDOM_LABEL + 1, name, len);
	return world_name(w, out);
}

static void one(struct plan *p, const struct wish *wish, struct observation *o, unsigned queue,
		struct rng *rng)
{
	static unsigned pair_number;
	unsigned at_ms = wish->delay_ms + (wish->per_second ? o->attempt * 1000 / wish->per_second : 0);

	o->name = wish->unique ? with_random_label(p->w, rng, wish->name) : wish->name;
	o->type = wish->pair ? TYPE_A : wish->type;
	o->pair = wish->pair ? ++pair_number : 0;
	add(p, o, queue, at_ms);
	if (wish->pair) {
		o->type = TYPE_AAAA;
		add(p, o, queue, at_ms);
	}
}

static void not_granted(struct plan *p, const struct observation *o, const struct wish *wish)
{
	struct observation refused = *o;

	refused.name = wish->name;
	refused.type = wish->type;
	refused.outcome = OUTCOME_NOT_SENT;
	refused.why = "the budget was used up";
	(void)world_observation(p->w, &refused);
}

static void grant(struct plan *p, const struct wish *wish, unsigned round, struct rng *rng, unsigned left)
{
	struct observation o = {.server = wish->server,
				.role = NAME_EXTRA,
				.cls = CLASS_IN,
				.way = wish->way,
				.bits = wish->bits,
				.round = round,
				.tag = wish->tag};
	unsigned queue = p->n_queues++, each = wish->pair ? 2 : 1, n;

	p->queues[queue] = (struct ask_queue){.window = wish->per_second ? 0 : each,
					      .share = wish->per_second >= SHARE_PER_S && !wish->pair};
	n = left / each < wish->count ? left / each : wish->count;
	if (p->w->servers[observe_asked_server(p->w, wish->server)].state != SERVER_ASKED)
		n = 0;
	for (o.attempt = 0; o.attempt < n; o.attempt++)
		one(p, wish, &o, queue, rng);
	if (n < wish->count)
		not_granted(p, &o, wish);
}

void plan_wishes(struct plan *p, const struct wish_list *wishes, unsigned round)
{
	struct rng rng;

	rng_init(&rng);
	for (unsigned i = 0; i < wishes->n; i++) {
		unsigned promised = p->w->used + p->n_items;

		grant(p, &wishes->v[i], round, &rng, promised < p->w->budget ? p->w->budget - promised : 0);
	}
}
