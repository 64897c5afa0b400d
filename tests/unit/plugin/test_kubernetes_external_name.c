// SPDX-License-Identifier: Apache-2.0
/* ExternalName: never a bare CNAME where the target has records or could not be asked. */
#include "cluster.h"
#include "upstream_plugin.h"

#include <stdio.h>
#include <string.h>

extern const struct plugin plugin_kubernetes;
const struct plugin_slot plugin_table[] = {{"kubernetes", &plugin_kubernetes}, {"upstream", &plugin_upstream}};
const size_t plugin_table_len = 2;

#define Z "shop.svc.cluster.local."
#define SOA "AU cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 5"
#define CNAME(name, target) "AN " name "." Z " 5 CNAME " target "\n"

static const char *const objects[] = {
	"ns shop",
	"svc shop/web ip=10.96.4.10 port=http:80",
	"svc shop/pay cname=www.vendor.example",
	"svc shop/dot cname=www.vendor.example.",
	"svc shop/gone cname=gone.vendor.example",
	"svc shop/fails cname=fails.vendor.example",
	"svc shop/refused cname=refused.vendor.example",
	"svc shop/cut cname=cut.vendor.example",
	"svc shop/near cname=web.shop.svc.cluster.local",
	"svc shop/chain cname=near.shop.svc.cluster.local",
	"svc shop/lost cname=nosuch.shop.svc.cluster.local",
	"svc shop/me cname=me.shop.svc.cluster.local",
	"svc shop/ping cname=pong.shop.svc.cluster.local",
	"svc shop/pong cname=ping.shop.svc.cluster.local",
	NULL,
};

static const struct upstream_row rows[] = {
	{.name = "www.vendor.example.", .type = TYPE_A, .to = "\313\0\161\10"},
	{.name = "www.vendor.example.", .type = TYPE_AAAA},
	{.name = "fails.vendor.example.", .type = TYPE_A, .rcode = RCODE_SERVFAIL, .ede = EDE_NETWORK_ERROR},
	{.name = "refused.vendor.example.", .type = TYPE_A, .rcode = RCODE_REFUSED, .ede = EDE_NONE},
	{.name = "cut.vendor.example.", .type = TYPE_A, .to = "far.vendor.example.", .cname = true, .cut = true},
	{.name = NULL},
};

static void start(bool with_upstream)
{
	char text[512];

	snprintf(text, sizeof text, "%s:53 {\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\n%s\n}\n%s\n}\n",
		 with_upstream ? "." : "cluster.local", with_upstream ? "fallthrough" : "",
		 with_upstream ? "upstream" : "");
	upstream_rows = rows;
	cluster_start(text, objects, false);
}

static void test_the_target_is_resolved_through_the_server(void **state)
{
	start(true);
	assert_answer("pay." Z, TYPE_A, "NOERROR aa\n" CNAME("pay", "www.vendor.example.")
		      "AN www.vendor.example. 60 A 203.0.113.8");
	assert_answer("dot." Z, TYPE_A, "NOERROR aa\n" CNAME("dot", "www.vendor.example.")
		      "AN www.vendor.example. 60 A 203.0.113.8");
	assert_answer("pay." Z, TYPE_AAAA, "NOERROR aa\nAN pay." Z " 5 CNAME www.vendor.example.");
	assert_answer("near." Z, TYPE_A, "NOERROR aa\n" CNAME("near", "web." Z) "AN web." Z " 5 A 10.96.4.10");
	assert_answer("chain." Z, TYPE_A, "NOERROR aa\n" CNAME("chain", "near." Z) CNAME("near", "web." Z)
		      "AN web." Z " 5 A 10.96.4.10");
	cluster_stop();
}

static void test_the_cname_answers_every_type(void **state)
{
	start(true);
	n_upstream_asked = 0;
	assert_answer("pay." Z, TYPE_CNAME, "NOERROR aa\nAN pay." Z " 5 CNAME www.vendor.example.");
	assert_answer("pay." Z, TYPE_ANY, "NOERROR aa\nAN pay." Z " 5 CNAME www.vendor.example.");
	assert_int_equal(n_upstream_asked, 0);
	assert_answer("near." Z, TYPE_TXT, "NOERROR aa\n" CNAME("near", "web." Z) SOA);
	assert_answer("near." Z, TYPE_SRV, "NOERROR aa\n" CNAME("near", "web." Z)
		      "AN web." Z " 5 SRV 0 100 80 web." Z);
	assert_answer("x.pay." Z, TYPE_CNAME, "NXDOMAIN");                /* fallthrough: the upstream's */
	assert_answer("_http._tcp.pay." Z, TYPE_SRV, "NXDOMAIN");
	cluster_stop();
}

static void test_an_absent_target_is_nxdomain_with_the_cname(void **state)
{
	start(true);
	assert_answer("gone." Z, TYPE_A, "NXDOMAIN aa\nAN gone." Z " 5 CNAME gone.vendor.example.");
	cluster_stop();
	start(false);
	assert_answer("lost." Z, TYPE_A, "NXDOMAIN aa\n" CNAME("lost", "nosuch." Z) SOA);
	cluster_stop();
}

static void test_a_failing_target_is_servfail_and_no_bare_cname(void **state)
{
	start(true);
	assert_string_equal(cluster_ask("fails." Z, TYPE_A), "SERVFAIL");
	assert_string_equal(cluster_ask("refused." Z, TYPE_A), "SERVFAIL");
	cluster_stop();
}

static void test_a_name_that_nobody_serves_leaves_the_cname_alone(void **state)
{
	start(false);
	assert_answer("pay." Z, TYPE_A, "NOERROR aa\nAN pay." Z " 5 CNAME www.vendor.example.");
	cluster_stop();
}

static void test_loops_end_in_servfail(void **state)
{
	start(true);
	n_upstream_asked = 0;
	assert_string_equal(cluster_ask("me." Z, TYPE_A), "SERVFAIL");
	assert_string_equal(cluster_ask("ping." Z, TYPE_A), "SERVFAIL");
	assert_string_equal(cluster_ask("pong." Z, TYPE_AAAA), "SERVFAIL");
	assert_int_equal(n_upstream_asked, 0);
	cluster_stop();
}

static void test_a_cut_answer_stays_cut(void **state)
{
	start(true);
	n_fake_answers = 0;
	fake_ask(&cluster, "cut." Z, TYPE_A, 1, false, true);
	fake_pass_ms(&cluster, 0);
	assert_int_equal(n_fake_answers, 1);
	assert_true(fake_answers[0].msg[2] & 2);                       /* TC over UDP */
	assert_string_equal(cluster_ask("cut." Z, TYPE_A), "SERVFAIL"); /* a stream cannot ask again anywhere */
	cluster_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_target_is_resolved_through_the_server),
		cmocka_unit_test(test_the_cname_answers_every_type),
		cmocka_unit_test(test_an_absent_target_is_nxdomain_with_the_cname),
		cmocka_unit_test(test_a_failing_target_is_servfail_and_no_bare_cname),
		cmocka_unit_test(test_a_name_that_nobody_serves_leaves_the_cname_alone),
		cmocka_unit_test(test_loops_end_in_servfail),
		cmocka_unit_test(test_a_cut_answer_stays_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
