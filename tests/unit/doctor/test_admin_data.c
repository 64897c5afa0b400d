// SPDX-License-Identifier: Apache-2.0
#include "doctor/admin_data.h"
#include "world.h"

static const char document[] = "{\"blocks\":[{\"keys\":[\"example.org\"],\"plugins\":[{\"name\":\"file\"}]},"
			       "{\"keys\":[\".\"],\"plugins\":[{\"name\":\"bind\"},{\"name\":\"cache\","
			       "\"state\":{}},{\"name\":\"forward\","
			       "\"state\":{\"rules\":[{\"from\":\".\",\"upstreams\":[{\"to\":\"192.0.2.1:"
			       "53\"},{\"to\":\"[2001:db8::1]:5353\"},"
			       "{\"to\":\"192.0.2.3:853\"},{\"to\":7},{}]}]}}]}]}";

static void upstreams_of_the_running_server_are_found(void **state)
{
	struct observed_world *w = *state;
	int servers[8];

	assert_int_equal(admin_data_upstreams(w, document, servers, 8), 3);
	assert_string_equal(w->servers[servers[0]].label, "upstream 192.0.2.1");
	assert_string_equal(w->servers[servers[1]].label, "upstream [2001:db8::1]:5353");
	assert_int_equal(w->servers[servers[2]].state, SERVER_UNKNOWN); /* TLS */
	assert_int_equal(admin_data_upstreams(w, document, servers, 1), 1);
}

static void what_is_loaded_becomes_a_corefile(void **state)
{
	struct observed_world *w = *state;

	admin_data_corefile(w, document, "admin data of binnacle/7");
	assert_null(w->corefile.error);
	assert_int_equal(w->corefile.origin, COREFILE_ADMIN);
	assert_int_equal(observe_block_of(w, world_name_of(w, "a.example.org")), 0);
	assert_int_equal(observe_forward_of(w, world_name_of(w, "example.net"))->n_upstreams, 3);
	assert_true(w->corefile.blocks[1].has_cache);
}

static void what_is_no_document_tells_nothing(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "{\"stopping\":true}", "{\"blocks\":7}", "error: no memory"};
	struct observed_world *w = *state;
	int servers[8];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(admin_data_upstreams(w, bad[i], servers, 8), 0);
		admin_data_corefile(w, bad[i], "admin data");
		assert_int_equal(w->corefile.origin, COREFILE_NONE);
	}
}

static void it_is_about_a_server_of_this_host_only(void **state)
{
	struct observed_world *w = *state;
	struct net_addr a = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)}};

	(void)world_server(w, OBSERVED_RESOLVER, &a, "resolver", NULL);
	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)world_server(w, OBSERVED_UPSTREAM, &a, "upstream", NULL);
	assert_false(admin_data_applies(w));
	(void)world_server(w, OBSERVED_RESOLVER, &a, "resolver", NULL);
	assert_true(admin_data_applies(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(upstreams_of_the_running_server_are_found),
		world_test(what_is_loaded_becomes_a_corefile),
		world_test(what_is_no_document_tells_nothing),
		world_test(it_is_about_a_server_of_this_host_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
