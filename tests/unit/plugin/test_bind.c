// SPDX-License-Identifier: Apache-2.0
/* bind, bufsize, debug and whoami: what their setups read and refuse. */
#include "net/addr.h"
#include "plugin_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_bind, plugin_bufsize, plugin_debug, plugin_whoami;

static struct plugin_reading r;

static void accepts(const char *lines, const char *const *addresses)
{
	char text[NET_ADDR_TEXT_MAX];
	size_t n = 0;

	if (plugin_reading_run(&r, &plugin_bind, NULL, lines))
		fail_msg("%s: %s", lines, plugin_reading_error(&r));
	assert_true(r.block.bind_set);
	for (; addresses[n]; n++) {
		assert_true(n < r.block.n_binds);
		assert_string_equal(net_addr_text(&r.block.binds[n], text), addresses[n]);
	}
	assert_int_equal(r.block.n_binds, n);
	plugin_reading_end(&r);
}

static void refuses(const struct plugin *p, const char *lines, const char *words)
{
	uint64_t state[8] = {0};

	assert_int_not_equal(plugin_reading_run(&r, p, state, lines), 0);
	if (!strstr(plugin_reading_error(&r), words))
		fail_msg("%s: said \"%s\"", lines, plugin_reading_error(&r));
	plugin_reading_end(&r);
}

static void test_bind_takes_addresses_and_adds_up(void **state)
{
	(void)state;
	accepts("bind 127.0.0.1 2001:db8::1", (const char *const[]){"127.0.0.1", "2001:db8::1", NULL});
	accepts("bind 127.0.0.1\nbind 127.0.0.2", (const char *const[]){"127.0.0.1", "127.0.0.2", NULL});
}

static void test_bind_except_takes_away(void **state)
{
	(void)state;
	accepts("bind 127.0.0.1 127.0.0.2 127.0.0.3 {\n except 127.0.0.3\n except 127.0.0.1\n}",
		(const char *const[]){"127.0.0.2", NULL});
}

static void test_bind_takes_an_interface(void **state)
{
	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_bind, NULL, "bind lo"), 0);
	assert_true(r.block.n_binds >= 1);
	assert_true(net_addr_is_loopback(&r.block.binds[0]));
	plugin_reading_end(&r);
}

static void test_bind_refuses(void **state)
{
	(void)state;
	refuses(&plugin_bind, "bind", "at least one ADDRESS or IFACE");
	refuses(&plugin_bind, "bind nosuch0", "neither an IP address nor an interface");
	refuses(&plugin_bind, "bind fe80::1%lo", "has a zone");
	refuses(&plugin_bind, "bind 127.0.0.1 {\n except\n}", "at least one ADDRESS or IFACE");
	refuses(&plugin_bind, "bind 127.0.0.1 {\n excepting lo\n}", "except");
	refuses(&plugin_bind, "bind 127.0.0.1 {\n except 127.0.0.1\n}", "leaves no address");
	refuses(&plugin_bind, "bind 127.0.0.1 127.0.0.1", "given twice");
	refuses(&plugin_bind, "bind 127.0.0.1\nbind 127.0.0.1", "given twice");
}

static void test_the_small_ones_refuse(void **state)
{
	(void)state;
	refuses(&plugin_bufsize, "bufsize 511", "SIZE");
	refuses(&plugin_bufsize, "bufsize 4097", "SIZE");
	refuses(&plugin_bufsize, "bufsize big", "SIZE");
	refuses(&plugin_bufsize, "bufsize 600 700", "no further argument");
	refuses(&plugin_debug, "debug yes", "no further argument");
	refuses(&plugin_whoami, "whoami please", "no further argument");
}

static void test_debug_is_a_setting_of_the_block(void **state)
{
	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_debug, NULL, "debug"), 0);
	assert_true(r.block.debug);
	plugin_reading_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_takes_addresses_and_adds_up),
		cmocka_unit_test(test_bind_except_takes_away),
		cmocka_unit_test(test_bind_takes_an_interface),
		cmocka_unit_test(test_bind_refuses),
		cmocka_unit_test(test_the_small_ones_refuse),
		cmocka_unit_test(test_debug_is_a_setting_of_the_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
