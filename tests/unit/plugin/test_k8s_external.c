// SPDX-License-Identifier: Apache-2.0
/* External names: addresses that the world reaches services by. */
#include "cluster.h"
#include "upstream_plugin.h"

#include <stdio.h>
#include <string.h>

extern const struct plugin plugin_k8s_external, plugin_kubernetes;
const struct plugin_slot plugin_table[] = {
	{"k8s_external", &plugin_k8s_external}, {"kubernetes", &plugin_kubernetes}, {"upstream", &plugin_upstream},
};
const size_t plugin_table_len = 3;

#define Z "pub.example."
#define SOA_OF(zone) "AU " zone " 7 SOA ns1.dns." zone " hostmaster.dns." zone " 7"
#define NODATA "NOERROR aa\n" SOA_OF(Z)
#define NXDOMAIN "NXDOMAIN aa\n" SOA_OF(Z)

static const char *const objects[] = {
	"ns shop",
	"svc shop/web ip=10.96.4.10 ext=198.51.100.10 port=http:80 port=tls:443",
	"svc shop/ips ip=10.96.4.11 ext=198.51.100.20 ext=198.51.100.21 ext=2001:db8::20 port=q:9000",
	"svc shop/inner ip=10.96.4.12 port=http:80",
	"slice shop/inner-1 inner port=http:80 ep=10.244.9.1,host=i0",
	"svc shop/hl headless port=p:7000",
	"slice shop/hl-1 hl port=p:7000 ep=10.244.1.1,host=h0 ep=10.244.1.2",
	"svc shop/elb ip=10.96.4.20 ext=lb-77.cloud.example port=http:80",
	"svc shop/both ip=10.96.4.21 ext=lb-77.cloud.example ext=198.51.100.30 port=http:80",
	"svc shop/lost ip=10.96.4.22 ext=gone.cloud.example port=http:80",
	"svc shop/bad ip=10.96.4.23 ext=fails.cloud.example port=http:80",
	NULL,
};

static const struct upstream_row rows[] = {
	{.name = "lb-77.cloud.example.", .type = TYPE_A, .to = "\313\0\161\7"},
	{.name = "lb-77.cloud.example.", .type = TYPE_AAAA},
	{.name = "fails.cloud.example.", .type = TYPE_A, .rcode = RCODE_SERVFAIL, .ede = EDE_NETWORK_ERROR},
	{.name = NULL},
};

static void start(const char *options)
{
	static char text[1024];

	snprintf(text, sizeof text, ".:53 {\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\n}\n"
		 "k8s_external pub.example 198.51.100.0/24 {\nttl 7\n%s\n}\nupstream\n}\n", options);
	upstream_rows = rows;
	cluster_start(text, objects, false);
}

static void test_addresses(void **state)
{
	start("");
	assert_answer("web.shop." Z, TYPE_A, "NOERROR aa\nAN web.shop.pub.example. 7 A 198.51.100.10");
	assert_answer("web.shop." Z, TYPE_AAAA, NODATA);
	assert_answer("web.shop." Z, TYPE_TXT, NODATA);
	assert_answer("ips.shop." Z, TYPE_A, "NOERROR aa\nAN ips.shop.pub.example. 7 A 198.51.100.20\n"
		      "AN ips.shop.pub.example. 7 A 198.51.100.21");
	assert_answer("inner.shop." Z, TYPE_A, NXDOMAIN);
	assert_answer("hl.shop." Z, TYPE_A, NXDOMAIN);
	assert_answer("nope.shop." Z, TYPE_A, NXDOMAIN);
	assert_answer("shop." Z, TYPE_A, NODATA);
	assert_answer("other." Z, TYPE_A, NXDOMAIN);
	assert_answer("a.b.c.web.shop." Z, TYPE_A, NXDOMAIN);
	cluster_stop();
}

static void test_apex(void **state)
{
	start("");
	assert_answer(Z, TYPE_SOA, "NOERROR aa\nAN pub.example. 7 SOA ns1.dns.pub.example. hostmaster.dns.pub.example. 7");
	assert_answer(Z, TYPE_A, NODATA);
	assert_answer("dns." Z, TYPE_A, NODATA);
	assert_answer("ns2.dns." Z, TYPE_A, NXDOMAIN);
	assert_answer("x.ns1.dns." Z, TYPE_A, NXDOMAIN);
	assert_non_null(strstr(cluster_ask(Z, TYPE_NS), "AN pub.example. 7 NS ns1.dns.pub.example."));
	cluster_stop();
}

static void test_srv(void **state)
{
	start("");
	assert_answer("_tls._tcp.web.shop." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN _tls._tcp.web.shop.pub.example. 5 SRV 0 100 443 web.shop.pub.example.\n"
		      "AD web.shop.pub.example. 7 A 198.51.100.10");
	assert_answer("_tls._udp.web.shop." Z, TYPE_SRV, NXDOMAIN);
	assert_answer("_http._tcp.elb.shop." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN _http._tcp.elb.shop.pub.example. 5 SRV 0 100 80 lb-77.cloud.example.\n"
		      "AD lb-77.cloud.example. 60 A 203.0.113.7");
	cluster_stop();
}

static void test_headless(void **state)
{
	start("headless");
	assert_answer("hl.shop." Z, TYPE_A, "NOERROR aa\nAN hl.shop.pub.example. 7 A 10.244.1.1\n"
		      "AN hl.shop.pub.example. 7 A 10.244.1.2");
	assert_answer("h0.hl.shop." Z, TYPE_A, "NOERROR aa\nAN h0.hl.shop.pub.example. 7 A 10.244.1.1");
	assert_answer("i0.inner.shop." Z, TYPE_A, "NOERROR aa\nAN i0.inner.shop.pub.example. 7 A 10.244.9.1");
	assert_answer("inner.shop." Z, TYPE_A, NXDOMAIN);
	assert_answer("_p._tcp.hl.shop." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN _p._tcp.hl.shop.pub.example. 5 SRV 0 50 7000 h0.hl.shop.pub.example.\n"
		      "AN _p._tcp.hl.shop.pub.example. 5 SRV 0 50 7000 10-244-1-2.hl.shop.pub.example.\n"
		      "AD h0.hl.shop.pub.example. 7 A 10.244.1.1\nAD 10-244-1-2.hl.shop.pub.example. 7 A 10.244.1.2");
	cluster_stop();
}

static void test_host_names_of_load_balancers(void **state)
{
	start("");
	assert_answer("elb.shop." Z, TYPE_A, "NOERROR aa\nAN elb.shop.pub.example. 5 CNAME lb-77.cloud.example.\n"
		      "AN lb-77.cloud.example. 60 A 203.0.113.7");
	assert_answer("elb.shop." Z, TYPE_AAAA, "NOERROR aa\nAN elb.shop.pub.example. 5 CNAME lb-77.cloud.example.");
	assert_answer("both.shop." Z, TYPE_A, "NOERROR aa\nAN both.shop.pub.example. 7 A 198.51.100.30\n"
		      "AN both.shop.pub.example. 5 CNAME lb-77.cloud.example.\nAN lb-77.cloud.example. 60 A 203.0.113.7");
	assert_answer("lost.shop." Z, TYPE_A, "NXDOMAIN aa\nAN lost.shop.pub.example. 5 CNAME gone.cloud.example.");
	assert_string_equal(cluster_ask("bad.shop." Z, TYPE_A), "SERVFAIL");
	cluster_stop();
}

static void test_reverse(void **state)
{
	start("");
	assert_answer("10.100.51.198.in-addr.arpa.", TYPE_PTR,
		      "NOERROR aa\nAN 10.100.51.198.in-addr.arpa. 7 PTR web.shop.pub.example.");
	assert_answer("99.100.51.198.in-addr.arpa.", TYPE_PTR, "NXDOMAIN aa\n" SOA_OF("100.51.198.in-addr.arpa."));
	assert_answer("10.100.51.198.in-addr.arpa.", TYPE_A, "NXDOMAIN aa\n" SOA_OF("100.51.198.in-addr.arpa."));
	assert_answer("web.shop." Z, TYPE_PTR, NODATA);
	cluster_stop();
}

static void test_fallthrough_and_apex_label(void **state)
{
	start("fallthrough\napex mgmt");
	assert_string_equal(cluster_ask("nope.shop." Z, TYPE_A), "NXDOMAIN"); /* the upstream's */
	assert_non_null(strstr(cluster_ask("web.shop." Z, TYPE_AAAA), "ns1.mgmt.pub.example. hostmaster.mgmt.pub.example."));
	cluster_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_apex),
		cmocka_unit_test(test_srv),
		cmocka_unit_test(test_headless),
		cmocka_unit_test(test_host_names_of_load_balancers),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_fallthrough_and_apex_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
