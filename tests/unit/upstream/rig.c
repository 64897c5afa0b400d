// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "wire/build.h"
#include "wire/name.h"

#include <stdio.h>
#include <stdlib.h>

enum { POOL = 64 << 20 };

static void hold(void *owner)
{
	((struct rig *)owner)->holds++;
}

static void release(void *owner)
{
	((struct rig *)owner)->releases++;
}

static bool wanted(void *arg, uint64_t tag)
{
	return !((struct rig *)arg)->gone[tag];
}

void rig_begin(struct rig *r, struct site *sites, unsigned n)
{
	memset(r, 0, sizeof(*r));
	r->loop = door_begin();
	assert_true(n <= RIG_SITES);
	for (unsigned i = 0; i < n; i++) {
		static char text[RIG_SITES][64];

		door_add(r->loop, &sites[i]);
		(void)snprintf(text[i], sizeof(text[i]), "%s:53", sites[i].address);
		r->targets[i] = (struct upstream_target){.addr = sites[i].addr, .text = text[i]};
	}
	r->config = (struct upstream_config){
		.targets = r->targets,
		.n_targets = n,
		.policy = POLICY_SEQUENTIAL,
		.read_timeout_ns = 2 * NS_PER_S,
		.expire_ns = 10 * NS_PER_S,
		.max_fails = 2,
		.max_connect_attempts = 2 * n,
		.health_interval_ns = 500 * NS_PER_MS,
	};
	r->flags = FLAG_RD;
	r->udp_cap = 4096;
	r->deadline_ms = 4500;
}

void rig_start(struct rig *r)
{
	static uint64_t *cells; /* one set of cells serves all tests of a program */
	struct upstream_env env = {.hold = hold, .release = release, .owner = r, .wanted = wanted};

	cells = cells ? cells : metrics_cells_new();
	memset(cells, 0, METRICS_MAX_CELLS * sizeof(*cells)); /* series outlive sets: count from here */
	r->cells = cells;
	r->builder = wire_builder_new();
	arena_pool_init(&r->arenas, POOL, NULL, 0);
	r->set = upstream_set_new(&r->config);
	assert_non_null(r->set);
	env.loop = r->loop;
	env.builder = r->builder;
	env.arenas = &r->arenas;
	env.cells = cells;
	assert_int_equal(upstream_worker_start(r->set, &env, &r->w), 0);
}

void rig_end(struct rig *r)
{
	upstream_worker_stop(r->w);
	assert_int_equal(r->holds, r->releases);
	assert_int_equal(r->set->in_flight, 0);
	assert_int_equal(door_sockets(r->loop), 0);
	assert_int_equal(door_streams(r->loop), 0);
	upstream_set_free(r->set);
	assert_int_equal(r->arenas.in_use, 0);
	arena_pool_fini(&r->arenas);
	wire_builder_free(r->builder);
	door_end(r->loop);
}

static void late_done(void *arg, const struct wire_answer *answer)
{
	struct outcome *o = arg;

	o->late_done++;
	o->late_null = !answer;
	o->late_n = answer ? answer->n_section[SECTION_ANSWER] : 0;
}

static void done(void *arg, const struct upstream_result *res)
{
	struct rig *r = arg;
	struct outcome *o = &r->out[res->tag];

	o->done++;
	r->n_done++;
	o->ms = (unsigned)((loop_now_ns(r->loop) - o->asked_ns) / NS_PER_MS);
	o->err = res->err;
	o->ede = res->ede;
	o->rcode = res->rcode;
	o->flags = res->flags;
	o->without_edns = res->without_edns;
	if (res->upstream)
		(void)snprintf(o->upstream, sizeof(o->upstream), "%s", res->upstream);
	(void)snprintf(o->error, sizeof(o->error), "%s", res->error);
	if (res->answer) {
		o->truncated = res->answer->truncated;
		o->n_answer = res->answer->n_section[SECTION_ANSWER];
		o->n_required = res->answer->n_required;
	}
	o->has_late = res->late != NULL;
	if (res->late && r->take_late)
		*res->late = (struct upstream_late){.done = late_done, .arg = o};
}

int rig_try(struct rig *r, const char *name)
{
	uint8_t question[WIRE_NAME_MAX + 4];
	int len = wire_name_from_text(name, question);
	struct upstream_question q = {
		.question = question,
		.flags = r->flags,
		.do_bit = r->do_bit,
		.client_stream = r->stream,
		.udp_cap = r->udp_cap,
		.options = r->options,
		.options_len = r->options_len,
		.deadline_ns = loop_now_ns(r->loop) + r->deadline_ms * NS_PER_MS,
		.tag = r->n,
	};
	int err;

	assert_true(len > 0 && r->n < RIG_ANSWERS);
	wire_put_u16(question + len, TYPE_A);
	wire_put_u16(question + len + 2, CLASS_IN);
	q.question_len = (uint16_t)(len + 4);
	r->out[r->n] = (struct outcome){.asked_ns = loop_now_ns(r->loop)};
	err = upstream_ask(r->w, &q, done, r, &r->x[r->n]);
	if (!err) {
		assert_int_equal(r->out[r->n].done, 0);
		r->n++;
	}
	return err;
}

unsigned rig_ask(struct rig *r, const char *name)
{
	assert_int_equal(rig_try(r, name), 0);
	return r->n - 1;
}

void rig_wait(struct rig *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		if (r->x[i])
			assert_true(door_wait(r->loop, &r->out[i].done, 10000));
		assert_true(r->out[i].done <= 1);
	}
}

const struct outcome *rig_get(struct rig *r, const char *name)
{
	unsigned i = rig_ask(r, name);

	assert_true(door_wait(r->loop, &r->out[i].done, 10000));
	return &r->out[i];
}
