// SPDX-License-Identifier: Apache-2.0
#include "doctor/plan.h"
#include "doctor/question.h"
#include "doctor/resolv.h"
#include "doctor/verdict.h"
#include "world.h"

#include <string.h>

static int server(struct observed_world *w, enum observed_kind kind, unsigned last)
{
	struct net_addr a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(53)}};

	a.v4.sin_addr.s_addr = htonl(0xc0000200 + last);
	return world_server(w, kind, &a, "server", NULL);
}

static unsigned count(const struct observed_world *w, int srv, enum name_role role, int type, int way)
{
	unsigned n = 0;

	for (int i = -1; (i = observe_find(w, i + 1, srv, (int)role, type, way)) >= 0;)
		n++;
	return n;
}

static void every_server_is_asked_in_every_way(void **state)
{
	struct observed_world *w = *state;
	struct plan p;

	w->asked = world_name_of(w, "www.example.org");
	w->control = world_name_of(w, "kubernetes.default.svc.cluster.local");
	for (unsigned i = 1; i <= 3; i++)
		(void)server(w, OBSERVED_POD, i);
	plan_init(&p, w);
	plan_matrix(&p);
	assert_int_equal(p.n_items, w->n_seen);
	for (int s = 0; s < 3; s++) {
		for (int way = 0; way < WAY_N; way++) {
			assert_true(count(w, s, NAME_ASKED, TYPE_A, way) >= 2);
			assert_int_equal(count(w, s, NAME_CONTROL, TYPE_A, way), 1);
		}
		assert_int_equal(count(w, s, NAME_ASKED, TYPE_AAAA, -1), 3);
	}
}

static void what_is_counted_before_is_what_is_asked(void **state)
{
	struct observed_world *w = *state;
	struct plan p, counted;

	resolv_parse(
		w,
		"search a.example b.example\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions ndots:2\n",
		53);
	w->asked = world_name_of(w, "www");
	resolv_walks(w, "www");
	plan_init(&counted, w);
	counted.count_only = true;
	plan_candidates(&counted);
	plan_matrix(&counted);
	assert_int_equal(w->n_seen, 0);
	plan_init(&p, w);
	plan_candidates(&p);
	plan_matrix(&p);
	assert_int_equal(p.n_items, counted.n_items);
	assert_int_equal(count(w, 0, NAME_CANDIDATE, TYPE_A, WAY_UDP_PLAIN),
			 3); /* each once, though two libcs ask */
	assert_int_equal(count(w, 1, NAME_VERSION, TYPE_TXT, WAY_UDP_PLAIN), 1);
}

static void the_service_address_is_asked_twice_for_each_pod(void **state)
{
	struct observed_world *w = *state;
	struct plan p;
	int resolver = server(w, OBSERVED_RESOLVER, 10);

	(void)server(w, OBSERVED_SERVICE, 10); /* the same address */
	for (unsigned i = 1; i <= 4; i++)
		(void)server(w, OBSERVED_POD, i);
	w->asked = world_name_of(w, "www");
	plan_init(&p, w);
	plan_matrix(&p);
	assert_int_equal(count(w, resolver, NAME_ASKED, TYPE_A, WAY_UDP_PLAIN), 8);
	assert_int_equal(count(w, 1, NAME_ASKED, -1, -1), 0); /* asked under its first index */
}

static void who_cannot_be_asked_is_not(void **state)
{
	struct observed_world *w = *state;
	struct plan p;

	(void)server(w, OBSERVED_POD, 1);
	(void)world_server(w, OBSERVED_UPSTREAM, NULL, "upstream", "not known");
	w->servers[0].state = SERVER_NO_ROUTE;
	w->asked = world_name_of(w, "www");
	plan_init(&p, w);
	plan_candidates(&p);
	plan_matrix(&p);
	assert_int_equal(p.n_items, 0);
}

static void a_wish_for_pairs_asks_both_from_one_socket(void **state)
{
	struct observed_world *w = *state;
	struct wish_list wishes = {.n = 1};
	struct plan p;

	wishes.v[0] = (struct wish){.tag = 7,
				    .server = server(w, OBSERVED_RESOLVER, 1),
				    .name = world_name_of(w, "www"),
				    .count = 3,
				    .pair = true};
	plan_init(&p, w);
	plan_wishes(&p, &wishes, 2);
	assert_int_equal(w->n_seen, 6);
	assert_int_equal(w->seen[0].pair, w->seen[1].pair);
	assert_true(w->seen[0].pair != w->seen[2].pair);
	assert_int_equal(w->seen[0].type, TYPE_A);
	assert_int_equal(w->seen[1].type, TYPE_AAAA);
	assert_int_equal(w->seen[5].attempt, 2);
	assert_int_equal(w->seen[5].tag, 7);
	assert_int_equal(w->seen[5].round, 2);
}

static void a_wish_for_a_rate_is_spread_over_time_and_unique(void **state)
{
	struct observed_world *w = *state;
	struct wish_list wishes = {.n = 1};
	struct plan p;

	wishes.v[0] = (struct wish){.tag = 1,
				    .server = server(w, OBSERVED_UPSTREAM, 1),
				    .name = world_name_of(w, "www.example"),
				    .type = TYPE_A,
				    .count = 100,
				    .per_second = 50,
				    .unique = true,
				    .delay_ms = 10};
	plan_init(&p, w);
	plan_wishes(&p, &wishes, 1);
	assert_int_equal(p.n_items, 100);
	assert_int_equal(p.items[0].at_ms, 10);
	assert_int_equal(p.items[50].at_ms, 1010);
	assert_false(wire_name_equal(w->seen[0].name, w->seen[1].name));
	assert_true(wire_name_in_zone(w->seen[0].name, wishes.v[0].name));
	assert_int_equal(p.queues[p.items[0].queue].window, 0);
}

static void wishes_over_the_budget_are_told_once(void **state)
{
	struct observed_world *w = *state;
	struct wish_list wishes = {.n = 2};
	struct plan p;

	w->used = 190; /* of 200 */
	for (unsigned i = 0; i < 2; i++)
		wishes.v[i] = (struct wish){.tag = i + 1,
					    .server = 0,
					    .name = world_name_of(w, "www"),
					    .type = TYPE_A,
					    .count = 8};
	(void)server(w, OBSERVED_UPSTREAM, 1);
	plan_init(&p, w);
	plan_wishes(&p, &wishes, 1);
	assert_int_equal(p.n_items, 10);
	assert_int_equal(w->n_seen, 11);
	assert_int_equal(w->seen[10].outcome, OUTCOME_NOT_SENT);
	assert_int_equal(w->seen[10].tag, 2);
}

static void each_way_has_its_bytes(void **state)
{
	static const uint8_t cookie[QUESTION_CLIENT_COOKIE] = "12345678";
	struct observation o = {.name = world_name_of(*state, "a"), .type = TYPE_A, .cls = CLASS_IN};
	uint8_t plain[QUESTION_MAX], out[QUESTION_MAX];
	size_t len = question_write(&o, 0x1234, cookie, plain);

	assert_int_equal(len, 12 + 3 + 4);
	assert_int_equal(wire_u16(plain), 0x1234);
	assert_int_equal(wire_u16(plain + 2), FLAG_RD);
	o.way = WAY_UDP_4096;
	assert_int_equal(question_write(&o, 1, cookie, out), len + 11);
	assert_int_equal(wire_u16(out + len + 3), 4096);
	o.way = WAY_COOKIE;
	assert_int_equal(question_write(&o, 1, cookie, out), len + 11 + 12);
	assert_memory_equal(out + len + 15, cookie, 8);
	o.way = WAY_TCP;
	o.bits = ASK_DO | ASK_CD | ASK_NO_RD;
	assert_int_equal(question_write(&o, 1, cookie, out), len + 11);
	assert_int_equal(wire_u16(out + 2), FLAG_CD);
	assert_int_equal(wire_u16(out + len + 7), 0x8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(every_server_is_asked_in_every_way),
		world_test(what_is_counted_before_is_what_is_asked),
		world_test(the_service_address_is_asked_twice_for_each_pod),
		world_test(who_cannot_be_asked_is_not),
		world_test(a_wish_for_pairs_asks_both_from_one_socket),
		world_test(a_wish_for_a_rate_is_spread_over_time_and_unique),
		world_test(wishes_over_the_budget_are_told_once),
		world_test(each_way_has_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
