// SPDX-License-Identifier: Apache-2.0
/* One question's way: what is sent, whom it is sent to, how it ends. */
#include "rig.h"

#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>

static void only_header(struct heard *q)
{
	static const uint8_t bytes[] = {0, 0, 0x81, 0x80};

	site_raw(q, bytes, sizeof(bytes));
}

static void silent(struct heard *q)
{
	(void)q;
}

/* ---------------------------------------------------------------- what is sent */

static void test_answer_comes_back(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	o = rig_get(&r, "www.example.org");
	assert_int_equal(o->err, 0);
	assert_int_equal(o->rcode, RCODE_NOERROR);
	assert_int_equal(o->n_answer, 1);
	assert_false(o->truncated);
	assert_false(o->without_edns);
	assert_int_equal(o->ede, EDE_NONE);
	assert_string_equal(o->upstream, "192.0.2.1:53");
	assert_true(o->flags & FLAG_RA);
	assert_int_equal(o->ms, 1);
	rig_end(&r);
}

static void test_query_has_own_edns_and_the_client_bits(void **state)
{
	static const struct {
		uint16_t flags;
		bool do_bit;
		uint16_t cap, size;
	} t[] = {
		{FLAG_RD, false, 4096, 1232},
		{FLAG_RD | FLAG_CD | FLAG_AD, true, 0, 1232},
		{0, false, 700, 700},
		{FLAG_RD, false, 100, 512},
	};
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		r.flags = t[i].flags | FLAG_TC | FLAG_Z | FLAG_QR;
		r.do_bit = t[i].do_bit;
		r.udp_cap = t[i].cap;
		rig_get(&r, "example.org");
		assert_true(up.last.edns);
		assert_int_equal(up.last.flags, t[i].flags);
		assert_int_equal(up.last.do_bit, t[i].do_bit);
		assert_int_equal(up.last.edns_size, t[i].size);
	}
	rig_end(&r);
}

static void test_hop_by_hop_options_stay_here(void **state)
{
	static const uint8_t options[] = {
		0,    8,    0, 7, 0,    1,    24, 0, 192, 0, 2, /* client subnet */
		0,    10,   0, 8, 1,    2,    3,  4, 5,   6, 7, 8, /* cookie */
		0,    11,   0, 0, /* keepalive */
		0xfd, 0xe9, 0, 2, 0xaa, 0xbb, /* unknown */
		0,    12,   0, 3, 0,    0,    0, /* padding */
		0,    3,    0, 0, /* NSID */
	};
	static const uint8_t passed[] = {0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2, 0xfd, 0xe9, 0, 2, 0xaa, 0xbb};
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	r.options = options;
	r.options_len = sizeof(options);
	rig_get(&r, "example.org");
	assert_int_equal(up.last.options_len, sizeof(passed));
	assert_memory_equal(up.last.options, passed, sizeof(passed));
	rig_end(&r);
}

static void test_long_name_and_options_find_room(void **state)
{
	static const char label[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij.";
	uint8_t options[100] = {0xfd, 0xe9, 0, 96};
	struct site up = {.address = "192.0.2.1"};
	struct rig r;
	char name[256] = "";

	for (int i = 0; i < 3; i++)
		strcat(name, label);
	rig_begin(&r, &up, 1);
	rig_start(&r);
	r.options = options;
	r.options_len = sizeof(options);
	assert_int_equal(rig_get(&r, name)->err, 0);
	assert_int_equal(up.last.options_len, sizeof(options));
	rig_end(&r);
}

static void test_question_keeps_its_case(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;
	uint8_t name[WIRE_NAME_MAX];

	rig_begin(&r, &up, 1);
	rig_start(&r);
	rig_get(&r, "wWw.ExAmPle.ORG");
	assert_true(wire_name_from_text("wWw.ExAmPle.ORG", name) > 0);
	assert_memory_equal(up.last.name, name, up.last.name_len);
	rig_end(&r);
}

/* ---------------------------------------------------------------- transports */

static void test_transport_follows_client_and_options(void **state)
{
	static const struct {
		bool stream, force_tcp, prefer_udp, tcp;
	} t[] = {
		{false, false, false, false}, {true, false, false, true}, {true, false, true, false},
		{false, true, false, true},   {false, true, true, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct site up = {.address = "192.0.2.1"};
		struct rig r;

		rig_begin(&r, &up, 1);
		r.config.force_tcp = t[i].force_tcp;
		r.config.prefer_udp = t[i].prefer_udp;
		rig_start(&r);
		r.stream = t[i].stream;
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
		assert_int_equal(up.n_tcp, t[i].tcp);
		assert_int_equal(up.n_udp, !t[i].tcp);
		rig_end(&r);
	}
}

static void test_stream_client_is_served_by_udp_where_tcp_is_refused(void **state)
{
	struct site up = {.address = "192.0.2.1", .tcp = SITE_REFUSED};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	r.stream = true;
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.n_udp, 3); /* with the health check after the refusal */
	rig_end(&r);
}

static void test_stream_client_waits_a_second_for_tcp_that_is_silent(void **state)
{
	struct site up = {.address = "192.0.2.1", .tcp = SITE_SILENT};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	r.stream = true;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 1000, 1100);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 0, 20);
	rig_end(&r);
}

/* ---------------------------------------------------------------- failures */

static void test_silent_upstream_costs_its_time_and_the_next_answers(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .udp = SITE_SILENT}, {.address = "192.0.2.2"}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	r.config.read_timeout_ns = 600 * NS_PER_MS;
	r.config.no_hedge = true;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_string_equal(o->upstream, "192.0.2.2:53");
	assert_in_range(o->ms, 600, 610);
	rig_end(&r);
}

static void test_refusing_upstream_costs_nothing(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .udp = SITE_REFUSED}, {.address = "192.0.2.2"}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 0, 10);
	assert_true(rig_count(&r, 0, failures[FAIL_REFUSED]) >= 1);
	rig_end(&r);
}

static void test_refused_everywhere_is_told_after_two_rounds(void **state)
{
	struct site up[2] = {{.address = "127.0.0.1", .udp = SITE_REFUSED},
			     {.address = "127.0.0.2", .udp = SITE_REFUSED}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	r.config.max_fails = 0;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -ECONNREFUSED);
	assert_int_equal(o->ede, EDE_NETWORK_ERROR);
	assert_in_range(o->ms, 0, 20);
	assert_non_null(strstr(o->error, "->127.0.0.2:53: read: connection refused"));
	assert_memory_equal(o->error, "read udp 127.0.0.2:", 19);
	rig_end(&r);
}

static void test_silence_is_told_in_the_words_that_people_match(void **state)
{
	struct site up = {.address = "127.0.0.1", .udp = SITE_SILENT};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	r.config.max_fails = 0;
	r.config.max_connect_attempts = 1;
	r.config.read_timeout_ns = 60 * NS_PER_MS;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -ETIMEDOUT);
	assert_int_equal(o->ede, EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(o->ms, 60);
	assert_memory_equal(o->error, "read udp 127.0.0.1:", 19);
	assert_string_equal(strstr(o->error, "->"), "->127.0.0.1:53: i/o timeout");
	rig_end(&r);
}

static void test_tcp_refused_is_told_as_dial(void **state)
{
	struct site up = {.address = "192.0.2.1", .tcp = SITE_REFUSED};
	struct rig r;

	rig_begin(&r, &up, 1);
	r.config.force_tcp = true;
	rig_start(&r);
	assert_string_equal(rig_get(&r, "example.org")->error,
			    "dial tcp 192.0.2.1:53: connect: connection refused");
	rig_end(&r);
}

static void test_one_dead_upstream_is_told_within_the_deadline(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_SILENT};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -ETIMEDOUT);
	assert_in_range(o->ms, 4000, 4010);
	rig_end(&r);
}

static void test_exchange_ends_before_its_deadline(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_SILENT};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	r.config.read_timeout_ns = 60 * NS_PER_S;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -ETIMEDOUT);
	assert_in_range(o->ms, 4440, 4499);
	rig_end(&r);
}

static void test_unlimited_attempts_pause_when_all_fail_at_once(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_REFUSED};
	struct rig r;

	rig_begin(&r, &up, 1);
	r.config.max_connect_attempts = 0;
	r.config.max_fails = 0;
	rig_start(&r);
	assert_in_range(rig_get(&r, "example.org")->ms, 4440, 4499);
	assert_in_range(metrics_sum(r.set->servers[0].series.pool_hits[0]) +
				metrics_sum(r.set->servers[0].series.pool_misses[0]),
			5, 40);
	rig_end(&r);
}

static void broken(struct heard *q)
{
	uint8_t m[64] = {0};
	size_t n = WIRE_HEADER_LEN;

	wire_put_u16(m, q->id);
	wire_put_u16(m + 2, FLAG_QR | FLAG_RA);
	wire_put_u16(m + 4, 1);
	wire_put_u16(m + 6, 1);
	memcpy(m + n, q->name, q->name_len);
	n += q->name_len;
	memcpy(m + n, (const uint8_t[]){0, 1, 0, 1, 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 7, 192, 0, 2},
	       19);
	site_raw(q, m, n + 19);
}

static void test_unreadable_answer_is_told_soon(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = broken};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -EBADMSG);
	assert_int_equal(o->ede, EDE_INVALID_DATA);
	assert_in_range(o->ms, 0, 20);
	assert_int_equal(up.n_udp - 1, 2); /* two attempts and the health check */
	rig_end(&r);
}

static void test_runt_is_not_the_answer(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	up.script = only_header;
	(void)rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 100);
	assert_int_equal(r.n_done, 0);
	assert_true(rig_count(&r, 0, mismatched) >= 1);
	up.script = NULL;
	rig_wait(&r);
	rig_end(&r);
}

/* ---------------------------------------------------------------- rcodes */

static void servfail(struct heard *q)
{
	site_answer(q, RCODE_SERVFAIL, 0, 0);
}

static void nxdomain(struct heard *q)
{
	site_answer(q, RCODE_NXDOMAIN, 0, 0);
}

static void test_rcodes_are_answers(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = servfail}, {.address = "192.0.2.2"}};
	struct rig r;

	rig_begin(&r, up, 2);
	rig_start(&r);
	assert_int_equal(rig_get(&r, "example.org")->rcode, RCODE_SERVFAIL);
	assert_int_equal(up[1].n_udp, 0);
	rig_end(&r);
}

static void test_failover_asks_the_next_on_listed_rcodes(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = servfail}, {.address = "192.0.2.2"}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	r.config.failover_rcodes = 1u << RCODE_SERVFAIL | 1u << RCODE_REFUSED;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->rcode, RCODE_NOERROR);
	assert_string_equal(o->upstream, "192.0.2.2:53");
	up[0].script = nxdomain;
	assert_int_equal(rig_get(&r, "example.org")->rcode, RCODE_NXDOMAIN);
	rig_end(&r);
}

static void test_failover_gives_the_last_reply(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = servfail},
			     {.address = "192.0.2.2", .script = servfail}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	r.config.failover_rcodes = 1u << RCODE_SERVFAIL;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_int_equal(o->rcode, RCODE_SERVFAIL);
	assert_string_equal(o->upstream, "192.0.2.2:53");
	assert_int_equal(up[0].n_udp + up[1].n_udp, 2);
	rig_end(&r);
}

static void test_failover_reply_stands_when_the_rest_is_silent(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = servfail},
			     {.address = "192.0.2.2", .udp = SITE_SILENT}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	r.config.failover_rcodes = 1u << RCODE_SERVFAIL;
	r.config.max_connect_attempts = 1;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_int_equal(o->rcode, RCODE_SERVFAIL);
	assert_string_equal(o->upstream, "192.0.2.1:53");
	rig_end(&r);
}

/* ---------------------------------------------------------------- policies */

static void test_round_robin_is_even_and_starts_at_the_second(void **state)
{
	struct site up[3] = {{.address = "192.0.2.1"}, {.address = "192.0.2.2"}, {.address = "192.0.2.3"}};
	struct rig r;

	rig_begin(&r, up, 3);
	r.config.policy = POLICY_ROUND_ROBIN;
	rig_start(&r);
	assert_string_equal(rig_get(&r, "example.org")->upstream, "192.0.2.2:53");
	for (int i = 0; i < 11; i++)
		rig_get(&r, "example.org");
	for (int i = 0; i < 3; i++)
		assert_int_equal(up[i].n_udp, 4);
	rig_end(&r);
}

static void test_random_uses_all(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1"}, {.address = "192.0.2.2"}};
	struct rig r;

	rig_begin(&r, up, 2);
	r.config.policy = POLICY_RANDOM;
	rig_start(&r);
	for (int i = 0; i < 100; i++)
		rig_get(&r, "example.org");
	assert_in_range(up[0].n_udp, 20, 80);
	rig_end(&r);
}

static void test_round_robin_fails_over_to_the_others(void **state)
{
	struct site up[3] = {{.address = "192.0.2.1", .udp = SITE_REFUSED},
			     {.address = "192.0.2.2", .udp = SITE_REFUSED},
			     {.address = "192.0.2.3"}};
	struct rig r;

	rig_begin(&r, up, 3);
	r.config.policy = POLICY_ROUND_ROBIN;
	rig_start(&r);
	for (int i = 0; i < 6; i++)
		assert_string_equal(rig_get(&r, "example.org")->upstream, "192.0.2.3:53");
	rig_end(&r);
}

/* ---------------------------------------------------------------- limits and ends */

static void test_max_concurrent_refuses_and_recovers(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	rig_begin(&r, &up, 1);
	r.config.max_concurrent = 2;
	r.config.max_fails = 0;
	r.config.read_timeout_ns = 300 * NS_PER_MS;
	rig_start(&r);
	(void)rig_ask(&r, "a.example.org");
	(void)rig_ask(&r, "b.example.org");
	assert_int_equal(rig_try(&r, "c.example.org"), ERR_LIMIT);
	assert_int_equal(metrics_sum(r.set->rejected), 1);
	rig_wait(&r);
	up.script = NULL;
	assert_int_equal(rig_get(&r, "c.example.org")->err, 0);
	rig_end(&r);
}

static void nothing(void *arg, const struct upstream_result *res)
{
	(void)arg;
	(void)res;
}

static int ask_at(struct rig *r, struct upstream_worker *w)
{
	struct upstream_exchange *x;
	const struct upstream_question q = {
		.question = (const uint8_t *)"\1a\7example\0\0\1\0\1",
		.question_len = 15,
		.flags = FLAG_RD,
		.deadline_ns = loop_now_ns(r->loop) + 4500 * NS_PER_MS,
	};

	return upstream_ask(w, &q, nothing, NULL, &x);
}

static void test_max_concurrent_counts_over_all_workers(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct upstream_worker *more[3];
	struct rig r;

	(void)state;
	rig_begin(&r, &up, 1);
	r.config.max_concurrent = 2;
	r.config.max_fails = 0;
	rig_start(&r);
	for (unsigned i = 0; i < 3; i++) {
		struct upstream_env env = r.w->env;

		env.wanted = NULL;
		assert_int_equal(upstream_worker_start(r.set, &env, &more[i]), 0);
	}
	assert_int_equal(ask_at(&r, more[0]), 0);
	assert_int_equal(ask_at(&r, more[1]), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ask_at(&r, more[i]), ERR_LIMIT);
	assert_int_equal(rig_try(&r, "a.example"), ERR_LIMIT);
	assert_int_equal(r.set->in_flight, 2);
	door_pass_ms(r.loop, 5000);
	assert_int_equal(r.set->in_flight, 0);
	assert_int_equal(ask_at(&r, more[2]), 0);
	upstream_worker_stop(more[2]); /* its place is free again */
	assert_int_equal(r.set->in_flight, 0);
	upstream_worker_stop(more[0]);
	upstream_worker_stop(more[1]);
	rig_end(&r);
}

static void test_cancelled_exchange_says_nothing_and_frees_its_place(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;
	unsigned i;

	rig_begin(&r, &up, 1);
	r.config.max_concurrent = 1;
	rig_start(&r);
	i = rig_ask(&r, "a.example.org");
	door_pass_ms(r.loop, 10);
	upstream_cancel(r.x[i]);
	r.x[i] = NULL;
	up.script = NULL;
	assert_int_equal(rig_get(&r, "b.example.org")->err, 0);
	door_pass_ms(r.loop, 10000);
	assert_int_equal(r.out[i].done, 0);
	rig_end(&r);
}

static void test_exchanges_that_nobody_wants_make_room(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	/* Each asker leaves right away, as when memory is short: they do not pile up. */
	for (int i = 0; i < RIG_ANSWERS - 2; i++)
		r.gone[rig_ask(&r, "a.example.org")] = true;
	assert_int_equal(r.w->n_running, 1);
	up.script = NULL;
	assert_int_equal(rig_get(&r, "b.example.org")->err, 0);
	door_pass_ms(r.loop, 5000);
	assert_int_equal(r.n_done, 1);
	rig_end(&r);
}

static void test_older_ones_that_nobody_wants_are_found_under_load(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;
	unsigned first;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	for (int i = 0; i < RIG_ANSWERS; i++)
		(void)rig_ask(&r, "a.example.org");
	r.n = 0;
	for (int i = 0; i < 200; i++)
		(void)rig_ask(&r, "a.example.org");
	first = r.w->n_running;
	assert_int_equal(first, RIG_ANSWERS + 200);
	for (int i = 300; i < RIG_ANSWERS; i++)
		r.gone[i] = true;
	for (int i = 0; i < 250; i++)
		(void)rig_ask(&r, "a.example.org");
	assert_true(r.w->n_running <= first + 50); /* of 250 more */
	rig_end(&r);
}

static void test_stop_ends_everything_without_a_word(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	for (int i = 0; i < 100; i++) {
		r.stream = i & 1;
		(void)rig_ask(&r, "a.example.org");
	}
	door_pass_ms(r.loop, 100);
	rig_end(&r);
	assert_int_equal(r.n_done, 0);
}

static void test_arena_limit_fails_one_question_not_the_server(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	r.arenas.limit = 1000;
	assert_int_equal(rig_try(&r, "a.example.org"), -ENOMEM);
	r.arenas.limit = 8 << 20;
	assert_int_equal(rig_get(&r, "a.example.org")->err, 0);
	rig_end(&r);
}

static void large(struct heard *q)
{
	site_answer(q, 0, 0, 200);
}

static void test_answer_beyond_the_arena_limit_is_an_error(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = large};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	rig_start(&r);
	r.arenas.limit = 16384; /* the slab's chunk and no more */
	o = rig_get(&r, "a.example.org");
	assert_int_equal(o->err, -ENOMEM);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_comes_back),
		cmocka_unit_test(test_query_has_own_edns_and_the_client_bits),
		cmocka_unit_test(test_hop_by_hop_options_stay_here),
		cmocka_unit_test(test_long_name_and_options_find_room),
		cmocka_unit_test(test_question_keeps_its_case),
		cmocka_unit_test(test_transport_follows_client_and_options),
		cmocka_unit_test(test_stream_client_is_served_by_udp_where_tcp_is_refused),
		cmocka_unit_test(test_stream_client_waits_a_second_for_tcp_that_is_silent),
		cmocka_unit_test(test_silent_upstream_costs_its_time_and_the_next_answers),
		cmocka_unit_test(test_refusing_upstream_costs_nothing),
		cmocka_unit_test(test_refused_everywhere_is_told_after_two_rounds),
		cmocka_unit_test(test_silence_is_told_in_the_words_that_people_match),
		cmocka_unit_test(test_tcp_refused_is_told_as_dial),
		cmocka_unit_test(test_one_dead_upstream_is_told_within_the_deadline),
		cmocka_unit_test(test_exchange_ends_before_its_deadline),
		cmocka_unit_test(test_unlimited_attempts_pause_when_all_fail_at_once),
		cmocka_unit_test(test_unreadable_answer_is_told_soon),
		cmocka_unit_test(test_runt_is_not_the_answer),
		cmocka_unit_test(test_rcodes_are_answers),
		cmocka_unit_test(test_failover_asks_the_next_on_listed_rcodes),
		cmocka_unit_test(test_failover_gives_the_last_reply),
		cmocka_unit_test(test_failover_reply_stands_when_the_rest_is_silent),
		cmocka_unit_test(test_round_robin_is_even_and_starts_at_the_second),
		cmocka_unit_test(test_random_uses_all),
		cmocka_unit_test(test_round_robin_fails_over_to_the_others),
		cmocka_unit_test(test_max_concurrent_refuses_and_recovers),
		cmocka_unit_test(test_max_concurrent_counts_over_all_workers),
		cmocka_unit_test(test_cancelled_exchange_says_nothing_and_frees_its_place),
		cmocka_unit_test(test_exchanges_that_nobody_wants_make_room),
		cmocka_unit_test(test_older_ones_that_nobody_wants_are_found_under_load),
		cmocka_unit_test(test_stop_ends_everything_without_a_word),
		cmocka_unit_test(test_arena_limit_fails_one_question_not_the_server),
		cmocka_unit_test(test_answer_beyond_the_arena_limit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
