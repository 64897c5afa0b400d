// SPDX-License-Identifier: Apache-2.0
#include "scenario.h"

#include "client.h"
#include "config.h"
#include "hostfile.h"
#include "runtime.h"
#include "site.h"
#include "truth.h"
#include "world.h"

#include <string.h>

enum {
	SLICE_MS = 50,
	WORKER_BYTES = 8 << 20,
	TIGHT_BYTES = 64 << 10,
	TWICE_PERCENT = 5, /* second questions to fast upstreams, of all */
	REST_S = 30, /* until nothing is kept open any more */
	RELOADS_MAX = 3,
	/* Questions to upstreams per question of a client, at most. */
	ASKED_MAX = 24,
};

struct mood_change {
	struct timer timer;
	struct site *site;
	unsigned trouble;
};

static void mood_changes(struct timer *t)
{
	struct mood_change *m = container_of(t, struct mood_change, timer);

	site_change_mood(m->site, m->trouble);
}

static void plan_moods(uint64_t span_ns, unsigned trouble)
{
	unsigned n = trouble && world_percent(60) ? 1 + world_below(4) : 0;

	for (; n; n--) {
		struct mood_change *m = world_alloc(sizeof(*m));

		m->site = &sites[world_below(n_sites)];
		m->trouble = trouble;
		m->timer.fire = mood_changes;
		world_after(&m->timer, world_between(0, span_ns));
	}
}

static void publish(uint8_t group, bool same)
{
	struct config *c = &configs[n_configs];

	if (same)
		*c = configs[n_configs - 1];
	else
		config_draw(c, group);
	c->begin_ns = world.now_ns;
	c->done_ns = 0;
	n_configs++;
	world_tell("%s Corefile:\n%s", same ? "the same" : "new", c->text);
	sim_server_publish(c->text);
	c->done_ns = world.now_ns;
	world_tell("it serves");
}

struct reloads {
	uint64_t at_ns[RELOADS_MAX];
	unsigned n, done;
};

static void plan_reloads(struct reloads *r, uint64_t span_ns)
{
	*r = (struct reloads){.n = world_percent(40) ? 1 + world_below(RELOADS_MAX) : 0};
	for (unsigned i = 0; i < r->n; i++)
		r->at_ns[i] = world.now_ns + span_ns * (i + 1) / (r->n + 1);
}

static void maybe_flush(void)
{
	const struct truth *t = world_percent(70) ? &truths[world_below(n_truths)] : NULL;

	if (n_forgettings == FORGETTINGS_MAX || !world_percent(2))
		return;
	if (t)
		world_tell("flush n%u", t->index);
	else
		world_tell("flush all");
	sim_server_flush(t ? t->name : NULL);
	forgettings[n_forgettings++] = (struct forgetting){t, world.now_ns};
}

static void run(uint64_t until_ns, struct reloads *r)
{
	while (world.now_ns < until_ns) {
		uint64_t slice = world.now_ns + SLICE_MS * NS_PER_MS;

		world_run_until(slice < until_ns ? slice : until_ns);
		sim_server_control();
		maybe_flush();
		if (r->done < r->n && world.now_ns >= r->at_ns[r->done]) {
			bool same = world_percent(40);

			r->done++;
			publish((uint8_t)(world_percent(60) && n_sites > 1 ? sites[n_sites - 1].group : 0),
				same);
		}
	}
}

static void look_at_load(struct scenario_result *ret)
{
	unsigned twice = 0;

	for (unsigned i = 0; i < n_truths; i++) {
		const struct truth *t = &truths[i];
		double each = t->n_questions ? (double)t->n_asked / t->n_questions : t->n_asked;

		ret->n_asked += t->n_asked;
		if (each > ret->asked_per_question)
			ret->asked_per_question = each;
		twice += t->n_twice;
		if (t->n_asked > ASKED_MAX * t->n_questions)
			world_wrong("n%u: %u questions of clients made %u", t->index, t->n_questions,
				    t->n_asked);
	}
	/* What refuses datagrams was asked and never answers: here nobody does. */
	ret->twice = site_all_perfect(0, 0) && (!configs[0].next || site_all_perfect(1, 0)) && n_configs == 1 &&
				     configs[0].cache && !world.tight
			     ? twice
			     : 0;
	if (ret->twice > 2 + ret->n_asked * TWICE_PERCENT / 100)
		world_wrong("%u of %u questions were asked while they were asked already", twice,
			    ret->n_asked);
}

/* When nobody has asked for a while, nothing is open; probes of those that are down go on. */
static void rest(void)
{
	uint8_t group = configs[n_configs - 1].group;

	world_run_until(world.now_ns + REST_S * NS_PER_S);
	sim_server_control();
	if (site_all_perfect(group, world.begin_ns))
		sim_server_at_rest();
}

static void draw(uint64_t span_ns)
{
	static const unsigned troubles[] = {0, 0, 30, 60, 90};
	unsigned trouble = troubles[world_below(5)];

	world.tight = world_percent(5);
	n_configs = n_sites = n_forgettings = 0;
	client_reset();
	truth_draw();
	hostfile_draw(span_ns);
	site_draw(1 + world_below(3), 0, trouble);
	if (world_percent(40))
		site_draw(1 + world_below(2), 1, trouble);
	plan_moods(span_ns, trouble);
}

void scenario_run(uint64_t seed, bool telling, struct scenario_result *ret)
{
	struct reloads reloads;
	uint64_t span_ns;

	*ret = (struct scenario_result){0};
	world_begin(seed, telling);
	span_ns = world_between(2, world_percent(30) ? 90 : 15) * NS_PER_S;
	draw(span_ns);
	sim_server_start(1 + world_below(3), world.tight ? TIGHT_BYTES : WORKER_BYTES);
	publish(0, false);
	for (unsigned n = 6 + world_below(20); n; n--)
		client_plan(span_ns);
	plan_reloads(&reloads, span_ns);
	run(world.now_ns + span_ns + 9 * NS_PER_S, &reloads);
	client_look_back();
	if (world_percent(30))
		rest();
	sim_server_stop();
	look_at_load(ret);
	ret->n_questions = n_questions;
	ret->n_wrong = world.n_wrong;
	ret->digest = world.digest;
	world_end();
}
