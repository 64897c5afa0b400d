// SPDX-License-Identifier: Apache-2.0
/* Pairing, copies, and what belongs together, from messages. */
#include "packets.h"

#include "capture/relate.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENT = 1, VIP = 96, POD = 10, UP = 53 };

static struct exchange_window *w;
static struct {
	int64_t asked_ns, answered_ns;
	struct capture_end server;
	uint16_t id;
	unsigned n_sent, n_address, n_answers, n_wrong_id, n_wrong_question, n_wrong_source;
	bool answered, has_front, has_behind, over_tcp, repeated, pair, connection_open, connection;
	unsigned n_caused;
	struct capture_end caused_server[EXCHANGE_CAUSED_MAX];
} out[64];
static unsigned n;

static void on_exchange(void *arg, struct exchange_window *window, const struct exchange *e)
{
	const struct exchange *caused[EXCHANGE_CAUSED_MAX];
	const struct capture_connection *c;

	assert_true(n < 64);
	out[n].asked_ns = e->asked.time_ns;
	out[n].server = e->server;
	out[n].id = e->id;
	out[n].n_sent = e->n_sent;
	out[n].n_wrong_id = e->n_wrong_id;
	out[n].n_wrong_question = e->n_wrong_question;
	out[n].n_wrong_source = e->n_wrong_source;
	out[n].answered = e->answer != NULL;
	if (e->answer) {
		out[n].answered_ns = e->answer->at.time_ns;
		out[n].n_address = e->answer->n_address;
		out[n].n_answers = e->answer->n;
	}
	out[n].has_front = e->front != NULL;
	out[n].has_behind = e->behind != NULL;
	out[n].over_tcp = exchange_over_tcp(window, e) != NULL;
	out[n].repeated = exchange_repeated(window, e) != NULL;
	out[n].pair = exchange_pair(window, e) != NULL;
	c = exchange_connection(window, e);
	out[n].connection = c != NULL;
	out[n].connection_open = c && c->accepted_ns;
	out[n].n_caused = exchange_caused(window, e, caused);
	for (unsigned i = 0; i < out[n].n_caused; i++)
		out[n].caused_server[i] = caused[i]->server;
	n++;
}

static int setup(void **state)
{
	const struct exchange_sink sink = {on_exchange, NULL};

	n = 0;
	memset(out, 0, sizeof(out));
	w = exchange_window_new(&(struct hash_key){1, 2}, &sink);
	return w ? 0 : -1;
}

static int teardown(void **state)
{
	exchange_window_free(w);
	return 0;
}

static struct capture_end end(unsigned last, uint16_t port)
{
	return (struct capture_end){.addr = {192, 0, 2, (uint8_t)last}, .port = port, .family = 4};
}

/* A message of which all is known. */
static struct capture_message message(double ms, unsigned src, uint16_t sport, unsigned dst, uint16_t id,
				      const char *name)
{
	static uint32_t number;
	struct capture_message m = {.time_ns = (int64_t)((1000 + ms) * 1e6),
				    .packet = ++number,
				    .hop_limit = 64,
				    .id = id,
				    .qtype = TYPE_A,
				    .qclass = CLASS_IN,
				    .question_known = true,
				    .opt_known = true,
				    .answer_known = true,
				    .len = 40};
	int len = wire_name_from_text(name, m.name);

	assert_true(len > 0);
	m.name_len = (uint8_t)len;
	m.n_records[0] = 1;
	m.src = end(src, sport);
	m.dst = end(dst, 53);
	return m;
}

static struct capture_message answer_to(const struct capture_message *q, double ms)
{
	struct capture_message m = *q;

	m.src = q->dst;
	m.dst = q->src;
	m.flags |= FLAG_QR;
	m.time_ns = (int64_t)((1000 + ms) * 1e6);
	m.n_records[1] = m.n_address = 1;
	m.packet++;
	return m;
}

static void add(struct capture_message m)
{
	exchange_window_message(w, &m);
}

static void test_a_question_and_its_answer(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org.");

	add(q);
	add(answer_to(&q, 3));
	exchange_window_finish(w);
	assert_int_equal(n, 1);
	assert_true(out[0].answered);
	assert_int_equal(out[0].answered_ns - out[0].asked_ns, 3000000);
	assert_int_equal(out[0].n_address, 1);
}

static void test_what_is_seen_twice_counts_once(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."), a = answer_to(&q, 3),
			       again = q;

	add(q);
	again.time_ns += 100000;
	again.ifindex = 2;
	add(again);
	add(a);
	a.time_ns += 100000;
	add(a);
	exchange_window_finish(w);
	assert_int_equal(n, 1);
	assert_int_equal(out[0].n_sent, 1);
	assert_int_equal(out[0].n_answers, 1);
	assert_int_equal(exchange_window_counts(w)->copies, 2);
}

static void test_a_question_sent_again_is_one_exchange(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org.");

	add(q);
	add(message(5000, CLIENT, 4000, VIP, 7, "www.example.org."));
	add(answer_to(&q, 5003));
	exchange_window_finish(w);
	assert_int_equal(n, 1);
	assert_int_equal(out[0].n_sent, 2);
	assert_true(out[0].answered);
}

static void test_both_sides_of_a_dnat_count_once(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."), behind = q, a;

	add(q);
	behind.dst = end(POD, 53);
	behind.hop_limit--;
	behind.time_ns += 50000;
	add(behind);
	a = answer_to(&behind, 3);
	add(a);
	a.src = q.dst;
	a.hop_limit--;
	a.time_ns += 50000;
	add(a);
	exchange_window_finish(w);
	assert_int_equal(n, 2);
	assert_true(out[0].has_behind && !out[0].has_front && out[0].answered);
	assert_true(out[1].has_front && out[1].answered);
	assert_int_equal(exchange_window_counts(w)->questions, 1);
	assert_int_equal(exchange_window_counts(w)->translated, 1);
}

/* The pod's capture may be read first. */
static void test_the_side_nearer_to_the_client_is_in_front(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."), behind = q;

	behind.dst = end(POD, 53);
	behind.hop_limit--;
	behind.file = 1;
	add(behind);
	q.time_ns += 100000;
	add(q);
	exchange_window_finish(w);
	assert_int_equal(n, 2);
	assert_true(out[0].has_front);
	assert_true(out[1].has_behind);
	assert_int_equal(out[1].server.addr[3], VIP);
}

static void test_one_question_to_two_servers_at_once_is_two(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, 53, 7, "www.example.org."), other = q;

	add(q);
	other.dst = end(54, 53);
	other.time_ns += 20000;
	add(other);
	exchange_window_finish(w);
	assert_int_equal(n, 2);
	assert_false(out[0].has_behind || out[1].has_front);
	assert_int_equal(exchange_window_counts(w)->questions, 2);
}

static void test_a_translated_source_is_found_by_the_message(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."), behind = q;

	add(q);
	behind.src = end(77, 33000);
	behind.dst = end(POD, 53);
	behind.hop_limit--;
	behind.time_ns += 30000;
	add(behind);
	exchange_window_finish(w);
	assert_true(out[0].has_behind && out[1].has_front);
}

static void test_wrong_answers_are_told_apart(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."), a = answer_to(&q, 1),
			       b = a, c = a, d = a;

	add(q);
	a.id = 8;
	add(a);
	assert_int_equal(wire_name_from_text("wwx.example.org.", b.name), b.name_len);
	add(b);
	c.src = end(POD, 53);
	add(c);
	d.dst.port = 999;
	add(d);
	exchange_window_finish(w);
	assert_int_equal(n, 1);
	assert_false(out[0].answered);
	assert_int_equal(out[0].n_wrong_id, 1);
	assert_int_equal(out[0].n_wrong_question, 1);
	assert_int_equal(out[0].n_wrong_source, 1);
	assert_int_equal(exchange_window_counts(w)->without_question, 1);
}

static void test_a_question_leads_to_those_it_caused(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "a.svc.cluster.local."), behind = q, up,
			       other, a;

	add(q);
	behind.dst = end(POD, 53);
	behind.hop_limit--;
	add(behind);
	up = message(1, POD, 5000, UP, 99, "b.example.org."); /* where the CNAME leads */
	add(up);
	add(answer_to(&up, 2));
	other = message(2, POD, 5001, UP, 98, "c.example.org."); /* somebody else's */
	add(other);
	a = answer_to(&q, 3);
	a.n_cname = 1;
	a.n_targets = 1;
	a.targets_len = (uint16_t)wire_name_from_text("b.example.org.", a.targets);
	add(a);
	add(message(10, POD, 5002, UP, 97, "b.example.org.")); /* too late */
	exchange_window_finish(w);
	assert_int_equal(out[0].n_caused, 1);
	assert_int_equal(out[0].caused_server[0].addr[3], UP);
}

static void test_a_server_with_two_addresses_is_followed_by_time(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."),
			       up = message(1, 200, 5000, UP, 99, "www.example.org.");

	add(q);
	add(up);
	add(answer_to(&up, 2));
	add(answer_to(&q, 3));
	exchange_window_finish(w);
	assert_int_equal(out[0].n_caused, 1);
	assert_int_equal(out[1].n_caused, 0);
}

static void test_tcp_after_a_cut_answer(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."), a = answer_to(&q, 1),
			       t;
	struct capture_connection_event c = {.time_ns = 1002000000,
					     .packet = 5,
					     .event = TCP_ASKED,
					     .src = end(CLIENT, 4001),
					     .dst = end(VIP, 53)};

	add(q);
	a.flags |= FLAG_TC;
	add(a);
	exchange_window_connection(w, &c);
	c.event = TCP_ACCEPTED;
	c.src = end(VIP, 53);
	c.dst = end(CLIENT, 4001);
	exchange_window_connection(w, &c);
	t = message(3, CLIENT, 4001, VIP, 8, "www.example.org.");
	t.tcp = true;
	add(t);
	exchange_window_finish(w);
	assert_true(out[0].over_tcp && out[0].connection && out[0].connection_open && out[0].repeated);
	assert_false(out[1].over_tcp);
}

static void test_a_and_aaaa_are_a_pair(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "www.example.org."),
			       v6 = message(0.01, CLIENT, 4000, VIP, 8, "www.example.org.");

	v6.qtype = TYPE_AAAA;
	add(q);
	add(v6);
	exchange_window_finish(w);
	assert_true(out[0].pair && out[1].pair);
}

static void test_exchanges_come_out_after_20_seconds_in_their_order(void **state)
{
	for (unsigned i = 0; i < 10; i++)
		add(message(i * 100, CLIENT, (uint16_t)(4000 + i), VIP, (uint16_t)i, "www.example.org."));
	assert_int_equal(n, 0);
	add(message(20450, CLIENT, 5000, VIP, 77, "www.example.org."));
	assert_int_equal(n, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(out[i].id, i);
}

static void test_names_that_a_capture_cut_match_their_beginning(void **state)
{
	struct capture_message q = message(0, CLIENT, 4000, VIP, 7, "a-long-name.example.org."),
			       a = answer_to(&q, 1);

	a.name_len = 9;
	a.name_cut = true;
	a.question_known = false;
	add(q);
	add(a);
	exchange_window_finish(w);
	assert_true(out[0].answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_question_and_its_answer),
		TEST(test_what_is_seen_twice_counts_once),
		TEST(test_a_question_sent_again_is_one_exchange),
		TEST(test_both_sides_of_a_dnat_count_once),
		TEST(test_the_side_nearer_to_the_client_is_in_front),
		TEST(test_one_question_to_two_servers_at_once_is_two),
		TEST(test_a_translated_source_is_found_by_the_message),
		TEST(test_wrong_answers_are_told_apart),
		TEST(test_a_question_leads_to_those_it_caused),
		TEST(test_a_server_with_two_addresses_is_followed_by_time),
		TEST(test_tcp_after_a_cut_answer),
		TEST(test_a_and_aaaa_are_a_pair),
		TEST(test_exchanges_come_out_after_20_seconds_in_their_order),
		TEST(test_names_that_a_capture_cut_match_their_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
