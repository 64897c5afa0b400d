// SPDX-License-Identifier: Apache-2.0
/* What the reasoning wishes to ask before it is sure, and in whose words it says what to do. */
#include "reason_rig.h"

#include "doctor/reason.h"

#include <string.h>

static const struct wish *wished(const struct wish_list *l, int server, enum ask_way way, unsigned bits,
				 unsigned tag)
{
	for (unsigned i = 0; i < l->n; i++) {
		const struct wish *w = &l->v[i];

		if (w->server == server && w->way == way && w->bits == bits && w->tag == tag)
			return w;
	}
	return NULL;
}

static struct wish_list wishes_of(struct observed_world *w, const char *servers, const char *const *lines)
{
	struct wish_list l;

	rig_init(w, servers);
	for (; *lines; lines++)
		rig_see(w, *lines);
	assert_int_equal(reason_more(w, 1, &l), 0);
	for (unsigned i = 0; i < l.n; i++)
		assert_true(l.v[i].tag && l.v[i].count && l.v[i].name && l.v[i].why && l.v[i].server >= 0);
	return l;
}

static void one_loss_is_asked_again(void **state)
{
	static const char *const lines[] = {"R A udp x2 1", "R A tcp lost", "R A tcp 1", "R A 512 x2 lost",
					    NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "R", lines);

	assert_int_equal(wished(&l, 0, WAY_UDP_512, 0, TAG_AGAIN)->count, TRIES_SURE);
	assert_null(wished(&l, 0, WAY_TCP, 0, TAG_AGAIN));
	rig_fini(&w);
}

static void only_what_is_missing_is_wished_for(void **state)
{
	static const char *const lines[] = {"R A udp x4 1", "R A tcp x3 lost", NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "R", lines);

	assert_int_equal(wished(&l, 0, WAY_TCP, 0, TAG_AGAIN)->count, 1);
	rig_fini(&w);
}

static void a_server_that_is_well_is_left_alone_after_its_pairs(void **state)
{
	static const char *const lines[] = {"R A udp x3 1", "R A tcp x2 1", "R A 512 x2 1", "R pair x10 both",
					    NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "R", lines);

	assert_int_equal(l.n, 0);
	rig_fini(&w);
}

static void what_was_not_granted_is_not_wished_for_again(void **state)
{
	static const char *const lines[] = {"R A udp x4 1", "R A tcp x2 lost", "R A tcp unsent tag=again",
					    "R pair x10 both", NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "R", lines);

	assert_int_equal(l.n, 0);
	rig_fini(&w);
}

static void an_upstream_is_asked_quickly_only_when_it_answers_slowly(void **state)
{
	static const char *const well[] = {"R A udp x3 1", "U A udp x3 1", NULL},
				 *const fails[] = {"R A udp x3 1", "U A udp x3 servfail", NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "RU", well);

	assert_non_null(wished(&l, 1, WAY_UDP_PLAIN, 0, TAG_RATE_PROBE));
	assert_null(wished(&l, 1, WAY_UDP_PLAIN, 0, TAG_RATE_HIGH));
	rig_fini(&w);
	l = wishes_of(&w, "RU", fails);
	assert_null(wished(&l, 1, WAY_UDP_PLAIN, 0, TAG_RATE_PROBE));
	rig_fini(&w);
}

static void a_failure_is_asked_for_without_checking(void **state)
{
	static const char *const lines[] = {"R A udp x3 servfail", NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "R", lines);

	assert_non_null(wished(&l, 0, WAY_UDP_1232, ASK_DO | ASK_CD, TAG_AGAIN));
	rig_fini(&w);
}

static void the_same_wish_of_two_rules_is_one(void **state)
{
	static const char *const lines[] = {"R A udp lost", "R A udp x3 1", "R A tcp x2 lost",
					    "R A 512 x2 lost", NULL};
	struct observed_world w;
	struct wish_list l = wishes_of(&w, "R", lines);

	for (unsigned i = 0; i < l.n; i++) {
		for (unsigned k = i + 1; k < l.n; k++)
			assert_false(l.v[i].server == l.v[k].server && l.v[i].way == l.v[k].way &&
				     l.v[i].tag == l.v[k].tag && l.v[i].bits == l.v[k].bits &&
				     l.v[i].type == l.v[k].type && wire_name_equal(l.v[i].name, l.v[k].name));
	}
	rig_fini(&w);
}

/* ---------------------------------------------------------------- remedies */

static const struct {
	enum observed_software software;
	const char *version, *word;
} spoken[] = {
	{SOFTWARE_COREDNS, "1.11.1", "prefer_udp"},
	{SOFTWARE_COREDNS, "1.6.5", "before 1.6.6 there is no `bufsize`"},
	{SOFTWARE_COREDNS, "1.8.3", "before 1.9.2"},
	{SOFTWARE_DNSMASQ, "2.78", "--edns-packet-max"},
	{SOFTWARE_KUBE_DNS, NULL, "--edns-packet-max"},
};

static void a_remedy_is_in_the_words_of_the_server_at_hand(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(spoken); i++) {
		struct observed_world w;
		struct verdict_list l;

		rig_init(&w, "RU");
		w.servers[0].software = spoken[i].software;
		w.servers[0].version = spoken[i].version;
		rig_see(&w, "R A udp x3 cut:0");
		rig_see(&w, "R A tcp x2 60");
		rig_see(&w, "U A udp x2 cut:0");
		assert_int_equal(doctor_reason(&w, &l), 0);
		assert_int_equal(l.v[0].slug, VERDICT_TRUNCATED_PASSED_ON);
		assert_non_null(strstr(l.v[0].remedy, spoken[i].word));
		rig_fini(&w);
	}
}

static void a_newer_version_gets_no_hint_of_an_old_one(void **state)
{
	struct observed_world w;
	struct verdict_list l;

	rig_init(&w, "RU");
	w.servers[0].software = SOFTWARE_COREDNS;
	w.servers[0].version = "1.14.7";
	rig_see(&w, "R A udp x3 cut:0");
	rig_see(&w, "R A tcp x2 60");
	rig_see(&w, "U A udp x2 cut:0");
	assert_int_equal(doctor_reason(&w, &l), 0);
	assert_null(strstr(l.v[0].remedy, "before"));
	rig_fini(&w);
}

static void faults_come_first_and_notes_last(void **state)
{
	static const char *const lines[] = {"R A udp x4 cut:0",
					    "R A tcp x4 lost",
					    "R A udp cut:26 tag=later",
					    "U A udp x2 cut:0",
					    "U A tcp x2 60",
					    "R AAAA udp x4 1",
					    NULL};
	struct observed_world w;
	struct verdict_list l;

	rig_init(&w, "RU");
	for (unsigned i = 0; lines[i]; i++)
		rig_see(&w, lines[i]);
	assert_int_equal(doctor_reason(&w, &l), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.v[0].slug, VERDICT_TCP_BLOCKED_CLIENT);
	assert_int_equal(l.v[1].slug, VERDICT_TRUNCATED_PASSED_ON);
	rig_fini(&w);
}

static void nothing_seen_is_not_healthy(void **state)
{
	struct observed_world w;
	struct verdict_list l;

	rig_init(&w, "");
	assert_int_equal(doctor_reason(&w, &l), 0);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].severity, SEVERITY_UNKNOWN);
	rig_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_loss_is_asked_again),
		cmocka_unit_test(only_what_is_missing_is_wished_for),
		cmocka_unit_test(a_server_that_is_well_is_left_alone_after_its_pairs),
		cmocka_unit_test(what_was_not_granted_is_not_wished_for_again),
		cmocka_unit_test(an_upstream_is_asked_quickly_only_when_it_answers_slowly),
		cmocka_unit_test(a_failure_is_asked_for_without_checking),
		cmocka_unit_test(the_same_wish_of_two_rules_is_one),
		cmocka_unit_test(a_remedy_is_in_the_words_of_the_server_at_hand),
		cmocka_unit_test(a_newer_version_gets_no_hint_of_an_old_one),
		cmocka_unit_test(faults_come_first_and_notes_last),
		cmocka_unit_test(nothing_seen_is_not_healthy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
