// SPDX-License-Identifier: Apache-2.0
/* status: which Host may ask, and the grammar. */
#include "plugin/status/status.h"
#include "plugin_reading.h"
#include "server/plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_status;

static void test_addresses_localhost_and_the_own_name_may_ask(void **state)
{
	static const char *const good[] = {"localhost", "LocalHost:9154", "127.0.0.1", "10.1.2.3:80", "[::1]", "[fe80::1]:9154", "dns1.example.org:9154"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(status_host_allowed(good[i], "dns1.example.org:9154"));
}

static void test_other_names_may_not(void **state)
{
	static const char *const bad[] = {"", ":9154", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "[::1]x",
					  "[]", "127.0.0.1@evil.example", "localhost evil", "xlocalhost", "dns1.example.org.evil.example"};
	char longer[600];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(status_host_allowed(bad[i], "dns1.example.org:9154"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(status_host_allowed(longer, "localhost:9154"));
	assert_false(status_host_allowed("", ":9154")); /* the wildcard has no name of its own */
	assert_false(status_host_allowed("dns1.example.org", "localhost:9154"));
}

static const char *read_status(struct plugin_reading *r, const char *lines, struct status *s)
{
	memset(s, 0, sizeof(*s));
	return plugin_reading_run(r, &plugin_status, s, lines) ? plugin_reading_error(r) : "";
}

static void test_the_address(void **state)
{
	struct plugin_reading r;
	struct status s;

	assert_string_equal(read_status(&r, "status", &s), "");
	assert_string_equal(s.address, "localhost:9154");
	plugin_reading_end(&r);
	assert_string_equal(read_status(&r, "status [::1]:80", &s), "");
	assert_string_equal(s.address, "[::1]:80");
	plugin_reading_end(&r);
	assert_non_null(strstr(read_status(&r, "status 9154", &s), "expected an address with a port"));
	plugin_reading_end(&r);
	assert_non_null(strstr(read_status(&r, "status :1\nstatus :2", &s), "twice"));
	plugin_reading_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_localhost_and_the_own_name_may_ask),
		cmocka_unit_test(test_other_names_may_not),
		cmocka_unit_test(test_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
