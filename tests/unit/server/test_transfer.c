// SPDX-License-Identifier: Apache-2.0
/* Zones given away by a plugin of the test's own: in messages, as the client takes them, within bounds. */
#include "server/transfer.h"

#include "base/err.h"
#include "fake_door.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- a plugin */

static const uint8_t owner[] = "\1a\7example";
static const uint8_t zone[] = "\7example";
static const uint8_t soa[] = "\1n\0\1h\0\0\0\0\21\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"; /* serial 17 */
static uint8_t text[60000];

/* What is given, and what became of it. */
static unsigned n_records, n_drawn, n_ended;
static uint16_t record_len;
static bool by_source;
static const uint32_t *have;

static bool draw(void *arg, struct transfer_record *ret)
{
	assert_ptr_equal(arg, &n_drawn);
	if (n_drawn == n_records)
		return false;
	n_drawn++;
	*ret = (struct transfer_record){owner, text, 60, TYPE_TXT, record_len};
	return true;
}

static void ended(void *arg)
{
	assert_ptr_equal(arg, &n_drawn);
	n_ended++;
}

static const struct transfer_source source = {.next = draw, .end = ended};

/* The same in steps, the first of which find nothing; at the end `step_error`. */
enum { STEPS_IDLE = 10, STEP_RECORDS = 70 };
static bool by_steps;
static unsigned n_steps;
static int step_error;

static int give_some(void *arg, struct transfer *t)
{
	int err = 0;

	assert_ptr_equal(arg, &n_drawn);
	if (n_steps++ < STEPS_IDLE)
		return TRANSFER_MORE;
	for (unsigned i = 0; i < STEP_RECORDS && !err; i++) {
		if (n_drawn == n_records)
			return step_error;
		n_drawn++;
		err = transfer_rr(t, owner, TYPE_TXT, 60, text, record_len);
	}
	return err ? err : TRANSFER_MORE;
}

static const struct transfer_source steps = {.step = give_some, .end = ended};

static int give(struct transfer *t)
{
	int err = transfer_rr(t, zone, TYPE_SOA, 60, soa, sizeof(soa) - 1);

	if (!err && by_source)
		transfer_from(t, by_steps ? &steps : &source, &n_drawn);
	for (unsigned i = 0; !err && !by_source && i < n_records; i++)
		err = transfer_rr(t, owner, TYPE_TXT, 60, text, record_len);
	return err;
}

static enum step giver_query(const void *state, struct query *q, void *scratch)
{
	struct transfer **t = scratch;
	int err;

	(void)state;
	*t = transfer_begin(q, have);
	assert_non_null(*t);
	err = give(*t);
	if (err && err != TRANSFER_ENOUGH)
		return query_fail(q, RCODE_SERVFAIL, EDE_NONE, NULL, NULL);
	return transfer_send(*t);
}

static enum step giver_reply(const void *state, struct query *q, void *scratch)
{
	(void)state;
	(void)q;
	transfer_end(*(struct transfer **)scratch);
	return STEP_NEXT;
}

static int giver_setup(struct setup *s, void *state)
{
	(void)state;
	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in))
			return ERR_SYNTAX;
	}
	return 0;
}

static const struct plugin giver = {
	.name = "giver",
	.query_size = sizeof(struct transfer *),
	.setup = giver_setup,
	.query = giver_query,
	.reply = giver_reply,
};
const struct plugin_slot plugin_table[] = {{"giver", &giver}};
const size_t plugin_table_len = ARRAY_LEN(plugin_table);

/* ---------------------------------------------------------------- questions */

static struct fake_server srv;

static void start(bool from_source, unsigned records, uint16_t len)
{
	/* One string after the other, 255 bytes each: TXT's form. */
	memset(text, 0, sizeof(text));
	for (size_t at = 0; at < len; at += 256)
		text[at] = (uint8_t)(len - at > 256 ? 255 : len - at - 1);
	by_source = from_source;
	n_records = records;
	record_len = len;
	n_drawn = n_ended = n_steps = 0;
	step_error = 0;
	by_steps = false;
	have = NULL;
	fake_server_start(&srv, ".:1053 {\n giver\n}\n", &query_limits_default);
}

static void ask(void)
{
	fake_ask(&srv, "example.", TYPE_AXFR, 1, true, false);
}

static void turn_until_quiet(void)
{
	while (fake_next_turn())
		;
}

static unsigned count(unsigned i)
{
	return wire_u16(fake_answers[i].msg + 6);
}

static unsigned count_all(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_fake_answers; i++) {
		assert_int_equal(fake_rcode(i), RCODE_NOERROR);
		assert_true(wire_u16(fake_answers[i].msg + 2) & FLAG_AA);
		n += count(i);
	}
	return n;
}

/* The type of the first record: behind the question and a pointer to its name. */
static unsigned first_type(unsigned i)
{
	return wire_u16(fake_answers[i].msg + WIRE_HEADER_LEN + sizeof(zone) + 4 + 2);
}

static void test_a_source_is_sent_in_messages_that_begin_and_end_with_the_soa(void **state)
{
	(void)state;
	start(true, 3000, 200);
	ask();
	turn_until_quiet();
	assert_in_range(n_fake_answers, 11, 13);
	assert_int_equal(count_all(), 3002);
	assert_int_equal(first_type(0), TYPE_SOA);
	for (unsigned i = 0; i < n_fake_answers; i++)
		assert_true(fake_answers[i].len <= 61000);
	assert_int_equal(n_ended, 1);
	fake_server_stop(&srv);
}

static void test_records_given_at_once_are_sent_alike(void **state)
{
	(void)state;
	start(false, 3000, 200);
	ask();
	turn_until_quiet();
	assert_in_range(n_fake_answers, 11, 13);
	assert_int_equal(count_all(), 3002);
	fake_server_stop(&srv);
}

static void test_a_turn_sends_a_few_messages_even_to_a_quick_client(void **state)
{
	(void)state;
	start(true, 3000, 200);
	ask();
	assert_int_equal(n_fake_answers, TRANSFER_TURN_MESSAGES);
	assert_true(fake_next_turn());
	assert_int_equal(n_fake_answers, 2 * TRANSFER_TURN_MESSAGES);
	turn_until_quiet();
	fake_server_stop(&srv);
}

static void test_a_client_that_is_full_holds_one_message(void **state)
{
	unsigned drawn;

	(void)state;
	start(true, 3000, 200);
	fake_room = 1;
	ask();
	turn_until_quiet();
	assert_int_equal(n_fake_answers, 1);
	drawn = n_drawn;
	assert_in_range(drawn, 2 * count(0) - 2, 2 * count(0) + 2); /* the next one, and the record that did not fit */
	fake_pass_ms(&srv, 60000);
	turn_until_quiet();
	assert_int_equal(n_drawn, drawn);
	fake_room = 1;
	turn_until_quiet();
	assert_int_equal(n_fake_answers, 2);
	fake_room = 1000;
	turn_until_quiet();
	assert_int_equal(count_all(), 3002);
	fake_server_stop(&srv);
}

static void test_a_client_that_goes_ends_the_source(void **state)
{
	(void)state;
	start(true, 3000, 200);
	fake_room = 2;
	ask();
	turn_until_quiet();
	fake_gone = true;
	turn_until_quiet();
	assert_int_equal(n_ended, 1);
	assert_int_equal(query_pool_waiting(srv.w.queries), 0);
	fake_server_stop(&srv);
}

static void test_a_client_that_takes_too_long_gets_servfail(void **state)
{
	(void)state;
	start(true, 3000, 200);
	fake_room = 2;
	ask();
	turn_until_quiet();
	fake_pass_ms(&srv, TRANSFER_TIME_S * 1000ull - 1000);
	assert_int_equal(n_ended, 0);
	fake_pass_ms(&srv, 2000);
	assert_int_equal(n_ended, 1);
	assert_int_equal(n_fake_answers, 3);
	assert_int_equal(fake_rcode(2), RCODE_SERVFAIL);
	assert_false(fake_next_turn());
	fake_server_stop(&srv);
}

static void test_who_has_the_serial_gets_the_soa_alone(void **state)
{
	static const uint32_t same = 17, older = 16;

	(void)state;
	start(true, 10, 200);
	have = &same;
	ask();
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(count(0), 1);
	assert_false(wire_u16(fake_answers[0].msg + 2) & FLAG_AA);
	assert_int_equal(n_drawn, 0);
	have = &older;
	ask();
	assert_int_equal(count(1), 12);
	fake_server_stop(&srv);
}

static void test_zone_of_nothing_but_its_soa_is_two_of_it(void **state)
{
	(void)state;
	start(true, 0, 200);
	ask();
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(count(0), 2);
	fake_server_stop(&srv);
}

static void test_records_of_more_than_a_messages_size_come_one_a_message(void **state)
{
	(void)state;
	start(true, 5, 60000);
	ask();
	turn_until_quiet();
	assert_int_equal(n_fake_answers, 7);
	assert_int_equal(count_all(), 7);
	fake_server_stop(&srv);
}

static void test_records_given_at_once_have_a_limit_that_is_given_back(void **state)
{
	(void)state;
	start(false, TRANSFER_BYTES_MAX / 60000 + 10, 60000);
	for (unsigned i = 0; i < 2; i++) {
		n_fake_answers = 0;
		ask();
		assert_int_equal(n_fake_answers, 1);
		assert_int_equal(fake_rcode(0), RCODE_SERVFAIL);
	}
	n_records = 10;
	n_fake_answers = 0;
	ask();
	turn_until_quiet();
	assert_int_equal(count_all(), 12);
	fake_server_stop(&srv);
}

/* ---------------------------------------------------------------- in steps */

static void start_steps(unsigned records, uint16_t len)
{
	start(true, records, len);
	by_steps = true;
}

static void test_steps_give_the_whole_zone_between_two_soas(void **state)
{
	(void)state;
	for (unsigned records = 0; records < 3000; records += 700) {
		n_fake_answers = 0;
		start_steps(records, 200);
		ask();
		turn_until_quiet();
		assert_int_equal(count_all(), records + 2);
		assert_int_equal(first_type(0), TYPE_SOA);
		assert_int_equal(n_ended, 1);
		fake_server_stop(&srv);
	}
}

static void test_a_turn_takes_a_few_steps(void **state)
{
	unsigned before, turns = 0;

	(void)state;
	start_steps(3000, 200);
	ask();
	do {
		before = n_steps;
		turns++;
	} while (fake_next_turn() && n_steps <= before + TRANSFER_TURN_MESSAGES);
	assert_int_equal(n_steps, before);
	assert_in_range(turns, 3000 / STEP_RECORDS / TRANSFER_TURN_MESSAGES, 3000);
	fake_server_stop(&srv);
}

static void test_a_step_may_fill_several_messages(void **state)
{
	(void)state;
	start_steps(3, 50000);
	ask();
	turn_until_quiet();
	assert_in_range(n_fake_answers, 3, 5);
	assert_int_equal(count_all(), 5);
	fake_server_stop(&srv);
}

static void test_a_client_that_is_full_stops_the_steps(void **state)
{
	unsigned before;

	(void)state;
	start_steps(3000, 200);
	fake_room = 1;
	ask();
	turn_until_quiet();
	assert_int_equal(n_fake_answers, 1);
	before = n_steps;
	fake_pass_ms(&srv, 60000);
	turn_until_quiet();
	assert_int_equal(n_steps, before);
	fake_room = 1000;
	turn_until_quiet();
	assert_int_equal(count_all(), 3002);
	fake_server_stop(&srv);
}

static void test_a_step_that_fails_ends_in_servfail(void **state)
{
	(void)state;
	start_steps(300, 200);
	step_error = ERR_LIMIT;
	ask();
	turn_until_quiet();
	assert_int_equal(fake_rcode(n_fake_answers - 1), RCODE_SERVFAIL);
	assert_int_equal(n_ended, 1);
	fake_server_stop(&srv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_source_is_sent_in_messages_that_begin_and_end_with_the_soa),
		cmocka_unit_test(test_records_given_at_once_are_sent_alike),
		cmocka_unit_test(test_a_turn_sends_a_few_messages_even_to_a_quick_client),
		cmocka_unit_test(test_a_client_that_is_full_holds_one_message),
		cmocka_unit_test(test_a_client_that_goes_ends_the_source),
		cmocka_unit_test(test_a_client_that_takes_too_long_gets_servfail),
		cmocka_unit_test(test_who_has_the_serial_gets_the_soa_alone),
		cmocka_unit_test(test_steps_give_the_whole_zone_between_two_soas),
		cmocka_unit_test(test_a_turn_takes_a_few_steps),
		cmocka_unit_test(test_a_step_may_fill_several_messages),
		cmocka_unit_test(test_a_client_that_is_full_stops_the_steps),
		cmocka_unit_test(test_a_step_that_fails_ends_in_servfail),
		cmocka_unit_test(test_zone_of_nothing_but_its_soa_is_two_of_it),
		cmocka_unit_test(test_records_of_more_than_a_messages_size_come_one_a_message),
		cmocka_unit_test(test_records_given_at_once_have_a_limit_that_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
