// SPDX-License-Identifier: Apache-2.0
/* Queries through a block with `forward`, against scripted upstreams in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../upstream/door.h"
#include "base/clock.h"
#include "corefile/corefile.h"
#include "server/generation.h"
#include "server/port.h"
#include "server/query.h"
#include "server/server_metrics.h"
#include "server/worker.h"
#include "wire/build.h"
#include "wire/name.h"
#include "wire/option.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWERS = 32 };

/* ---------------------------------------------------------------- the client's side of the door */

static struct {
	uint8_t msg[65535];
	size_t len;
} answers[ANSWERS];
static unsigned n_answers;

uint8_t *net_reply_begin(const struct net_return *to, size_t cap)
{
	(void)to;
	assert_true(n_answers < ANSWERS && cap <= sizeof(answers[0].msg));
	return answers[n_answers].msg;
}

void net_reply_end(const struct net_return *to, size_t len)
{
	(void)to;
	answers[n_answers++].len = len;
}

void net_reply_none(const struct net_return *to)
{
	(void)to;
	fail();
}

const char *transport_text(enum transport t)
{
	(void)t;
	return "dns";
}

struct net_addr listen_wildcard(uint16_t port)
{
	struct net_addr a = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};

	return a;
}

/* ---------------------------------------------------------------- a server */

struct world {
	struct worker w;
	struct generation *gen;
	struct port port;
	struct port_worker part;
	struct gen_worker *parts[1];
	struct listener *by_port[1];
	size_t in_flight;
	bool ended;
};

static bool *ended_flag;

static void ended(struct generation *g)
{
	(void)g;
	*ended_flag = true;
}

static struct generation *build(const char *text)
{
	struct arena a;
	struct cf_errors errs;
	struct corefile cf;
	struct generation *g = NULL;
	const struct generation_options o = {53, "Corefile"};
	int err;

	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	err = corefile_parse(&a, "Corefile", text, strlen(text), &cf_source_system, &errs, &cf);
	if (!err)
		err = generation_build(&cf, &o, &errs, &g);
	for (const struct cf_error *e = errs.first; e; e = e->next)
		print_message("%s:%u: %s\n", e->file, e->line, e->text);
	assert_int_equal(err, 0);
	arena_fini(&a);
	return g;
}

static void each_instance(struct generation *g, bool start)
{
	for (size_t k = 0; k < g->blocks[0].n_all; k++) {
		const struct instance *in = &g->blocks[0].all[k];

		if (start && in->plugin->start)
			assert_int_equal(in->plugin->start(g, in->state), 0);
		if (!start && in->plugin->stop)
			in->plugin->stop(in->state);
	}
}

static void begin(struct world *s, struct site *sites, unsigned n, const char *corefile)
{
	static uint64_t *cells;
	static struct query_limits limits;

	memset(s, 0, sizeof(*s));
	n_answers = 0;
	limits = query_limits_default;
	server_metrics_init();
	s->w.loop = door_begin();
	door_receiver(s->w.loop, &s->w);
	for (unsigned i = 0; i < n; i++)
		door_add(s->w.loop, &sites[i]);
	cells = cells ? cells : metrics_cells_new();
	s->w.cells = cells;
	s->w.builder = wire_builder_new();
	arena_pool_init(&s->w.arenas, limits.worker_bytes, &s->in_flight, limits.process_bytes);
	s->w.queries = query_pool_new(&s->w, &limits, &s->in_flight);
	s->gen = build(corefile);
	each_instance(s->gen, true);
	s->gen->parts = s->parts;
	s->gen->by_port = s->by_port;
	s->gen->workers_left = 1;
	s->gen->ended = ended;
	ended_flag = &s->ended;
	s->by_port[0] = &s->gen->listeners[0];
	s->parts[0] = gen_worker_new(&s->w, s->gen);
	s->w.gen = s->parts[0];
	s->part.port = &s->port;
	s->part.w = &s->w;
	assert_int_equal(gen_worker_start(s->w.gen), 0);
}

/* Everything that waits has a deadline, so the generation ends by itself. */
static void end(struct world *s)
{
	gen_worker_retire(s->w.gen);
	door_pass_ms(s->w.loop, 20000);
	assert_true(s->ended);
	each_instance(s->gen, false);
	generation_free(s->gen);
	query_pool_free(s->w.queries);
	arena_pool_fini(&s->w.arenas);
	wire_builder_free(s->w.builder);
	door_end(s->w.loop);
}

struct ask {
	const char *name;
	uint16_t type, flags;
	bool edns, do_bit, stream;
};

static void send_query(struct world *s, const struct ask *a)
{
	struct net_return from = {.stream = a->stream, .listener = &s->part};
	struct net_addr peer = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xC0000263u)}};
	uint8_t msg[512] = {0};
	uint8_t *p = msg + WIRE_HEADER_LEN;
	int n = wire_name_from_text(a->name, p);

	assert_true(n > 0);
	*(a->stream ? &from.tcp.peer : &from.udp.peer) = peer;
	wire_put_u16(msg, 4711);
	wire_put_u16(msg + 2, a->flags ? a->flags : FLAG_RD);
	wire_put_u16(msg + 4, 1);
	p += n;
	wire_put_u16(p, a->type ? a->type : TYPE_A);
	wire_put_u16(p + 2, CLASS_IN);
	p += 4;
	if (a->edns) {
		memcpy(p, (const uint8_t[]){0, 0, 41, 4, 208, 0, 0, a->do_bit ? 0x80 : 0, 0, 0, 0}, 11);
		p += 11;
		wire_put_u16(msg + 10, 1);
	}
	query_receive(&s->w, msg, (size_t)(p - msg), &from);
}

struct got {
	unsigned rcode, n_answer, n_additional, ms;
	uint16_t flags;
	int ede;
};

/* The EDE code of the answer's OPT, which is its last record. */
static int ede_of(const uint8_t *msg, size_t len)
{
	for (size_t at = WIRE_HEADER_LEN; at + 6 < len; at++) {
		if (msg[at] == 0 && msg[at + 1] == OPTION_EDE && wire_u16(msg + at + 2) >= 2 &&
		    at + 4 + wire_u16(msg + at + 2) == len)
			return wire_u16(msg + at + 4);
	}
	return EDE_NONE;
}

static struct got get(struct world *s, struct ask a)
{
	uint64_t t0 = loop_now_ns(s->w.loop);
	unsigned n = n_answers = 0;
	const uint8_t *m = answers[n].msg;

	send_query(s, &a);
	assert_true(door_wait(s->w.loop, &n_answers, 6000));
	assert_int_equal(wire_u16(m), 4711);
	return (struct got){
		.rcode = m[3] & 15,
		.flags = wire_u16(m + 2),
		.n_answer = wire_u16(m + 6),
		.n_additional = wire_u16(m + 10),
		.ms = (unsigned)((loop_now_ns(s->w.loop) - t0) / NS_PER_MS),
		.ede = ede_of(m, answers[n].len),
	};
}

/* ---------------------------------------------------------------- matching */

static void test_rules_match_in_file_order(void **state)
{
	struct site up[3] = {{.address = "192.0.2.1"}, {.address = "192.0.2.2"}, {.address = "192.0.2.3"}};
	struct world s;

	(void)state;
	begin(&s, up, 3,
	      ".:1053 {\nforward lab.corp.example 192.0.2.1\nforward corp.example 192.0.2.2 {\nexcept "
	      "x.corp.example "
	      "corp.example\n}\nforward . 192.0.2.3\n}\n");
	get(&s, (struct ask){.name = "a.LAB.corp.example"});
	assert_int_equal(up[0].n_udp, 1);
	get(&s, (struct ask){.name = "corp.example"}); /* FROM itself, whatever is excepted */
	assert_int_equal(up[1].n_udp, 1);
	get(&s, (struct ask){.name = "a.x.corp.example"});
	get(&s, (struct ask){.name = "notcorp.example"});
	get(&s, (struct ask){.name = "."});
	assert_int_equal(up[2].n_udp, 3);
	end(&s);
}

static void test_what_no_rule_matches_is_not_answered_here(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward corp.example 192.0.2.1\n}\n");
	assert_int_equal(get(&s, (struct ask){.name = "other.example"}).rcode, RCODE_SERVFAIL);
	assert_int_equal(up.n_udp, 0);
	end(&s);
}

static void test_what_is_no_question_about_data_stays_here(void **state)
{
	static const struct {
		uint16_t type, flags;
		unsigned rcode;
	} t[] = {
		{TYPE_OPT, 0, RCODE_FORMERR},  {TYPE_AXFR, 0, RCODE_REFUSED},
		{TYPE_IXFR, 0, RCODE_REFUSED}, {TYPE_TSIG, 0, RCODE_REFUSED},
		{TYPE_TKEY, 0, RCODE_REFUSED}, {TYPE_SOA, OPCODE_NOTIFY << 11, RCODE_REFUSED},
	};
	struct site up = {.address = "192.0.2.1"};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1\n}\n");
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct got g = get(&s, (struct ask){.name = "example.org",
						    .type = t[i].type,
						    .flags = t[i].flags,
						    .edns = true});

		assert_int_equal(g.rcode, t[i].rcode);
		assert_int_not_equal(g.ede, EDE_NONE);
	}
	assert_int_equal(up.n_udp, 0);
	end(&s);
}

/* ---------------------------------------------------------------- answers */

static void aa_and_ra(struct heard *q)
{
	site_answer(q, 0, q->name[1] == 'a' ? FLAG_AA : 0, 1);
}

static void test_flags_are_the_upstream_s(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = aa_and_ra};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1\n}\n");
	assert_int_equal(get(&s, (struct ask){.name = "a"}).flags & (FLAG_AA | FLAG_RA), FLAG_AA | FLAG_RA);
	assert_int_equal(get(&s, (struct ask){.name = "b"}).flags & (FLAG_AA | FLAG_RA), FLAG_RA);
	assert_int_equal(up.last.flags, FLAG_RD | FLAG_AD);
	get(&s, (struct ask){.name = "b", .flags = FLAG_CD});
	assert_int_equal(up.last.flags, FLAG_CD | FLAG_AD);
	end(&s);
}

static void test_opt_only_where_the_client_has_one(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1\n}\n");
	assert_int_equal(get(&s, (struct ask){.name = "a"}).n_additional, 0);
	assert_true(up.last.edns);
	assert_false(up.last.do_bit);
	assert_int_equal(get(&s, (struct ask){.name = "a", .edns = true, .do_bit = true}).n_additional, 1);
	assert_true(up.last.do_bit);
	end(&s);
}

static void nxdomain(struct heard *q)
{
	site_answer(q, RCODE_NXDOMAIN, 0, 0);
}

static void nodata(struct heard *q)
{
	site_answer(q, 0, 0, 0);
}

static void test_next_hands_on(void **state)
{
	struct site up[3] = {{.address = "192.0.2.1", .script = nxdomain},
			     {.address = "192.0.2.2", .script = nodata},
			     {.address = "192.0.2.3"}};
	struct world s;

	(void)state;
	begin(&s, up, 3,
	      ".:1053 {\nforward . 192.0.2.1 {\nnext NXDOMAIN\n}\nforward corp.example 192.0.2.2 "
	      "{\nnext_on_nodata\n}\nforward example 192.0.2.3\n}\n");
	assert_int_equal(get(&s, (struct ask){.name = "a.corp.example"}).n_answer, 1);
	assert_int_equal(up[0].n_udp, 1);
	assert_int_equal(up[1].n_udp, 1);
	assert_int_equal(up[2].n_udp, 1);
	assert_int_equal(get(&s, (struct ask){.name = "a.example"}).n_answer, 1);
	assert_int_equal(up[1].n_udp, 1);
	/* Nobody further on takes it: the answer stands. */
	assert_int_equal(get(&s, (struct ask){.name = "other.test"}).rcode, RCODE_NXDOMAIN);
	end(&s);
}

/* ---------------------------------------------------------------- truncation */

static void cuts(struct heard *q)
{
	if (q->tcp)
		site_answer(q, 0, 0, 60);
	else
		site_answer(q, 0, FLAG_TC, 2);
}

static void test_truncated_answers_become_whole(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts};
	struct world s;
	struct got g;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1\n}\n");
	g = get(&s, (struct ask){.name = "a.example", .edns = true});
	assert_int_equal(g.n_answer, 60);
	assert_false(g.flags & FLAG_TC);
	g = get(&s, (struct ask){.name = "a.example"});
	assert_true(g.n_answer > 20);
	assert_true(g.flags & FLAG_TC);
	end(&s);
}

static void test_unresolved_truncation_is_tc_over_udp_and_servfail_on_streams(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_REFUSED};
	struct world s;
	struct got g;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1\n}\n");
	g = get(&s, (struct ask){.name = "a.example"});
	assert_int_equal(g.rcode, RCODE_NOERROR);
	assert_true(g.flags & FLAG_TC);
	assert_int_equal(g.n_answer, 2);
	g = get(&s, (struct ask){.name = "a.example", .edns = true, .stream = true});
	assert_int_equal(g.rcode, RCODE_SERVFAIL);
	assert_false(g.flags & FLAG_TC);
	assert_int_not_equal(g.ede, EDE_NONE);
	end(&s);
}

static void test_passthrough(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts};
	struct world s;
	struct got g;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1 {\ntc passthrough\n}\n}\n");
	g = get(&s, (struct ask){.name = "a.example", .edns = true});
	assert_int_equal(g.n_answer, 2);
	assert_true(g.flags & FLAG_TC);
	assert_int_equal(up.n_tcp, 0);
	end(&s);
}

static void cuts_and_is_late(struct heard *q)
{
	if (q->tcp)
		q->delay_ms = 2000;
	cuts(q);
}

static void test_late_answer_fills_the_cache(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_and_is_late};
	struct world s;
	struct got g;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\ncache\nforward . 192.0.2.1 {\nread_timeout 4s\n}\n}\n");
	g = get(&s, (struct ask){.name = "a.example", .edns = true});
	assert_true(g.flags & FLAG_TC);
	assert_in_range(g.ms, 1000, 1300);
	door_pass_ms(s.w.loop, 1500);
	g = get(&s, (struct ask){.name = "a.example", .edns = true});
	assert_false(g.flags & FLAG_TC);
	assert_int_equal(g.n_answer, 60);
	assert_int_equal(g.ms, 0);
	assert_int_equal(up.n_udp, 1);
	end(&s);
}

static void test_generation_outlives_its_late_answers(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_and_is_late};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\ncache\nforward . 192.0.2.1 {\nread_timeout 4s\n}\n}\n");
	assert_true(get(&s, (struct ask){.name = "a.example", .edns = true}).flags & FLAG_TC);
	gen_worker_retire(s.w.gen);
	door_pass_ms(s.w.loop, 100);
	assert_false(s.ended);
	door_pass_ms(s.w.loop, 2000);
	assert_true(s.ended);
	each_instance(s.gen, false);
	generation_free(s.gen);
	query_pool_free(s.w.queries);
	arena_pool_fini(&s.w.arenas);
	wire_builder_free(s.w.builder);
	door_end(s.w.loop);
}

/* ---------------------------------------------------------------- failures */

static void silent(struct heard *q)
{
	(void)q;
}

static void test_failures_are_servfail_with_a_reason(void **state)
{
	static const struct {
		enum site_state udp;
		int ede;
		unsigned ms;
	} t[] = {
		{SITE_REFUSED, EDE_NETWORK_ERROR, 0},
		{SITE_SILENT, EDE_NO_REACHABLE_AUTHORITY, 4000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct site up = {.address = "192.0.2.1", .udp = t[i].udp};
		struct world s;
		struct got g;

		begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1 {\nmax_fails 0\n}\n}\n");
		g = get(&s, (struct ask){.name = "a.example", .edns = true});
		assert_int_equal(g.rcode, RCODE_SERVFAIL);
		assert_int_equal(g.ede, t[i].ede);
		assert_in_range(g.ms, t[i].ms, t[i].ms + 20);
		end(&s);
	}
}

static void test_reason_comes_before_the_server_s_own_deadline(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct world s;
	struct got g;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1 {\nread_timeout 30s\nmax_fails 0\n}\n}\n");
	g = get(&s, (struct ask){.name = "a.example", .edns = true});
	assert_int_equal(g.ede, EDE_NO_REACHABLE_AUTHORITY);
	assert_in_range(g.ms, 4400, 4499);
	end(&s);
}

static void test_max_concurrent_is_refused_at_once(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1 {\nmax_concurrent 2\n}\n}\n");
	static const char *const names[] = {"a.example", "b.example", "b.example", "c.example"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		send_query(&s, &(struct ask){.name = names[i], .edns = true});
	assert_int_equal(n_answers, 2); /* the second b.example would wait for the first, and would be the third that waits */
	assert_int_equal(answers[0].msg[3] & 15, RCODE_REFUSED);
	assert_int_equal(answers[1].msg[3] & 15, RCODE_REFUSED);
	up.script = NULL;
	end(&s);
}

static void slow(struct heard *q)
{
	q->delay_ms = 300;
	site_answer(q, 0, 0, 1);
}

static void test_the_same_question_in_flight_is_asked_once(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = slow};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1\n}\n");
	for (int i = 0; i < 5; i++)
		send_query(&s, &(struct ask){.name = i % 2 ? "a.example" : "A.Example"});
	send_query(&s, &(struct ask){.name = "a.example", .edns = true, .do_bit = true}); /* another question */
	door_pass_ms(s.w.loop, 1000);
	assert_int_equal(n_answers, 6);
	assert_int_equal(up.n_udp, 2);
	for (int i = 0; i < 6; i++)
		assert_int_equal(wire_u16(answers[i].msg + 6), 1);
	send_query(&s, &(struct ask){.name = "a.example"}); /* that flight is over */
	door_pass_ms(s.w.loop, 1000);
	assert_int_equal(up.n_udp, 3);
	end(&s);
}

/* Who came later has time left when the first one's exchange fails: it is asked for once more. */
static void test_who_joined_a_failing_question_asks_again_once(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct world s;

	(void)state;
	begin(&s, &up, 1, ".:1053 {\nforward . 192.0.2.1 {\nmax_fails 0\nread_timeout 400ms\nmax_connect_attempts 1\n}\n}\n");
	send_query(&s, &(struct ask){.name = "a.example"});
	door_pass_ms(s.w.loop, 200);
	send_query(&s, &(struct ask){.name = "a.example"});
	send_query(&s, &(struct ask){.name = "a.example"});
	door_pass_ms(s.w.loop, 300);
	assert_int_equal(n_answers, 1);
	assert_int_equal(answers[0].msg[3] & 15, RCODE_SERVFAIL);
	up.script = NULL;
	door_pass_ms(s.w.loop, 5000);
	assert_int_equal(n_answers, 3); /* SERVFAIL as well: once more, not for ever */
	assert_true(up.n_udp <= 3);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_match_in_file_order),
		cmocka_unit_test(test_what_no_rule_matches_is_not_answered_here),
		cmocka_unit_test(test_what_is_no_question_about_data_stays_here),
		cmocka_unit_test(test_flags_are_the_upstream_s),
		cmocka_unit_test(test_opt_only_where_the_client_has_one),
		cmocka_unit_test(test_next_hands_on),
		cmocka_unit_test(test_truncated_answers_become_whole),
		cmocka_unit_test(test_unresolved_truncation_is_tc_over_udp_and_servfail_on_streams),
		cmocka_unit_test(test_passthrough),
		cmocka_unit_test(test_late_answer_fills_the_cache),
		cmocka_unit_test(test_generation_outlives_its_late_answers),
		cmocka_unit_test(test_failures_are_servfail_with_a_reason),
		cmocka_unit_test(test_reason_comes_before_the_server_s_own_deadline),
		cmocka_unit_test(test_max_concurrent_is_refused_at_once),
		cmocka_unit_test(test_the_same_question_in_flight_is_asked_once),
		cmocka_unit_test(test_who_joined_a_failing_question_asks_again_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
