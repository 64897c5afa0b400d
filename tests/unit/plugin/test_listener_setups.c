// SPDX-License-Identifier: Apache-2.0
/* What is read of the plugins that set their listeners up, and of metadata and loadbalance: defaults, and what is refused. */
#include "base/clock.h"
#include "net/proxy_policy.h"
#include "plugin/loadbalance/loadbalance.h"
#include "plugin_reading.h"
#include "server/zone_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct plugin plugin_timeouts, plugin_multisocket, plugin_proxyproto, plugin_metadata, plugin_loadbalance;

static struct plugin_reading r;
static _Alignas(16) uint8_t state[512];

/* "" or the first error; the reading is ended by the next one. */
static const char *reads(const struct plugin *p, const char *lines)
{
	plugin_reading_end(&r);
	memset(state, 0, sizeof(state));
	assert_true(p->state_size <= sizeof(state));
	return plugin_reading_run(&r, p, state, lines) ? plugin_reading_error(&r) : "";
}

static void refuses(const struct plugin *p, const char *lines, const char *says)
{
	const char *error = reads(p, lines);

	if (!strstr(error, says) || !*error)
		fail_msg("%s: \"%s\" does not say \"%s\"", lines, error, says);
}

/* ---------------------------------------------------------------- timeouts */

static void test_timeouts_take_durations_and_seconds(void **unused)
{
	const struct listener_settings *s = &r.block.settings;

	assert_string_equal(reads(&plugin_timeouts, "timeouts {\nread 5\nwrite 1m30s\nidle 24h\nmaxtcpqueries 7\n}"), "");
	assert_int_equal(s->first_ms, 5000);
	assert_int_equal(s->write_ms, 90000);
	assert_int_equal(s->idle_ms, 86400000);
	assert_int_equal(s->max_tcp_queries, 7);
	assert_string_equal(reads(&plugin_timeouts, "timeouts {\nmaxtcpqueries -1\n}"), "");
	assert_int_equal(s->max_tcp_queries, -1);
	assert_int_equal(s->first_ms, 0);
}

static void test_timeouts_refuse(void **unused)
{
	refuses(&plugin_timeouts, "timeouts", "at least one of");
	refuses(&plugin_timeouts, "timeouts {\n}", "at least one of");
	refuses(&plugin_timeouts, "timeouts 5s {\nread 5\n}", "no further argument");
	refuses(&plugin_timeouts, "timeouts {\nread 100ms\n}", "not within 1s to 24h");
	refuses(&plugin_timeouts, "timeouts {\nread 0\n}", "not within 1s to 24h");
	refuses(&plugin_timeouts, "timeouts {\nread 86401\n}", "not within 1s to 24h");
	refuses(&plugin_timeouts, "timeouts {\nread -5s\n}", "not within 1s to 24h");
	refuses(&plugin_timeouts, "timeouts {\nread soon\n}", "no duration");
	refuses(&plugin_timeouts, "timeouts {\nread\n}", "takes DURATION");
	refuses(&plugin_timeouts, "timeouts {\nmaxtcpqueries 0\n}", "answer nothing");
	refuses(&plugin_timeouts, "timeouts {\nmaxtcpqueries -2\n}", "not within");
	refuses(&plugin_timeouts, "timeouts {\nlinger 5s\n}", "unknown option \"linger\"");
}

/* ---------------------------------------------------------------- multisocket */

static void test_multisocket_takes_a_number_or_the_cores(void **unused)
{
	assert_string_equal(reads(&plugin_multisocket, "multisocket 1024"), "");
	assert_int_equal(r.block.settings.sockets, 1024);
	assert_string_equal(reads(&plugin_multisocket, "multisocket"), "");
	assert_true(r.block.settings.sockets >= 1);
	refuses(&plugin_multisocket, "multisocket 0", "not within 1 to 1024");
	refuses(&plugin_multisocket, "multisocket 1025", "not within 1 to 1024");
	refuses(&plugin_multisocket, "multisocket many", "no whole number");
	refuses(&plugin_multisocket, "multisocket 1 2", "no further argument");
	refuses(&plugin_multisocket, "multisocket 1\nmultisocket 2", "second time");
}

/* ---------------------------------------------------------------- proxyproto */

static void test_proxyproto_defaults(void **unused)
{
	assert_string_equal(reads(&plugin_proxyproto, "proxyproto"), "");
	assert_int_equal(r.block.settings.proxy->otherwise, PROXY_USE);
	assert_int_equal(r.block.settings.proxy->session_ns, 0);
	assert_string_equal(reads(&plugin_proxyproto, "proxyproto {\nallow 10.0.0.0/8\n}"), "");
	assert_int_equal(r.block.settings.proxy->otherwise, PROXY_IGNORE);
}

static void test_proxyproto_directives_of_a_block_add_up(void **unused)
{
	const struct proxy_policy *p;

	assert_string_equal(reads(&plugin_proxyproto, "proxyproto {\nallow 10.0.0.0/8 192.0.2.0/24\nallow 2001:db8::/32\n}\n"
						      "proxyproto {\nallow 198.51.100.1/32\ndefault reject\n"
						      "udp_session_tracking 30s 5\n}"),
			    "");
	p = r.block.settings.proxy;
	assert_int_equal(p->n_allow, 4);
	assert_int_equal(p->otherwise, PROXY_REJECT);
	assert_int_equal(p->session_ns, 30 * NS_PER_S);
	assert_int_equal(p->session_max, 5);
	assert_string_equal(reads(&plugin_proxyproto, "proxyproto {\nudp_session_tracking 1m\n}"), "");
	assert_int_equal(r.block.settings.proxy->session_max, 10240);
}

static void test_proxyproto_refuses(void **unused)
{
	refuses(&plugin_proxyproto, "proxyproto on", "no further argument");
	refuses(&plugin_proxyproto, "proxyproto {\nallow 192.0.2.1\n}", "no network");
	refuses(&plugin_proxyproto, "proxyproto {\nallow 300.1.2.3/8\n}", "no network");
	refuses(&plugin_proxyproto, "proxyproto {\ndefault maybe\n}", "unknown policy \"maybe\"");
	refuses(&plugin_proxyproto, "proxyproto {\nudp_session_tracking 0s\n}", "not at least");
	refuses(&plugin_proxyproto, "proxyproto {\nudp_session_tracking 5s 0\n}", "not within 1 to");
	refuses(&plugin_proxyproto, "proxyproto {\ntrust all\n}", "unknown option \"trust\"");
}

/* ---------------------------------------------------------------- metadata */

static void test_metadata_zones(void **unused)
{
	const struct zone_list *z = (const void *)state;

	assert_string_equal(reads(&plugin_metadata, "metadata"), "");
	assert_true(z->all && r.block.metadata == z);
	assert_string_equal(reads(&plugin_metadata, "metadata example.org example.net"), "");
	assert_true(!z->all && z->keys.n == 2);
	refuses(&plugin_metadata, "metadata {\n}", "no options");
	refuses(&plugin_metadata, "metadata\nmetadata", "second time");
	refuses(&plugin_metadata, "metadata a..b", "left out"); /* a warning, and then: */
	assert_int_equal(r.errs.n_errors, 1);
}

/* ---------------------------------------------------------------- loadbalance */

static void test_loadbalance_policies(void **unused)
{
	const struct loadbalance *lb = (const void *)state;

	assert_string_equal(reads(&plugin_loadbalance, "loadbalance"), "");
	assert_int_equal(lb->policy, LOADBALANCE_ROUND_ROBIN);
	assert_string_equal(reads(&plugin_loadbalance, "loadbalance round_robin {\nprefer 10.0.0.0/8 2001:db8::/32\n}"), "");
	assert_int_equal(lb->n_prefer, 2);
	refuses(&plugin_loadbalance, "loadbalance sometimes", "unknown policy \"sometimes\"");
	refuses(&plugin_loadbalance, "loadbalance round_robin x", "no further argument");
	refuses(&plugin_loadbalance, "loadbalance weighted", "expected the weights' FILE");
	refuses(&plugin_loadbalance, "loadbalance {\nprefer 10.0.0.1\n}", "no network");
	refuses(&plugin_loadbalance, "loadbalance {\nprefer\n}", "takes CIDR...");
	refuses(&plugin_loadbalance, "loadbalance {\nreload 5s\n}", "goes with weighted only");
}

static void test_loadbalance_weights_at_setup(void **unused)
{
	const struct loadbalance *lb = (const void *)state;
	char name[] = "/tmp/bn-weights-XXXXXX", text[200];
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "www.example.org\n192.0.2.1 3\n", 28), 28);
	(void)snprintf(text, sizeof(text), "loadbalance weighted %s", name);
	assert_string_equal(reads(&plugin_loadbalance, text), "");
	assert_int_equal(lb->reload_ns, 30 * NS_PER_S);
	assert_non_null(lb->weights);
	plugin_loadbalance.free(state);
	(void)snprintf(text, sizeof(text), "loadbalance weighted %s {\nreload -1s\n}", name);
	refuses(&plugin_loadbalance, text, "not at least 0");
	(void)snprintf(text, sizeof(text), "loadbalance weighted %s {\nprefer 10.0.0.0/8\n}", name);
	refuses(&plugin_loadbalance, text, "round_robin only");
	assert_int_equal(write(fd, "oops x y\n", 9), 9);
	(void)snprintf(text, sizeof(text), "loadbalance weighted %s", name);
	refuses(&plugin_loadbalance, text, "line 3: ");
	close(fd);
	unlink(name);
	/* It may still come; nobody would look when reload is off. */
	assert_string_equal(reads(&plugin_loadbalance, text), "");
	assert_int_equal(r.errs.n_warnings, 1);
	(void)snprintf(text, sizeof(text), "loadbalance weighted %s {\nreload 0s\n}", name);
	refuses(&plugin_loadbalance, text, "no such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeouts_take_durations_and_seconds),
		cmocka_unit_test(test_timeouts_refuse),
		cmocka_unit_test(test_multisocket_takes_a_number_or_the_cores),
		cmocka_unit_test(test_proxyproto_defaults),
		cmocka_unit_test(test_proxyproto_directives_of_a_block_add_up),
		cmocka_unit_test(test_proxyproto_refuses),
		cmocka_unit_test(test_metadata_zones),
		cmocka_unit_test(test_loadbalance_policies),
		cmocka_unit_test(test_loadbalance_weights_at_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
