// SPDX-License-Identifier: Apache-2.0
/* The same over the real door and real sockets: what only a kernel says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "loopback.h"
#include "upstream/internal.h"
#include "wire/build.h"
#include "wire/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { N = 256, GUARD_S = 20 };

struct outcome {
	unsigned done, late_done, n_answer, late_n, ms;
	int err;
	bool truncated;
	char error[200];
	uint64_t asked_ns;
};

struct real {
	struct loop *loop;
	struct arena_pool arenas;
	struct wire_builder *builder;
	struct upstream_config config;
	struct upstream_target target;
	struct upstream_set *set;
	struct upstream_worker *w;
	struct timer guard;
	bool guarded;
	struct outcome out[N];
	unsigned n, left; /* asked; still to come */
	bool stream, wait_late;
	char text[64];
};

static void guard_fired(struct timer *t)
{
	struct real *r = container_of(t, struct real, guard);

	r->guarded = true;
	loop_stop(r->loop);
}

static void begin(struct real *r, struct loopback *l)
{
	loopback_start(l);
	memset(r, 0, sizeof(*r));
	(void)snprintf(r->text, sizeof(r->text), "127.0.0.1:%u", net_addr_port(&l->addr));
	r->target = (struct upstream_target){.addr = l->addr, .text = r->text};
	r->config = (struct upstream_config){
		.targets = &r->target,
		.n_targets = 1,
		.read_timeout_ns = 2 * NS_PER_S,
		.expire_ns = 10 * NS_PER_S,
		.max_connect_attempts = 2,
	};
}

static void start(struct real *r)
{
	static uint64_t *cells;
	struct upstream_env env = {0};

	cells = cells ? cells : metrics_cells_new();
	r->loop = loop_new(64);
	r->builder = wire_builder_new();
	arena_pool_init(&r->arenas, 8 << 20, NULL, 0);
	r->set = upstream_set_new(&r->config);
	env.loop = r->loop;
	env.builder = r->builder;
	env.arenas = &r->arenas;
	env.cells = cells;
	assert_int_equal(upstream_worker_start(r->set, &env, &r->w), 0);
	r->guard.fire = guard_fired;
}

static void end(struct real *r, struct loopback *l)
{
	upstream_worker_stop(r->w);
	upstream_set_free(r->set);
	arena_pool_fini(&r->arenas);
	wire_builder_free(r->builder);
	loop_free(r->loop);
	loopback_stop(l);
}

static void one_less(struct real *r)
{
	if (--r->left == 0)
		loop_stop(r->loop);
}

static struct real *of_late; /* one test at a time */

static void late(void *arg, const struct wire_answer *answer)
{
	struct outcome *o = arg;

	o->late_done++;
	o->late_n = answer ? answer->n_section[SECTION_ANSWER] : 0;
	if (of_late->wait_late)
		one_less(of_late);
}

static void done(void *arg, const struct upstream_result *res)
{
	struct real *r = arg;
	struct outcome *o = &r->out[res->tag];

	o->done++;
	o->err = res->err;
	o->ms = (unsigned)((clock_mono_ns() - o->asked_ns) / NS_PER_MS);
	(void)snprintf(o->error, sizeof(o->error), "%s", res->error);
	if (res->answer) {
		o->n_answer = res->answer->n_section[SECTION_ANSWER];
		o->truncated = res->answer->truncated;
	}
	of_late = r;
	if (res->late)
		*res->late = (struct upstream_late){.done = late, .arg = o};
	if (!res->late || !r->wait_late)
		one_less(r);
}

static void ask(struct real *r)
{
	uint8_t question[WIRE_NAME_MAX + 4];
	char name[32];
	struct upstream_exchange *x;
	int len;

	(void)snprintf(name, sizeof(name), "n%u.example.org", r->n);
	len = wire_name_from_text(name, question);
	wire_put_u16(question + len, TYPE_A);
	wire_put_u16(question + len + 2, CLASS_IN);
	r->out[r->n] = (struct outcome){.asked_ns = clock_mono_ns()};
	r->left++;
	loop_refresh(r->loop);
	assert_int_equal(upstream_ask(r->w,
				      &(struct upstream_question){
					      .question = question,
					      .question_len = (uint16_t)(len + 4),
					      .flags = FLAG_RD,
					      .client_stream = r->stream,
					      .deadline_ns = clock_mono_ns() + 4500 * NS_PER_MS,
					      .tag = r->n,
				      },
				      done, r, &x),
			 0);
	r->n++;
}

static void run(struct real *r)
{
	assert_int_equal(timer_arm(loop_timers(r->loop), &r->guard, clock_mono_ns() + GUARD_S * NS_PER_S), 0);
	if (r->left)
		loop_run(r->loop, NULL);
	timer_disarm(loop_timers(r->loop), &r->guard);
	assert_false(r->guarded);
}

static const struct outcome *get(struct real *r)
{
	ask(r);
	run(r);
	return &r->out[r->n - 1];
}

/* ---------------------------------------------------------------- upstreams */

static int one(const struct loopback_query *q, uint8_t *out)
{
	return loopback_reply(q, out, 0, 0, 1);
}

static int cuts(const struct loopback_query *q, uint8_t *out)
{
	return q->tcp ? loopback_reply(q, out, 0, 0, 60) : loopback_reply(q, out, 0, FLAG_TC, 2);
}

static int cuts_and_tcp_mute(const struct loopback_query *q, uint8_t *out)
{
	return q->tcp ? 0 : cuts(q, out);
}

static int closes_at_second(const struct loopback_query *q, uint8_t *out)
{
	return q->nth % 2 ? one(q, out) : -1;
}

static int resets_at_second(const struct loopback_query *q, uint8_t *out)
{
	return q->nth % 2 ? one(q, out) : -2;
}

/* ---------------------------------------------------------------- claims */

static void test_udp_and_tcp(void **state)
{
	struct loopback l = {.answer = one};
	struct real r;

	begin(&r, &l);
	start(&r);
	assert_int_equal(get(&r)->n_answer, 1);
	r.stream = true;
	assert_int_equal(get(&r)->n_answer, 1);
	for (int i = 0; i < 200; i++) {
		r.stream = i & 1;
		ask(&r);
	}
	run(&r);
	assert_int_equal(l.n_udp, 101);
	assert_int_equal(l.n_tcp, 101);
	assert_int_equal(l.n_conns, 1);
	end(&r, &l);
}

static void test_truncated_answers_are_completed(void **state)
{
	struct loopback l = {.answer = cuts};
	struct real r;

	begin(&r, &l);
	start(&r);
	for (int i = 0; i < 100; i++)
		ask(&r);
	run(&r);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(r.out[i].n_answer, 60);
		assert_false(r.out[i].truncated);
	}
	end(&r, &l);
}

static void test_port_unreachable_is_told_at_once(void **state)
{
	struct loopback l = {.answer = one, .tcp = LOOPBACK_NO_TCP},
			gone = {.answer = one, .tcp = LOOPBACK_NO_TCP};
	struct real r;
	const struct outcome *o;
	char want[128];

	begin(&r, &l);
	loopback_start(&gone);
	loopback_stop(&gone);
	r.target.addr = gone.addr;
	(void)snprintf(r.text, sizeof(r.text), "127.0.0.1:%u", net_addr_port(&gone.addr));
	(void)snprintf(want, sizeof(want), "->%s: read: connection refused", r.text);
	start(&r);
	o = get(&r);
	assert_int_equal(o->err, -ECONNREFUSED);
	assert_true(o->ms < 500);
	assert_string_equal(strstr(o->error, "->"), want);
	end(&r, &l);
}

static void test_tcp_refused_gives_the_cut_answer_at_once(void **state)
{
	struct loopback l = {.answer = cuts, .tcp = LOOPBACK_NO_TCP};
	struct real r;

	begin(&r, &l);
	start(&r);
	for (int i = 0; i < 20; i++) {
		const struct outcome *o = get(&r);

		assert_true(o->truncated);
		assert_int_equal(o->n_answer, 2);
		assert_true(o->ms < 500);
	}
	end(&r, &l);
}

static void test_mute_tcp_gives_the_cut_answer_after_a_second(void **state)
{
	struct loopback l = {.answer = cuts_and_tcp_mute};
	struct real r;
	const struct outcome *o;

	begin(&r, &l);
	start(&r);
	o = get(&r);
	assert_true(o->truncated);
	assert_in_range(o->ms, 990, 1300);
	end(&r, &l);
}

static void test_lost_syns_cost_one_client_a_second_until_tcp_is_back(void **state)
{
	struct loopback l = {.answer = cuts, .tcp = LOOPBACK_BLACKHOLE};
	struct real r;
	const struct outcome *o;
	unsigned slow = 0;

	begin(&r, &l);
	start(&r);
	o = get(&r);
	assert_true(o->truncated);
	assert_in_range(o->ms, 990, 1300);
	for (int i = 0; i < 100; i++) {
		o = get(&r);
		assert_true(o->truncated);
		slow += o->ms > 20;
	}
	assert_true(slow <= 2); /* a busy machine's share */
	loopback_open(&l);
	r.wait_late = false;
	do {
		uint64_t until = clock_mono_ns() + 100 * NS_PER_MS;

		while (clock_mono_ns() < until) {
			loop_stop(r.loop);
			loop_run(r.loop, NULL); /* one turn */
		}
		o = get(&r);
	} while (o->truncated && r.n < N - 1);
	assert_int_equal(o->n_answer, 60);
	end(&r, &l);
}

static void test_connections_that_end_are_not_noticed(void **state)
{
	static int (*const answers[])(const struct loopback_query *, uint8_t *) = {closes_at_second,
										   resets_at_second};

	for (size_t k = 0; k < ARRAY_LEN(answers); k++) {
		struct loopback l = {.answer = answers[k]};
		struct real r;

		begin(&r, &l);
		r.config.force_tcp = true;
		start(&r);
		for (int i = 0; i < 10; i++) {
			const struct outcome *o = get(&r);

			assert_int_equal(o->err, 0);
			assert_true(o->ms < 500);
		}
		end(&r, &l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_and_tcp),
		cmocka_unit_test(test_truncated_answers_are_completed),
		cmocka_unit_test(test_port_unreachable_is_told_at_once),
		cmocka_unit_test(test_tcp_refused_gives_the_cut_answer_at_once),
		cmocka_unit_test(test_mute_tcp_gives_the_cut_answer_after_a_second),
		cmocka_unit_test(test_lost_syns_cost_one_client_a_second_until_tcp_is_back),
		cmocka_unit_test(test_connections_that_end_are_not_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
