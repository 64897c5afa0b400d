// SPDX-License-Identifier: Apache-2.0
/* The search path of the pod that asks, walked for it. */
#include "cluster.h"
#include "upstream_plugin.h"

#include <string.h>

extern const struct plugin plugin_autopath, plugin_kubernetes;
const struct plugin_slot plugin_table[] = {
	{"autopath", &plugin_autopath}, {"kubernetes", &plugin_kubernetes}, {"upstream", &plugin_upstream},
};
const size_t plugin_table_len = 3;

#define Z "cluster.local."
#define SOA "AU cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 5"

static const char *const objects[] = {
	"ns shop", "ns core",
	"svc shop/web ip=10.96.4.10 port=http:80",
	"svc core/api ip=10.96.4.11 port=http:80",
	"svc shop/ext cname=www.far.example",
	"pod shop/me 192.0.2.1",
	"pod core/h1 192.0.2.7", "pod shop/h2 192.0.2.7",     /* a node */
	"pod core/twin-1 192.0.2.8", "pod core/twin-2 192.0.2.8",
	NULL,
};

static const struct upstream_row rows[] = {
	{.name = "www.far.example.", .type = TYPE_A, .to = "\300\0\2\3"},
	{.name = "www.far.example.", .type = TYPE_AAAA},
	{.name = "fails.example.", .type = TYPE_A, .rcode = RCODE_SERVFAIL, .ede = EDE_NETWORK_ERROR},
	{.name = NULL},
};

static void start(void)
{
	upstream_rows = rows;
	cluster_start(".:53 {\nautopath @kubernetes\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\npods verified\n}\n"
		      "upstream\n}\n", objects, false);
}

static void test_the_walk(void **state)
{
	start();
	assert_answer("web.shop.svc." Z, TYPE_A, "NOERROR aa\nAN web.shop.svc.cluster.local. 5 A 10.96.4.10");
	assert_answer("api.core.shop.svc." Z, TYPE_A, "NOERROR aa\n"
		      "AN api.core.shop.svc.cluster.local. 5 CNAME api.core.svc.cluster.local.\n"
		      "AN api.core.svc.cluster.local. 5 A 10.96.4.11");
	assert_answer("www.far.example.shop.svc." Z, TYPE_A, "NOERROR\n"
		      "AN www.far.example.shop.svc.cluster.local. 60 CNAME www.far.example.\n"
		      "AN www.far.example. 60 A 192.0.2.3");
	assert_answer("WWW.far.example.shop.svc." Z, TYPE_A, "NOERROR\n"
		      "AN WWW.far.example.shop.svc.cluster.local. 60 CNAME WWW.far.example.\n"
		      "AN WWW.far.example. 60 A 192.0.2.3");
	cluster_stop();
}

static void test_an_absent_name_gets_the_first_denial(void **state)
{
	start();
	assert_answer("nope.shop.svc." Z, TYPE_A, "NXDOMAIN aa\n" SOA);
	cluster_stop();
}

static void test_no_data_and_failures_stop_the_walk(void **state)
{
	start();
	assert_answer("www.far.example.shop.svc." Z, TYPE_AAAA, "NOERROR");
	assert_answer("fails.example.shop.svc." Z, TYPE_A, "SERVFAIL");
	cluster_stop();
}

static void test_an_external_name_has_one_cname(void **state)
{
	start();
	assert_answer("ext.shop.svc." Z, TYPE_A, "NOERROR aa\n"
		      "AN ext.shop.svc.cluster.local. 5 CNAME www.far.example.\nAN www.far.example. 60 A 192.0.2.3");
	cluster_stop();
}

static void assert_untouched(unsigned client, const char *name)
{
	assert_string_equal(cluster_ask_as(client, name, TYPE_A, 0), "NXDOMAIN aa\n" SOA);
}

static void test_no_guess_where_the_namespace_is_not_known(void **state)
{
	start();
	n_upstream_asked = 0;
	assert_untouched(9, "www.far.example.shop.svc." Z); /* no pod */
	assert_untouched(7, "www.far.example.shop.svc." Z); /* pods of two namespaces */
	assert_untouched(7, "www.far.example.core.svc." Z);
	assert_untouched(1, "www.far.example.core.svc." Z); /* not its namespace */
	assert_untouched(1, "www.far.example.svc." Z);      /* not the first domain */
	assert_int_equal(n_upstream_asked, 0);
	assert_non_null(strstr(cluster_ask_as(8, "www.far.example.core.svc." Z, TYPE_A, 0), "192.0.2.3"));
	cluster_stop();
}

static void test_the_domain_itself_is_no_search(void **state)
{
	start();
	assert_answer("shop.svc." Z, TYPE_A, "NOERROR aa\n" SOA);
	cluster_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_walk),
		cmocka_unit_test(test_an_absent_name_gets_the_first_denial),
		cmocka_unit_test(test_no_data_and_failures_stop_the_walk),
		cmocka_unit_test(test_an_external_name_has_one_cname),
		cmocka_unit_test(test_no_guess_where_the_namespace_is_not_known),
		cmocka_unit_test(test_the_domain_itself_is_no_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
