// SPDX-License-Identifier: Apache-2.0
/* A cluster's zone given away in steps: others are answered between them, and what changes meanwhile does no harm. */
#include "cluster.h"
#include "base/err.h"
#include "kube/object.h"
#include "message.h"
#include "server/transfer.h"
#include "wire/name.h"

#include <stdio.h>
#include <string.h>

extern const struct plugin plugin_kubernetes;

/* ---------------------------------------------------------------- what the plugin transfer does */

static int collect(struct query *q, struct transfer *t)
{
	const struct block *b = &cluster.gen->blocks[0];

	for (size_t i = 0; i < b->n_all; i++) {
		if (b->all[i].plugin == &plugin_kubernetes)
			return plugin_kubernetes.transfer(b->all[i].state, q->in.qname, t);
	}
	return ERR_GONE;
}

static enum step giver_query(const void *state, struct query *q, void *scratch)
{
	struct transfer **t = scratch;

	(void)state;
	if (q->in.qtype != TYPE_AXFR)
		return STEP_NEXT;
	*t = transfer_begin(q, NULL);
	assert_non_null(*t);
	assert_int_equal(collect(q, *t), 0);
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
	return cf_directive(s->in) ? 0 : ERR_SYNTAX;
}

static const struct plugin giver = {
	.name = "giver",
	.query_size = sizeof(struct transfer *),
	.setup = giver_setup,
	.query = giver_query,
	.reply = giver_reply,
};
const struct plugin_slot plugin_table[] = {{"giver", &giver}, {"kubernetes", &plugin_kubernetes}};
const size_t plugin_table_len = ARRAY_LEN(plugin_table);

/* ---------------------------------------------------------------- a large cluster */

#define Z "cluster.local."

enum { MANY = 10000, MOST = 2 * MANY };

/* What has come, by service number. */
static unsigned seen[MOST], n_records, n_soas, last_service;
static bool in_order;

static void put(unsigned i)
{
	char text[100];

	snprintf(text, sizeof(text), "svc demo/s-%05u ip=10.%u.%u.%u port=http:80", i, 1 + i / 65536, i / 256 % 256, i % 256);
	kube_stub_put(text);
}

static void start(void)
{
	memset(seen, 0, sizeof(seen));
	n_records = n_soas = last_service = n_fake_answers = 0;
	in_order = true;
	cluster_start(".:53 {\ngiver\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\n}\n}\n", NULL, true);
	kube_stub_put("ns demo");
	for (unsigned i = 0; i < MANY; i++)
		put(i * 7919 % MANY); /* in no order */
	kube_stub_sync();
}

static void take_record(const struct message_rr *r)
{
	char text[WIRE_NAME_TEXT_MAX];
	unsigned i;

	n_records++;
	n_soas += r->type == TYPE_SOA;
	wire_name_text(r->owner, text);
	if (r->type != TYPE_A || sscanf(text, "s-%05u.demo.", &i) != 1)
		return;
	assert_true(i < MOST);
	in_order = in_order && i >= last_service;
	last_service = i;
	seen[i]++;
}

/* The messages of the last turn. */
static void take_messages(void)
{
	assert_true(n_fake_answers < FAKE_ANSWERS);
	for (unsigned i = 0; i < n_fake_answers; i++) {
		struct message *m;

		if (fake_answers[i].none) /* to a client that is gone */
			continue;
		m = message_parse(fake_answers[i].msg, fake_answers[i].len);

		assert_non_null(m);
		assert_int_equal(m->flags & FLAG_RCODE, RCODE_NOERROR);
		for (unsigned n = 0; n < m->n_rr; n++)
			take_record(&m->rr[n]);
		message_free(m);
	}
	n_fake_answers = 0;
}

static void ask_transfer(void)
{
	fake_ask(&cluster, Z, TYPE_AXFR, 1, true, false);
	take_messages();
}

static bool turn(void)
{
	bool more = fake_next_turn();

	take_messages();
	return more;
}

static void assert_all_once(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(n_soas, 2);
}

static void test_others_are_answered_between_the_steps(void **state)
{
	unsigned turns = 0, before;

	(void)state;
	start();
	ask_transfer();
	do {
		before = n_records;
		fake_ask(&cluster, "s-00007.demo.svc." Z, TYPE_A, 2, false, false);
		assert_int_equal(n_fake_answers, 1);
		assert_int_equal(wire_u16(fake_answers[0].msg + 6), 1);
		n_fake_answers = 0;
		turns++;
		assert_true(turns < 10000);
		if (!turn())
			break;
		/* Steps a turn, services a step, records of each; and what the turn before left. */
		assert_true(n_records - before <= 2 * TRANSFER_TURN_MESSAGES * 64 * 3);
	} while (true);
	assert_true(turns > MANY / (4 * 64));
	assert_all_once(0, MANY);
	assert_true(in_order);
	cluster_stop();
}

static void test_a_store_that_grows_while_names_are_gathered_is_sent_whole(void **state)
{
	(void)state;
	start();
	ask_transfer();
	for (unsigned i = MANY; i < MOST; i++)
		put(i); /* the table is written anew */
	while (turn())
		;
	assert_all_once(0, MANY);
	for (unsigned i = MANY; i < MOST; i++)
		assert_true(seen[i] <= 1);
	assert_true(in_order);
	cluster_stop();
}

static void drop(unsigned i)
{
	char name[20];
	struct kube_object o = {.kind = KUBE_SERVICE, .ns = {"demo", 4}};

	o.name = (struct kube_str){name, (uint16_t)snprintf(name, sizeof(name), "s-%05u", i)};
	assert_int_equal(kube_store_delete(kube_stub_store(), &o, 1), KUBE_DELETED);
}

static void test_services_that_go_meanwhile_are_left_out_and_all_others_sent(void **state)
{
	(void)state;
	start();
	ask_transfer();
	while (!n_records || last_service < MANY / 2)
		assert_true(turn());
	for (unsigned i = MANY - 1000; i < MANY; i++)
		drop(i);
	while (turn())
		;
	assert_all_once(0, MANY - 1000);
	for (unsigned i = MANY - 1000; i < MANY; i++)
		assert_int_equal(seen[i], 0);
	cluster_stop();
}

static void test_services_that_come_and_go_are_sent_once(void **state)
{
	unsigned rounds = 0;

	(void)state;
	start();
	ask_transfer();
	do {
		for (unsigned i = 0; i < 50; i++) {
			drop(rounds * 50 % 5000 + i);
			put(rounds * 50 % 5000 + i);
		}
		rounds++;
	} while (turn());
	for (unsigned i = 0; i < MANY; i++)
		assert_true(seen[i] <= 1);
	assert_all_once(5000, MANY);
	assert_true(in_order);
	cluster_stop();
}

static void test_a_client_that_goes_leaves_nothing_behind(void **state)
{
	(void)state;
	for (unsigned turns = 0; turns < 60; turns += 20) {
		start();
		ask_transfer();
		for (unsigned i = 0; i < turns; i++)
			assert_true(turn());
		fake_gone = true;
		while (turn())
			;
		fake_gone = false;
		assert_int_equal(query_pool_waiting(cluster.w.queries), 0);
		cluster_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_are_answered_between_the_steps),
		cmocka_unit_test(test_a_store_that_grows_while_names_are_gathered_is_sent_whole),
		cmocka_unit_test(test_services_that_go_meanwhile_are_left_out_and_all_others_sent),
		cmocka_unit_test(test_services_that_come_and_go_are_sent_once),
		cmocka_unit_test(test_a_client_that_goes_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
