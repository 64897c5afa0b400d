// SPDX-License-Identifier: Apache-2.0
/* A query's life through chains of small plugins that this test brings itself, in virtual time. */

#include "base/err.h"
#include "fake_door.h"
#include "server/server_metrics.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- plugins */

static int no_setup(struct setup *s, void *state)
{
	struct cf_cursor *in = s->in;

	(void)state;
	while (cf_directive(in)) {
		if (cf_no_more_args(in))
			return ERR_SYNTAX;
	}
	return 0;
}

/* Writes down who was called, in which direction. */
static char trail[256];

static void note(const char *what)
{
	strncat(trail, what, sizeof(trail) - strlen(trail) - 1);
}

static enum step outer_query(const void *state, struct query *q, void *scratch)
{
	(void)state;
	(void)q;
	*(int *)scratch = 42;
	note("outer< ");
	return STEP_NEXT;
}

static enum step outer_reply(const void *state, struct query *q, void *scratch)
{
	char text[16];

	(void)state;
	assert_int_equal(*(int *)scratch, 42); /* kept from the way down */
	(void)snprintf(text, sizeof(text), "outer>%u ", q->reply.rcode);
	note(text);
	return STEP_NEXT;
}

/* Waits for whatever the test does with `held`. */
static struct query_handle held;

static enum step hold_query(const void *state, struct query *q, void *scratch)
{
	(void)state;
	(void)scratch;
	if (q->in.qtype != TYPE_TXT)
		return STEP_NEXT;
	held = query_handle(q);
	note("hold ");
	return STEP_WAIT;
}

static void sub_ended(struct query *parent, struct query *sub, void *arg)
{
	(void)arg;
	note("sub ");
	if (!parent)
		return;
	parent->reply.wire = NULL;
	reply_begin(parent, sub->reply.rcode, true);
	query_resume(parent, STEP_DONE);
}

static enum query_kind sub_kind;
static int sub_result;

/* An SRV question asks for the A of the same name first. */
static enum step ask_query(const void *state, struct query *q, void *scratch)
{
	(void)state;
	(void)scratch;
	if (q->in.qtype != TYPE_SRV)
		return STEP_NEXT;
	sub_result = query_sub(q, sub_kind, q->in.qname, sub_kind == QUERY_SERVER ? TYPE_SRV : TYPE_A, sub_ended, NULL);
	if (sub_result)
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "too deep", "sub-query: %s", err_text(sub_result));
	return sub_kind == QUERY_BACKGROUND ? STEP_NEXT : STEP_WAIT;
}

static enum step answer_query(const void *state, struct query *q, void *scratch)
{
	static const uint8_t addr[] = {192, 0, 2, 1};

	(void)state;
	(void)scratch;
	note("answer ");
	if (q->in.qtype == TYPE_NS)
		return query_drop(q);
	reply_begin(q, RCODE_NOERROR, true);
	assert_int_equal(reply_add(q, SECTION_ANSWER, NULL, TYPE_A, 60, addr, sizeof(addr)), 0);
	return STEP_DONE;
}

static const struct plugin outer = {.name = "outer", .setup = no_setup, .query_size = sizeof(int),
				    .query = outer_query, .reply = outer_reply};
static const struct plugin hold = {.name = "hold", .setup = no_setup, .query = hold_query};
static const struct plugin ask = {.name = "ask", .setup = no_setup, .query = ask_query};
static const struct plugin answer = {.name = "answer", .setup = no_setup, .query = answer_query};

const struct plugin_slot plugin_table[] = {{"outer", &outer}, {"hold", &hold}, {"ask", &ask}, {"answer", &answer}};
const size_t plugin_table_len = 4;

/* ---------------------------------------------------------------- helpers */

static const char whole[] = "example.org {\n answer\n outer\n hold\n ask\n}\n";
static struct fake_server srv;

static void begin(const char *corefile, const struct query_limits *l)
{
	trail[0] = '\0';
	sub_kind = QUERY_CHAIN;
	fake_server_start(&srv, corefile, l ? l : &query_limits_default);
}

static uint64_t counted(metric_id id)
{
	return srv.w.cells[id];
}

/* ---------------------------------------------------------------- tests */

static void test_chain_goes_down_in_table_order_and_up_in_reverse(void **state)
{
	(void)state;
	begin(whole, NULL);
	fake_ask(&srv, "www.example.org", TYPE_A, 1, false, false);
	assert_string_equal(trail, "outer< answer outer>0 ");
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(fake_rcode(0), RCODE_NOERROR);
	assert_int_equal(wire_u16(fake_answers[0].msg), 4711);
	assert_int_equal(wire_u16(fake_answers[0].msg + 6), 1);
	fake_server_stop(&srv);
}

static void test_name_of_no_zone_is_refused(void **state)
{
	(void)state;
	begin(whole, NULL);
	fake_ask(&srv, "www.example.com", TYPE_A, 1, false, true);
	assert_int_equal(fake_rcode(0), RCODE_REFUSED);
	assert_string_equal(trail, "");
	assert_int_equal(wire_u16(fake_answers[0].msg + 10), 1); /* an OPT, with the EDE */
	fake_server_stop(&srv);
}

static void test_end_of_chain_is_servfail(void **state)
{
	(void)state;
	begin("example.org {\n outer\n}\n", NULL);
	fake_ask(&srv, "example.org", TYPE_A, 1, false, false);
	assert_string_equal(trail, "outer< outer>2 ");
	assert_int_equal(fake_rcode(0), RCODE_SERVFAIL);
	fake_server_stop(&srv);
}

static void test_drop_sends_nothing_but_gives_the_request_up(void **state)
{
	(void)state;
	begin(whole, NULL);
	fake_ask(&srv, "example.org", TYPE_NS, 1, false, false);
	assert_int_equal(n_fake_answers, 1);
	assert_true(fake_answers[0].none);
	fake_server_stop(&srv);
}

static void test_wait_resumes_by_handle_and_late_resume_is_nothing(void **state)
{
	struct query *q;

	(void)state;
	begin(whole, NULL);
	fake_ask(&srv, "example.org", TYPE_TXT, 1, false, false);
	assert_int_equal(n_fake_answers, 0);
	assert_int_equal(query_pool_waiting(srv.w.queries), 1);
	q = query_find(&srv.w, held);
	assert_non_null(q);
	query_resume(q, STEP_NEXT);
	assert_string_equal(trail, "outer< hold answer outer>0 ");
	assert_int_equal(n_fake_answers, 1);
	assert_null(query_find(&srv.w, held));
	assert_int_equal(query_pool_waiting(srv.w.queries), 0);
	assert_int_equal(srv.in_flight, 0);
	fake_server_stop(&srv);
}

static void test_deadline_answers_servfail_at_4500_ms(void **state)
{
	(void)state;
	begin(whole, NULL);
	fake_ask(&srv, "example.org", TYPE_TXT, 1, false, false);
	fake_pass_ms(&srv, 4499);
	assert_int_equal(n_fake_answers, 0);
	fake_pass_ms(&srv, 2);
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(fake_rcode(0), RCODE_SERVFAIL);
	assert_string_equal(trail, "outer< hold outer>2 ");
	assert_null(query_find(&srv.w, held));
	fake_server_stop(&srv);
}

static void test_sub_query_of_the_rest_of_the_chain(void **state)
{
	(void)state;
	begin(whole, NULL);
	fake_ask(&srv, "example.org", TYPE_SRV, 1, false, false);
	assert_int_equal(n_fake_answers, 0); /* never from within query_sub */
	fake_pass_ms(&srv, 1);
	assert_string_equal(trail, "outer< answer sub outer>0 ");
	assert_int_equal(n_fake_answers, 1);
	fake_server_stop(&srv);
}

static void test_sub_query_loop_ends_in_servfail(void **state)
{
	(void)state;
	begin(whole, NULL);
	sub_kind = QUERY_SERVER; /* each asks the whole server for the same again */
	fake_ask(&srv, "example.org", TYPE_SRV, 1, false, false);
	fake_pass_ms(&srv, 10);
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(fake_rcode(0), RCODE_SERVFAIL);
	assert_int_equal(sub_result, ERR_LIMIT);
	fake_server_stop(&srv);
}

static void test_background_query_outlives_its_parent(void **state)
{
	(void)state;
	begin(whole, NULL);
	sub_kind = QUERY_BACKGROUND;
	fake_ask(&srv, "example.org", TYPE_SRV, 1, false, false);
	assert_int_equal(n_fake_answers, 1); /* the parent went on at once */
	fake_pass_ms(&srv, 1);
	assert_string_equal(trail, "outer< answer outer>0 answer sub ");
	assert_int_equal(n_fake_answers, 1); /* and nobody was written to */
	fake_server_stop(&srv);
}

static void test_limit_sheds_the_newest_of_the_greediest_client(void **state)
{
	const struct query_limits small = {.worker_bytes = 20 * QUERY_SLOT_SIZE, .process_bytes = 1 << 20};
	uint64_t shed_before;

	(void)state;
	begin(whole, &small);
	shed_before = counted(server_metrics.shed);
	for (unsigned i = 0; i < 20; i++)
		fake_ask(&srv, "example.org", TYPE_TXT, 1, false, false);
	assert_int_equal(n_fake_answers, 0);
	fake_ask(&srv, "example.org", TYPE_TXT, 2, false, false); /* somebody else's first */
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(fake_rcode(0), RCODE_SERVFAIL);
	assert_non_null(query_find(&srv.w, held)); /* it waits: client 1 has paid */
	fake_ask(&srv, "example.org", TYPE_TXT, 1, false, false); /* client 1 pays again, with this one */
	assert_int_equal(n_fake_answers, 2);
	assert_int_equal(counted(server_metrics.shed) - shed_before, 2);
	fake_ask(&srv, "www.example.org", TYPE_A, 1, false, false); /* what need not wait is served */
	assert_int_equal(fake_rcode(2), RCODE_NOERROR);
	fake_server_stop(&srv);
	assert_int_equal(n_fake_answers, 3 + 20);
}

static void test_junk_gets_formerr_notimp_or_silence(void **state)
{
	static const struct {
		const char *hex_less; /* raw bytes */
		size_t len;
		bool none;
		unsigned rcode;
	} cases[] = {
		{"\0\1\1\0\0\1\0\0\0\0\0\0", 12, false, RCODE_FORMERR},
		{"\0\1\1\0\0\0\0\0\0\0\0\0", 12, false, RCODE_FORMERR},
		{"\0\1\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, true, 0},
		{"\0\1\x28\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, false, RCODE_NOTIMP},
		{"\0\1\1", 3, true, 0},
	};

	(void)state;
	begin(whole, NULL);
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct net_return from = {.listener = &srv.part};

		query_receive(&srv.w, (const uint8_t *)cases[i].hex_less, cases[i].len, &from);
		assert_int_equal(n_fake_answers, i + 1);
		assert_int_equal(fake_answers[i].none, cases[i].none);
		if (!cases[i].none)
			assert_int_equal(fake_rcode(i), cases[i].rcode);
	}
	assert_string_equal(trail, "");
	fake_server_stop(&srv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain_goes_down_in_table_order_and_up_in_reverse),
		cmocka_unit_test(test_name_of_no_zone_is_refused),
		cmocka_unit_test(test_end_of_chain_is_servfail),
		cmocka_unit_test(test_drop_sends_nothing_but_gives_the_request_up),
		cmocka_unit_test(test_wait_resumes_by_handle_and_late_resume_is_nothing),
		cmocka_unit_test(test_deadline_answers_servfail_at_4500_ms),
		cmocka_unit_test(test_sub_query_of_the_rest_of_the_chain),
		cmocka_unit_test(test_sub_query_loop_ends_in_servfail),
		cmocka_unit_test(test_background_query_outlives_its_parent),
		cmocka_unit_test(test_limit_sheds_the_newest_of_the_greediest_client),
		cmocka_unit_test(test_junk_gets_formerr_notimp_or_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
