// SPDX-License-Identifier: Apache-2.0
/* Several workers share one set: what they all write is counted right and races nowhere (run it under TSan). */
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

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { N_WORKERS = 3, QUESTIONS = 300, AT_ONCE = 20, LIMIT = 25 };

struct one {
	pthread_t thread;
	struct upstream_set *set;
	struct loop *loop;
	struct upstream_worker *w;
	unsigned asked, ended, answered, rejected;
	struct timer again;
};

static atomic_uint most_at_once, at_once;

/* Every seventh datagram gets no answer, every fifth is refused without OPT, every third is cut. */
static int troubled(const struct loopback_query *q, uint8_t *out)
{
	if (!q->tcp && q->nth % 7 == 0)
		return 0;
	if (q->nth % 5 == 0)
		return loopback_reply(q, out, RCODE_FORMERR, 0, 0);
	return loopback_reply(q, out, 0, !q->tcp && q->nth % 3 == 0 ? FLAG_TC : 0, 5);
}

static void ask_more(struct one *o);

static void done(void *arg, const struct upstream_result *res)
{
	struct one *o = arg;

	atomic_fetch_sub(&at_once, 1);
	o->ended++;
	o->answered += res->err == 0;
	ask_more(o);
}

static void ask(struct one *o)
{
	uint8_t question[WIRE_NAME_MAX + 4];
	int len = wire_name_from_text("www.example.org", question);
	struct upstream_question q = {.question = question, .flags = FLAG_RD};
	struct upstream_exchange *x;
	unsigned now;

	wire_put_u16(question + len, TYPE_A);
	wire_put_u16(question + len + 2, CLASS_IN);
	q.question_len = (uint16_t)(len + 4);
	q.deadline_ns = loop_now_ns(o->loop) + 4500 * NS_PER_MS;
	o->asked++;
	if (upstream_ask(o->w, &q, done, o, &x)) {
		o->rejected++;
		o->ended++;
		return;
	}
	now = atomic_fetch_add(&at_once, 1) + 1;
	if (now > atomic_load(&most_at_once))
		atomic_store(&most_at_once, now); /* near enough */
}

static void ask_more(struct one *o)
{
	while (o->asked < QUESTIONS && o->asked - o->ended < AT_ONCE) {
		unsigned rejected = o->rejected;

		ask(o);
		if (o->rejected != rejected)
			break;
	}
	if (o->ended == QUESTIONS)
		loop_stop(o->loop);
	else if (o->asked == o->ended &&
		 timer_arm(loop_timers(o->loop), &o->again, loop_now_ns(o->loop) + NS_PER_MS))
		loop_stop(o->loop);
}

static void again(struct timer *t)
{
	ask_more(container_of(t, struct one, again));
}

static void *work(void *arg)
{
	struct one *o = arg;
	struct arena_pool arenas;
	struct wire_builder *builder = wire_builder_new();
	struct upstream_env env = {.builder = builder, .arenas = &arenas, .cells = metrics_cells_new()};

	o->loop = env.loop = loop_new(16);
	arena_pool_init(&arenas, 8 << 20, NULL, 0);
	o->again.fire = again;
	if (upstream_worker_start(o->set, &env, &o->w) == 0) {
		loop_refresh(o->loop);
		ask_more(o);
		if (o->ended < QUESTIONS)
			loop_run(o->loop, NULL);
		timer_disarm(loop_timers(o->loop), &o->again);
		upstream_worker_stop(o->w);
	}
	arena_pool_fini(&arenas);
	wire_builder_free(builder);
	loop_free(o->loop);
	return NULL;
}

static void test_workers_share_a_set(void **state)
{
	struct loopback up[2] = {{.answer = troubled}, {.answer = troubled}};
	static const struct upstream_pace pace = {1000000, "all"};
	struct upstream_target targets[2];
	struct upstream_config config = {
		.targets = targets,
		.n_targets = 2,
		.policy = POLICY_ROUND_ROBIN,
		.read_timeout_ns = 50 * NS_PER_MS,
		.expire_ns = NS_PER_S,
		.max_fails = 2,
		.max_connect_attempts = 10,
		.health_interval_ns = 20 * NS_PER_MS,
		.max_concurrent = LIMIT,
		.cookies = COOKIES_ON,
		.case_randomization = true,
	};
	struct one workers[N_WORKERS] = {0};
	struct upstream_set *set;
	unsigned answered = 0, rejected = 0;
	char text[2][64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		loopback_start(&up[i]);
		(void)snprintf(text[i], sizeof(text[i]), "127.0.0.1:%u", net_addr_port(&up[i].addr));
		targets[i] = (struct upstream_target){up[i].addr, text[i], &pace};
	}
	set = upstream_set_new(&config);
	for (int i = 0; i < N_WORKERS; i++) {
		workers[i].set = set;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < N_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].ended, QUESTIONS);
		answered += workers[i].answered;
		rejected += workers[i].rejected;
	}
	assert_int_equal(answered + rejected, N_WORKERS * QUESTIONS);
	assert_true(answered > QUESTIONS);
	assert_true(most_at_once <= LIMIT);
	assert_int_equal(set->in_flight, 0);
	assert_int_equal(set->n_workers, 0);
	upstream_set_free(set);
	for (int i = 0; i < 2; i++)
		loopback_stop(&up[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers_share_a_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
