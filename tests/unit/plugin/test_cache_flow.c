// SPDX-License-Identifier: Apache-2.0
/* Whole questions through `cache` in virtual time, over an upstream that answers when the test says so. */
#include "allocations.h"
#include "base/clock.h"
#include "cache_answers.h"
#include "fake_door.h"
#include "plugin/cache/plugin_cache.h"
#include "server/generation.h"
#include "upstream/upstream.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_cache;

/* ---------------------------------------------------------------- the upstream */

enum { HELD_MAX = 32 };
static struct query_handle held[HELD_MAX];
static unsigned n_held;
static struct fake_server srv;

static int up_setup(struct setup *s, void *state)
{
	while (cf_directive(s->in))
		;
	return 0;
}

static enum step up_query(const void *state, struct query *q, void *scratch)
{
	assert_true(n_held < HELD_MAX);
	held[n_held++] = query_handle(q);
	return STEP_WAIT;
}

static const struct plugin up = {.name = "up", .setup = up_setup, .query = up_query, .recursion = true};
static const struct plugin own = {.name = "own", .setup = up_setup, .query = up_query};

const struct plugin_slot plugin_table[] = {{"cache", &plugin_cache}, {"up", &up}, {"own", &own}};
const size_t plugin_table_len = 3;

/* One worker posts to nobody. */
int loop_post(struct loop *l, struct mpsc_msg *m)
{
	fail_msg("posted to another worker");
	return 0;
}

static struct upstream_late late;

/* Answer the i-th question that came to the upstream. */
static void answer_with(unsigned i, uint16_t flags, unsigned rcode, const char *record, bool cut)
{
	struct query *q = query_find(&srv.w, held[i]);
	struct test_case c = {"w.example.", TYPE_A, rcode, false, {record}};
	struct wire_answer *a;

	assert_non_null(q);
	a = answer_of(srv.w.builder, &q->arena, &c, flags);
	a->truncated = cut;
	reply_set_wire(q, a);
	q->reply.late = cut ? &late : NULL;
	query_resume(q, STEP_DONE);
}

static void answer(unsigned i, const char *record)
{
	answer_with(i, FLAG_RA, RCODE_NOERROR, record, false);
}

static void answer_rcode(unsigned i, unsigned rcode)
{
	answer_with(i, FLAG_RA, rcode, NULL, false);
}

/* ---------------------------------------------------------------- the client */

struct flags {
	uint16_t header;
	bool edns, dnssec, subnet;
};

static size_t write_question(uint8_t *out, struct flags f)
{
	size_t len = WIRE_HEADER_LEN;

	memset(out, 0, WIRE_HEADER_LEN + 300);
	wire_put_u16(out, 4711);
	wire_put_u16(out + 2, f.header);
	out[5] = 1;
	len += question_of("W.example.", TYPE_A, out + len);
	if (f.edns) {
		out[11] = 1;
		wire_put_u16(out + len + 1, TYPE_OPT);
		wire_put_u16(out + len + 3, 1232);
		out[len + 7] = f.dnssec ? 0x80 : 0;
		len += 11;
		if (f.subnet) { /* 192.0.2.0/24 */
			out[len - 1] = 11;
			memcpy(out + len, "\0\10\0\7\0\1\30\0\300\0\2", 11);
			len += 11;
		}
	}
	return len;
}

static void ask_with(struct flags f)
{
	struct net_return from = {.listener = &srv.part};
	uint8_t msg[400];

	from.udp.peer = (struct net_addr){.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(0xC0000201u)}}};
	query_receive(&srv.w, msg, write_question(msg, f), &from);
}

static void ask(void)
{
	ask_with((struct flags){.header = FLAG_RD});
}

static struct cache_plugin *plugin_state(void)
{
	return srv.gen->blocks[0].all[0].state;
}

static void begin(const char *options)
{
	char text[512];

	n_held = 0;
	late = (struct upstream_late){0};
	(void)snprintf(text, sizeof(text), ". {\n cache %s\n up\n}\n", options);
	fake_server_start(&srv, text, &query_limits_default);
	assert_int_equal(plugin_cache.start(srv.gen, plugin_state()), 0);
}

static void end(void)
{
	plugin_cache.stop(plugin_state());
	fake_server_stop(&srv);
}

/* The last answer sent, taken apart. */
struct seen {
	unsigned rcode, n_answers;
	uint16_t flags;
	uint32_t ttl_s;
	int ede;
	uint8_t last_byte; /* of the first answer's data */
};

static int ede_of(const struct message *m)
{
	uint16_t len;
	const uint8_t *p = m->has_opt ? wire_option_find(m->options, m->options_len, OPTION_EDE, &len) : NULL;

	return p ? wire_u16(p) : EDE_NONE;
}

static struct seen seen(unsigned i)
{
	struct message *m;
	struct seen s;

	assert_true(i < n_fake_answers);
	m = message_parse(fake_answers[i].msg, fake_answers[i].len);
	assert_non_null(m);
	s = (struct seen){
		.rcode = m->flags & 15u, .n_answers = m->n_section[0], .flags = m->flags, .ede = ede_of(m)};
	if (m->n_section[0]) {
		s.ttl_s = m->rr[0].ttl_s;
		s.last_byte = m->rr[0].rdata[m->rr[0].rdlen - 1];
	}
	assert_int_equal(m->id, 4711);
	assert_memory_equal(m->question, "\1W\7example", 10);
	message_free(m);
	return s;
}

static struct seen last(void)
{
	return seen(n_fake_answers - 1);
}

#define A1 "AN w.example. 60 A 192.0.2.1"
#define A2 "AN w.example. 60 A 192.0.2.2"

/* ---------------------------------------------------------------- hits */

static void test_a_second_question_is_a_hit_with_its_age_off(void **state)
{
	begin("");
	ask();
	answer(0, A1);
	assert_int_equal(last().ttl_s, 60);
	fake_pass_ms(&srv, 2500);
	ask();
	assert_int_equal(n_held, 1);
	assert_int_equal(n_fake_answers, 2);
	assert_int_equal(last().ttl_s, 58);
	assert_int_equal(last().last_byte, 1);
	fake_pass_ms(&srv, 57500);
	ask();
	assert_int_equal(n_held, 2);
	end();
}

static void test_a_hit_allocates_nothing_on_its_whole_way(void **state)
{
	begin("");
	ask();
	answer(0, A1);
	ask();
	allocations = 0;
	for (int i = 0; i < 10; i++)
		ask_with((struct flags){.header = FLAG_RD, .edns = i % 2});
	assert_int_equal(allocations, 0);
	assert_int_equal(n_held, 1);
	assert_int_equal(n_fake_answers, 12);
	end();
}

static void test_keepttl_keeps_it(void **state)
{
	begin("{\n keepttl\n}");
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 20000);
	ask();
	assert_int_equal(last().ttl_s, 60);
	end();
}

static void test_do_and_cd_are_asked_apart(void **state)
{
	begin("");
	ask();
	answer(0, A1);
	ask_with((struct flags){.header = FLAG_RD, .edns = true, .dnssec = true});
	ask_with((struct flags){.header = FLAG_RD | FLAG_CD});
	assert_int_equal(n_held, 3);
	end();
}

static void test_without_rd_a_recursive_answer_will_do(void **state)
{
	begin("");
	ask();
	answer(0, A1);
	ask_with((struct flags){0});
	assert_int_equal(n_held, 1);
	assert_int_equal(last().flags & FLAG_RD, 0);
	end();
}

static void test_with_rd_an_answer_got_without_will_not(void **state)
{
	begin("");
	ask_with((struct flags){0});
	answer(0, A1);
	ask();
	assert_int_equal(n_held, 2);
	end();
}

static void test_ad_goes_to_who_asks_for_it(void **state)
{
	begin("");
	ask();
	answer_with(0, FLAG_RA | FLAG_AD, RCODE_NOERROR, A1, false);
	assert_int_equal(last().flags & FLAG_AD, 0);
	ask_with((struct flags){.header = FLAG_RD | FLAG_AD});
	assert_int_equal(last().flags & FLAG_AD, FLAG_AD);
	ask();
	assert_int_equal(last().flags & FLAG_AD, 0);
	end();
}

static void test_aa_of_a_forwarder_is_not_kept(void **state)
{
	begin("");
	ask();
	answer_with(0, FLAG_RA | FLAG_AA, RCODE_NOERROR, A1, false);
	ask();
	assert_int_equal(n_held, 1);
	assert_int_equal(last().flags & FLAG_AA, 0);
	end();
}

static void test_aa_of_own_data_is_kept(void **state)
{
	n_held = 0;
	fake_server_start(&srv, ". {\n cache\n own\n}\n", &query_limits_default);
	assert_int_equal(plugin_cache.start(srv.gen, plugin_state()), 0);
	ask();
	answer_with(0, FLAG_AA, RCODE_NOERROR, A1, false);
	ask();
	assert_int_equal(n_held, 1);
	assert_int_equal(last().flags & FLAG_AA, FLAG_AA);
	end();
}

static void test_client_subnets_pass_the_cache_by(void **state)
{
	begin("");
	ask_with((struct flags){.header = FLAG_RD, .edns = true, .subnet = true});
	ask_with((struct flags){.header = FLAG_RD, .edns = true, .subnet = true});
	assert_int_equal(n_held, 2);
	answer(0, A1);
	ask();
	assert_int_equal(n_held, 3);
	end();
}

static void test_names_outside_its_zones_pass_the_cache_by(void **state)
{
	begin("example.org");
	ask();
	answer(0, A1);
	assert_int_equal(last().ttl_s, 60);
	ask();
	assert_int_equal(n_held, 2);
	end();
}

static void counts(const char *line)
{
	size_t len;
	char *text = metrics_text(&len);

	assert_non_null(text);
	if (!strstr(text, line))
		fail_msg("no %s in:\n%s", line, text);
	free(text);
}

static void test_everything_is_counted(void **state)
{
	begin("example"); /* a label of its own: series live as long as the process */
	ask();
	ask();
	answer(0, A1);
	ask();
	counts("coredns_cache_requests_total{server=\"dns://:53\",view=\"\",zones=\"example.\"} 3\n");
	counts("coredns_cache_misses_total{server=\"dns://:53\",view=\"\",zones=\"example.\"} 2\n");
	counts("coredns_cache_hits_total{server=\"dns://:53\",type=\"success\",view=\"\",zones=\"example.\"} "
	       "1\n");
	counts("coredns_cache_entries{server=\"dns://:53\",type=\"success\",view=\"\",zones=\"example.\"} "
	       "1\n");
	counts("coredns_cache_entries{server=\"dns://:53\",type=\"denial\",view=\"\",zones=\"example.\"} "
	       "0\n");
	counts("binnacle_cache_merged_total{server=\"dns://:53\",view=\"\",zones=\"example.\"} 1\n");
	counts("binnacle_cache_bytes{server=\"dns://:53\",view=\"\",zones=\"example.\"} ");
	end();
}

static void test_a_cached_failure_says_so(void **state)
{
	begin("");
	ask();
	answer_rcode(0, RCODE_SERVFAIL);
	ask_with((struct flags){.header = FLAG_RD, .edns = true});
	assert_int_equal(n_held, 1);
	assert_int_equal(last().rcode, RCODE_SERVFAIL);
	assert_int_equal(last().ede, EDE_CACHED_ERROR);
	fake_pass_ms(&srv, 5000);
	ask();
	assert_int_equal(n_held, 2);
	end();
}

static void test_a_cut_answer_is_not_kept_but_its_late_whole_is(void **state)
{
	struct wire_answer *whole;
	struct arena a;
	static const struct test_case c = {"w.example.", TYPE_A, 0, false, {A1, A2}};

	begin("");
	arena_init(&a, NULL, 0, NULL);
	ask();
	answer_with(0, FLAG_RA, RCODE_NOERROR, A1, true);
	assert_int_equal(last().flags & FLAG_TC, FLAG_TC);
	ask();
	assert_int_equal(n_held, 2);
	answer_with(1, FLAG_RA, RCODE_NOERROR, A1, true);
	assert_non_null(late.done);
	whole = answer_of(srv.w.builder, &a, &c, FLAG_RA);
	late.done(late.arg, whole);
	ask();
	assert_int_equal(n_held, 2);
	assert_int_equal(last().n_answers, 2);
	arena_fini(&a);
	end();
}

/* ---------------------------------------------------------------- merging */

static void test_the_same_question_is_asked_once(void **state)
{
	begin("");
	for (int i = 0; i < 10; i++)
		ask();
	assert_int_equal(n_held, 1);
	assert_int_equal(n_fake_answers, 0);
	answer(0, A1);
	assert_int_equal(n_fake_answers, 10);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(seen(i).last_byte, 1);
	assert_int_equal(cache_pending(plugin_state()->store), 0);
	end();
}

static void test_followers_get_what_is_not_kept(void **state)
{
	begin("{\n success 100 60 0\n}");
	ask();
	ask();
	answer(0, "AN w.example. 0 A 192.0.2.9");
	assert_int_equal(n_held, 1);
	assert_int_equal(n_fake_answers, 2);
	assert_int_equal(seen(0).last_byte, 9);
	assert_int_equal(seen(1).last_byte, 9);
	assert_int_equal(seen(1).ttl_s, 0);
	end();
}

static void test_one_failure_does_not_fail_all(void **state)
{
	begin("");
	for (int i = 0; i < 5; i++)
		ask();
	answer_rcode(0, RCODE_SERVFAIL);
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(n_held, 2);
	answer(1, A1);
	assert_int_equal(n_fake_answers, 5);
	assert_int_equal(seen(0).rcode, RCODE_SERVFAIL);
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(seen(i).rcode, RCODE_NOERROR);
	end();
}

static void test_a_second_failure_is_for_all(void **state)
{
	begin("");
	for (int i = 0; i < 5; i++)
		ask();
	answer_rcode(0, RCODE_SERVFAIL);
	answer_rcode(1, RCODE_SERVFAIL);
	assert_int_equal(n_held, 2);
	assert_int_equal(n_fake_answers, 5);
	end();
}

static void test_each_keeps_its_own_deadline(void **state)
{
	begin("");
	ask();
	fake_pass_ms(&srv, 4000);
	ask();
	fake_pass_ms(&srv, 501);
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(seen(0).rcode, RCODE_SERVFAIL);
	assert_int_equal(n_held, 2); /* with four seconds left it leads */
	answer(1, A1);
	assert_int_equal(n_fake_answers, 2);
	assert_int_equal(last().rcode, RCODE_NOERROR);
	end();
}

static void test_at_the_deadline_of_all_nothing_is_left(void **state)
{
	begin("");
	for (int i = 0; i < 5; i++)
		ask();
	fake_pass_ms(&srv, 4501);
	assert_int_equal(n_fake_answers, 5);
	assert_int_equal(n_held, 1);
	assert_int_equal(cache_pending(plugin_state()->store), 0);
	assert_int_equal(srv.in_flight, 0);
	end();
}

/* ---------------------------------------------------------------- prefetch and stale */

static void test_a_popular_name_is_fetched_before_it_expires(void **state)
{
	begin("{\n prefetch 2 1m 10%\n}");
	ask();
	answer(0, A1);
	ask();
	fake_pass_ms(&srv, 55000);
	ask();
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_held, 2);
	assert_int_equal(n_fake_answers, 3);
	ask();
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_held, 2); /* one at a time */
	answer(1, A2);
	ask();
	assert_int_equal(last().last_byte, 2);
	assert_int_equal(last().ttl_s, 60);
	end();
}

static void test_a_stale_answer_goes_out_at_once_and_is_refreshed(void **state)
{
	begin("{\n serve_stale 1h immediate 7s\n}");
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 61000);
	ask_with((struct flags){.header = FLAG_RD, .edns = true});
	assert_int_equal(last().ttl_s, 7);
	assert_int_equal(last().ede, EDE_STALE_ANSWER);
	ask();
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_held, 2);
	answer(1, A2);
	ask();
	assert_int_equal(last().last_byte, 2);
	assert_int_equal(n_fake_answers, 4);
	end();
}

static void test_a_failed_refresh_pauses_and_leaves_the_stale_answer(void **state)
{
	begin("{\n serve_stale 1h immediate 0 10s\n}");
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 61000);
	ask();
	fake_pass_ms(&srv, 1);
	answer_rcode(1, RCODE_SERVFAIL);
	ask();
	fake_pass_ms(&srv, 5000);
	assert_int_equal(n_held, 2);
	assert_int_equal(last().rcode, RCODE_NOERROR);
	fake_pass_ms(&srv, 6000);
	ask();
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_held, 3);
	end();
}

static void test_after_the_window_the_stale_answer_is_gone(void **state)
{
	begin("{\n serve_stale 10s\n}");
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 70000);
	ask();
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(n_held, 2);
	end();
}

static void stale_and_verified(const char *options)
{
	begin(options);
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 61000);
	ask();
	ask();
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_held, 2);
	assert_int_equal(n_fake_answers, 1);
}

static void test_verify_gives_what_the_upstream_says(void **state)
{
	stale_and_verified("{\n serve_stale 1h verify 500ms\n}");
	answer(1, A2);
	assert_int_equal(n_fake_answers, 3);
	assert_int_equal(seen(1).last_byte, 2);
	assert_int_equal(seen(2).last_byte, 2);
	end();
}

static void test_verify_falls_back_when_its_time_is_up(void **state)
{
	stale_and_verified("{\n serve_stale 1h verify 500ms\n}");
	fake_pass_ms(&srv, 498);
	assert_int_equal(n_fake_answers, 1);
	fake_pass_ms(&srv, 2);
	assert_int_equal(n_fake_answers, 3);
	assert_int_equal(last().last_byte, 1);
	answer(1, A2); /* goes on in the background */
	assert_int_equal(n_fake_answers, 3);
	ask();
	assert_int_equal(last().last_byte, 2);
	end();
}

static void test_verify_falls_back_on_a_failure(void **state)
{
	stale_and_verified("{\n serve_stale 1h verify 0\n}");
	answer_rcode(1, RCODE_REFUSED);
	assert_int_equal(n_fake_answers, 3);
	assert_int_equal(seen(1).last_byte, 1);
	assert_int_equal(seen(2).last_byte, 1);
	assert_int_equal(n_held, 2);
	end();
}

static void test_verify_without_a_timeout_falls_back_at_the_deadline(void **state)
{
	stale_and_verified("{\n serve_stale 1h verify 0\n}");
	fake_pass_ms(&srv, 4501);
	assert_int_equal(n_fake_answers, 3);
	assert_int_equal(seen(1).rcode, RCODE_NOERROR);
	assert_int_equal(seen(2).last_byte, 1);
	end();
}

static void test_the_last_good_answer_stays_if_preferred(void **state)
{
	begin("{\n serve_stale 1h immediate\n serve_stale_policy prefer_positive\n}");
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 61000);
	ask();
	fake_pass_ms(&srv, 1);
	answer_with(1, FLAG_RA, RCODE_NXDOMAIN, "NS example. 60 SOA ns.example. 30", false);
	ask();
	assert_int_equal(last().last_byte, 1);
	fake_pass_ms(&srv, 20000);
	assert_int_equal(n_held, 2); /* the denial is fresh: nothing to ask */
	fake_pass_ms(&srv, 11000);
	ask();
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_held, 3);
	answer(2, A2);
	ask();
	assert_int_equal(last().last_byte, 2);
	end();
}

static void test_a_denial_replaces_the_answer_otherwise(void **state)
{
	begin("{\n serve_stale 1h immediate\n}");
	ask();
	answer(0, A1);
	fake_pass_ms(&srv, 61000);
	ask();
	fake_pass_ms(&srv, 1);
	answer_with(1, FLAG_RA, RCODE_NXDOMAIN, "NS example. 60 SOA ns.example. 30", false);
	ask();
	assert_int_equal(last().rcode, RCODE_NXDOMAIN);
	end();
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_second_question_is_a_hit_with_its_age_off),
		T(test_a_hit_allocates_nothing_on_its_whole_way),
		T(test_keepttl_keeps_it),
		T(test_do_and_cd_are_asked_apart),
		T(test_without_rd_a_recursive_answer_will_do),
		T(test_with_rd_an_answer_got_without_will_not),
		T(test_ad_goes_to_who_asks_for_it),
		T(test_aa_of_a_forwarder_is_not_kept),
		T(test_aa_of_own_data_is_kept),
		T(test_client_subnets_pass_the_cache_by),
		T(test_names_outside_its_zones_pass_the_cache_by),
		T(test_everything_is_counted),
		T(test_a_cached_failure_says_so),
		T(test_a_cut_answer_is_not_kept_but_its_late_whole_is),
		T(test_the_same_question_is_asked_once),
		T(test_followers_get_what_is_not_kept),
		T(test_one_failure_does_not_fail_all),
		T(test_a_second_failure_is_for_all),
		T(test_each_keeps_its_own_deadline),
		T(test_at_the_deadline_of_all_nothing_is_left),
		T(test_a_popular_name_is_fetched_before_it_expires),
		T(test_a_stale_answer_goes_out_at_once_and_is_refreshed),
		T(test_a_failed_refresh_pauses_and_leaves_the_stale_answer),
		T(test_after_the_window_the_stale_answer_is_gone),
		T(test_verify_gives_what_the_upstream_says),
		T(test_verify_falls_back_when_its_time_is_up),
		T(test_verify_falls_back_on_a_failure),
		T(test_verify_without_a_timeout_falls_back_at_the_deadline),
		T(test_the_last_good_answer_stays_if_preferred),
		T(test_a_denial_replaces_the_answer_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
