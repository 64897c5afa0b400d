// SPDX-License-Identifier: Apache-2.0
#include "doctor/discover.h"
#include "doctor/run.h"
#include "world.h"

#include <errno.h>
#include <string.h>

static void assert_address(const char *text, const char *expected)
{
	struct net_addr a;
	char shown[NET_ADDR_TEXT_MAX];

	assert_int_equal(discover_address(text, 53, &a), 0);
	assert_string_equal(net_addr_port_text(&a, shown), expected);
}

static void addresses_come_with_and_without_a_port(void **state)
{
	assert_address("192.0.2.1", "192.0.2.1:53");
	assert_address("192.0.2.1:5353", "192.0.2.1:5353");
	assert_address("2001:db8::1", "[2001:db8::1]:53");
	assert_address("[2001:db8::1]", "[2001:db8::1]:53");
	assert_address("[2001:db8::1]:5353", "[2001:db8::1]:5353");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "dns.example",
					  "192.0.2.1:",
					  "192.0.2.1:0",
					  "192.0.2.1:65536",
					  "192.0.2.1:53x",
					  "[2001:db8::1",
					  "[2001:db8::1]53",
					  "/etc/resolv.conf"};
	struct net_addr a;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(discover_address(bad[i], 53, &a), -EINVAL);
}

static void discover_it(struct observed_world *w, struct doctor_options *o)
{
	o->resolv_conf = "/nonexistent";
	o->no_api = true;
	o->port = 53;
	assert_int_equal(discover(w, o), 0);
}

static void loopback_has_a_route_and_upstreams_given_stand_for_the_file(void **state)
{
	struct observed_world *w = *state;
	struct doctor_options o = {.name = "www.example.org.", .upstreams = {.v = {"127.0.0.1:53"}, .n = 1}};

	discover_it(w, &o);
	assert_int_equal(w->servers[0].state, SERVER_ASKED);
	assert_true(w->asked_absolute);
	assert_null(w->control);
}

static void the_control_name_is_in_the_domain_of_the_search_path(void **state)
{
	struct observed_world *w = *state;
	struct doctor_options o = {.name = "www", .control = "ok.example"};

	discover_it(w, &o);
	assert_name(w, w->control, "ok.example");
}

/* What was observed of one address that the API named. */
static void observe_one(struct observed_world *w, enum ask_outcome outcome)
{
	struct net_addr a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(53)}};
	struct observation o = {.role = NAME_ASKED, .outcome = outcome};

	o.server = world_server(w, OBSERVED_POD, &a, "pod", NULL);
	w->servers[o.server].from_api = true;
	assert_true(world_observation(w, &o) >= 0);
	discover_unreached(w);
}

static void silence_outside_the_cluster_is_no_fault(void **state)
{
	struct observed_world *w = *state;

	observe_one(w, OUTCOME_TIMEOUT);
	assert_int_equal(w->servers[0].state, SERVER_NO_ROUTE);
}

static void a_word_from_the_cluster_makes_silence_count(void **state)
{
	struct observed_world *w = *state;

	observe_one(w, OUTCOME_REFUSED_CONN);
	assert_int_equal(w->servers[0].state, SERVER_ASKED);
}

static void silence_inside_the_cluster_counts(void **state)
{
	struct observed_world *w = *state;

	w->in_cluster = true;
	observe_one(w, OUTCOME_TIMEOUT);
	assert_int_equal(w->servers[0].state, SERVER_ASKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_with_and_without_a_port),
		cmocka_unit_test(what_is_no_address_is_refused),
		world_test(loopback_has_a_route_and_upstreams_given_stand_for_the_file),
		world_test(the_control_name_is_in_the_domain_of_the_search_path),
		world_test(silence_outside_the_cluster_is_no_fault),
		world_test(a_word_from_the_cluster_makes_silence_count),
		world_test(silence_inside_the_cluster_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
