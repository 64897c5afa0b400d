// SPDX-License-Identifier: Apache-2.0
/* The record table of the DNS specification, row by row, over a store. */
#include "allocations.h"
#include "cluster.h"

#include <stdio.h>
#include <string.h>

extern const struct plugin plugin_kubernetes;
const struct plugin_slot plugin_table[] = {{"kubernetes", &plugin_kubernetes}};
const size_t plugin_table_len = 1;

#define Z "cluster.local."
#define SOA(ttl) "AU cluster.local. " #ttl " SOA ns.dns.cluster.local. hostmaster.cluster.local. " #ttl
#define NODATA "NOERROR aa\n" SOA(5)
#define NXDOMAIN "NXDOMAIN aa\n" SOA(5)
#define UNKNOWN "SERVFAIL aa\n" SOA(5)

static const char *const objects[] = {
	"ns test-1", "ns hidden",
	"svc test-1/svc-1-a ip=10.96.0.100 port=http:80 port=https:443",
	"slice test-1/svc-1-a-x svc-1-a port=http:80 port=https:443 ep=172.17.0.253,host=svc-1-a",
	"svc test-1/portless ip=10.96.0.101",
	"svc test-1/unnamed ip=10.96.0.102 port=:8080",
	"svc test-1/dual ip=10.96.0.103 ip=fd00::103 port=http:80",
	"svc test-1/hl headless port=c-port/udp:1234",
	"slice test-1/hl-4 hl port=c-port/udp:1234 ep=172.17.0.255,host=h1 ep=172.17.0.254 ep=172.17.0.9,down",
	"slice test-1/hl-6 hl port=c-port/udp:1234 ep=1234:abcd::,zone=z ep=1234:abcd::1,host=h2",
	"svc test-1/empty headless port=c-port/udp:1234",
	"svc test-1/addr cname=203.0.113.5",
	"svc no-such-ns/web ip=10.96.9.9 port=http:80",
	"slice test-1/orphan nobody port=http:80 ep=172.17.7.7,host=o1",
	"slice test-1/nameless - port=http:80 ep=172.17.7.8,host=o2",
	"pod test-1/p1 10.20.0.101",
	NULL,
};

static void start(const char *options)
{
	char text[1024];

	snprintf(text, sizeof text, ".:53 {\nkubernetes cluster.local 10.in-addr.arpa 172.in-addr.arpa ip6.arpa {\n"
		 "endpoint http://127.0.0.1:1\n%s\n}\n}\n", options);
	cluster_start(text, objects, false);
}

static void test_services(void **state)
{
	start("");
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_A, "NOERROR aa\nAN svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_AAAA, NODATA);
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_TXT, NODATA);
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_HTTPS, NODATA);
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_NS, NODATA);
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_SOA, NODATA);
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_PTR, NODATA);
	assert_answer("dual.test-1.svc." Z, TYPE_AAAA, "NOERROR aa\nAN dual.test-1.svc.cluster.local. 5 AAAA fd00::103");
	assert_answer("Dual.TEST-1.svc." Z, TYPE_A, "NOERROR aa\nAN Dual.TEST-1.svc.cluster.local. 5 A 10.96.0.103");
	assert_answer("_http._tcp.svc-1-a.test-1.svc." Z, TYPE_A,
		      "NOERROR aa\nAN _http._tcp.svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	assert_answer("_http._udp.svc-1-a.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("nope.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("web.no-such-ns.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("addr.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("*.test-1.svc." Z, TYPE_A, NXDOMAIN);
	cluster_stop();
}

static void test_srv(void **state)
{
	start("");
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN svc-1-a.test-1.svc.cluster.local. 5 SRV 0 50 80 svc-1-a.test-1.svc.cluster.local.\n"
		      "AN svc-1-a.test-1.svc.cluster.local. 5 SRV 0 50 443 svc-1-a.test-1.svc.cluster.local.\n"
		      "AD svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	assert_answer("_http._tcp.svc-1-a.test-1.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN _http._tcp.svc-1-a.test-1.svc.cluster.local. 5 SRV 0 100 80 svc-1-a.test-1.svc.cluster.local.\n"
		      "AD svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	assert_answer("HTTP.tcp.svc-1-a.test-1.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN HTTP.tcp.svc-1-a.test-1.svc.cluster.local. 5 SRV 0 100 80 svc-1-a.test-1.svc.cluster.local.\n"
		      "AD svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	assert_answer("_80._tcp.svc-1-a.test-1.svc." Z, TYPE_SRV, NXDOMAIN);
	assert_answer("portless.test-1.svc." Z, TYPE_SRV, NODATA);
	assert_answer("unnamed.test-1.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN unnamed.test-1.svc.cluster.local. 5 SRV 0 100 8080 unnamed.test-1.svc.cluster.local.\n"
		      "AD unnamed.test-1.svc.cluster.local. 5 A 10.96.0.102");
	assert_answer("dual.test-1.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN dual.test-1.svc.cluster.local. 5 SRV 0 50 80 dual.test-1.svc.cluster.local.\n"
		      "AD dual.test-1.svc.cluster.local. 5 A 10.96.0.103\n"
		      "AD dual.test-1.svc.cluster.local. 5 AAAA fd00::103");
	assert_answer("hl.test-1.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN hl.test-1.svc.cluster.local. 5 SRV 0 25 1234 h1.hl.test-1.svc.cluster.local.\n"
		      "AN hl.test-1.svc.cluster.local. 5 SRV 0 25 1234 172-17-0-254.hl.test-1.svc.cluster.local.\n"
		      "AN hl.test-1.svc.cluster.local. 5 SRV 0 25 1234 1234-abcd--0.hl.test-1.svc.cluster.local.\n"
		      "AN hl.test-1.svc.cluster.local. 5 SRV 0 25 1234 h2.hl.test-1.svc.cluster.local.\n"
		      "AD h1.hl.test-1.svc.cluster.local. 5 A 172.17.0.255\n"
		      "AD 172-17-0-254.hl.test-1.svc.cluster.local. 5 A 172.17.0.254\n"
		      "AD 1234-abcd--0.hl.test-1.svc.cluster.local. 5 AAAA 1234:abcd::\n"
		      "AD h2.hl.test-1.svc.cluster.local. 5 AAAA 1234:abcd::1");
	cluster_stop();
}

static void test_endpoints(void **state)
{
	start("");
	assert_answer("hl.test-1.svc." Z, TYPE_A, "NOERROR aa\n"
		      "AN hl.test-1.svc.cluster.local. 5 A 172.17.0.255\nAN hl.test-1.svc.cluster.local. 5 A 172.17.0.254");
	assert_answer("hl.test-1.svc." Z, TYPE_AAAA, "NOERROR aa\n"
		      "AN hl.test-1.svc.cluster.local. 5 AAAA 1234:abcd::\nAN hl.test-1.svc.cluster.local. 5 AAAA 1234:abcd::1");
	assert_answer("h1.hl.test-1.svc." Z, TYPE_A, "NOERROR aa\nAN h1.hl.test-1.svc.cluster.local. 5 A 172.17.0.255");
	assert_answer("H1.hl.test-1.svc." Z, TYPE_AAAA, NODATA);
	assert_answer("172-17-0-254.hl.test-1.svc." Z, TYPE_A,
		      "NOERROR aa\nAN 172-17-0-254.hl.test-1.svc.cluster.local. 5 A 172.17.0.254");
	assert_answer("172-17-0-255.hl.test-1.svc." Z, TYPE_A, NXDOMAIN); /* it has a name */
	assert_answer("172-17-0-9.hl.test-1.svc." Z, TYPE_A, NXDOMAIN);   /* it is not ready */
	assert_answer("1234-abcd--0.hl.test-1.svc." Z, TYPE_AAAA,
		      "NOERROR aa\nAN 1234-abcd--0.hl.test-1.svc.cluster.local. 5 AAAA 1234:abcd::");
	assert_answer("1234-abcd-0-0-0-0-0-0.hl.test-1.svc." Z, TYPE_AAAA, NXDOMAIN); /* only the usual spelling */
	assert_answer("empty.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("svc-1-a.svc-1-a.test-1.svc." Z, TYPE_A,
		      "NOERROR aa\nAN svc-1-a.svc-1-a.test-1.svc.cluster.local. 5 A 172.17.0.253");
	assert_answer("_c-port._udp.hl.test-1.svc." Z, TYPE_TXT, NODATA);
	cluster_stop();
}

static void test_names_that_no_object_has(void **state)
{
	static const struct {
		const char *name;
		bool exists;
	} cases[] = {
		{Z, true}, {"svc." Z, true}, {"pod." Z, true}, {"test-1.svc." Z, true}, {"other.svc." Z, false},
		{"foo." Z, false}, {"test-1.foo." Z, false}, {"a.b.c.svc-1-a.test-1.svc." Z, false},
		{"test-1.pod." Z, false}, {"dns-version." Z, false}, {"dns." Z, false}, {"apex.dns." Z, false},
	};

	start("");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(cases[i].name, TYPE_A, cases[i].exists ? NODATA : NXDOMAIN);
	assert_answer("dns-version." Z, TYPE_TXT, "NOERROR aa\nAN dns-version.cluster.local. 28800 TXT \"1.1.0\"");
	assert_answer("x.dns-version." Z, TYPE_TXT, NXDOMAIN);
	assert_answer(Z, TYPE_SOA, "NOERROR aa\nAN cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 5");
	assert_string_equal(cluster_ask("www.example.org.", TYPE_A), "SERVFAIL"); /* not ours: the next plugin's */
	cluster_stop();
}

#define R10 "10.in-addr.arpa."
#define SOA_OF(zone) "AU " zone " 5 SOA ns.dns." zone " hostmaster." zone " 5"

static void test_reverse(void **state)
{
	start("");
	assert_answer("100.0.96." R10, TYPE_PTR,
		      "NOERROR aa\nAN 100.0.96.10.in-addr.arpa. 5 PTR svc-1-a.test-1.svc.cluster.local.");
	assert_answer("253.0.17.172.in-addr.arpa.", TYPE_PTR,
		      "NOERROR aa\nAN 253.0.17.172.in-addr.arpa. 5 PTR svc-1-a.svc-1-a.test-1.svc.cluster.local.");
	assert_answer("254.0.17.172.in-addr.arpa.", TYPE_PTR,
		      "NOERROR aa\nAN 254.0.17.172.in-addr.arpa. 5 PTR 172-17-0-254.hl.test-1.svc.cluster.local.");
	assert_answer("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa.", TYPE_PTR,
		      "NOERROR aa\nAN 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa. 5 PTR "
		      "h2.hl.test-1.svc.cluster.local.");
	assert_answer("7.7.17.172.in-addr.arpa.", TYPE_PTR,
		      "NOERROR aa\nAN 7.7.17.172.in-addr.arpa. 5 PTR o1.nobody.test-1.svc.cluster.local.");
	assert_answer("8.7.17.172.in-addr.arpa.", TYPE_PTR, "NXDOMAIN aa\n" SOA_OF("172.in-addr.arpa."));
	assert_answer("200.0.96." R10, TYPE_PTR, "NXDOMAIN aa\n" SOA_OF(R10));
	assert_answer("100.0.96." R10, TYPE_A, "NXDOMAIN aa\n" SOA_OF(R10));
	assert_answer(R10, TYPE_PTR, "NOERROR aa\n" SOA_OF(R10));
	assert_answer("96." R10, TYPE_PTR, "NXDOMAIN aa\n" SOA_OF(R10));
	cluster_stop();
}

#define POD "10-20-0-101.test-1.pod."
#define POD_ANSWER "NOERROR aa\nAN " POD Z " 5 A 10.20.0.101"

static void test_pods(void **state)
{
	start("");
	assert_answer(POD Z, TYPE_A, NXDOMAIN);
	cluster_stop();
	start("pods insecure");
	assert_answer(POD Z, TYPE_A, POD_ANSWER);
	assert_answer(POD Z, TYPE_AAAA, NODATA);
	assert_answer("1-2-3-4.other.pod." Z, TYPE_A, NXDOMAIN);
	assert_answer("01-2-3-4.test-1.pod." Z, TYPE_A, NXDOMAIN);
	assert_answer("fd00--7.test-1.pod." Z, TYPE_AAAA, "NOERROR aa\nAN fd00--7.test-1.pod.cluster.local. 5 AAAA fd00::7");
	assert_answer("a." POD Z, TYPE_A, "NOERROR aa\nAN a." POD Z " 5 A 10.20.0.101");
	assert_answer("a.b.c." POD Z, TYPE_A, NXDOMAIN);
	assert_answer("test-1.pod." Z, TYPE_A, NODATA);
	assert_answer(POD Z, TYPE_SRV, "NOERROR aa\nAN " POD Z " 5 SRV 0 100 0 " POD Z "\nAD " POD Z " 5 A 10.20.0.101");
	cluster_stop();
	start("pods verified");
	assert_answer(POD Z, TYPE_A, POD_ANSWER);
	assert_answer("10-20-0-101.hidden.pod." Z, TYPE_A, NXDOMAIN);
	assert_answer("10-20-0-102.test-1.pod." Z, TYPE_A, NXDOMAIN);
	cluster_stop();
}

static void test_options_that_hide(void **state)
{
	start("namespaces hidden");
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("hidden.svc." Z, TYPE_A, NODATA);
	assert_answer("100.0.96." R10, TYPE_PTR, "NXDOMAIN aa\n" SOA_OF(R10));
	cluster_stop();
	start("ignore empty_service");
	assert_answer("portless.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("portless.test-1.svc." Z, TYPE_SRV, NXDOMAIN);
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_A, "NOERROR aa\nAN svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	cluster_stop();
	start("fallthrough 10.in-addr.arpa");
	assert_string_equal(cluster_ask("200.0.96." R10, TYPE_PTR), "SERVFAIL"); /* there is no next plugin here */
	assert_answer("nope.test-1.svc." Z, TYPE_A, NXDOMAIN);
	cluster_stop();
}

static void test_ttl(void **state)
{
	start("ttl 3600");
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_A, "NOERROR aa\nAN svc-1-a.test-1.svc.cluster.local. 3600 A 10.96.0.100");
	assert_answer("nope.test-1.svc." Z, TYPE_A,
		      "NXDOMAIN aa\nAU cluster.local. 300 SOA ns.dns.cluster.local. hostmaster.cluster.local. 3600");
	cluster_stop();
}

static void test_questions_wait_for_the_first_list_and_no_longer(void **state)
{
	const char *corefile = ".:53 {\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\n"
			       "startup_timeout 1h\n}\n}\n";

	cluster_start(corefile, objects, true);
	assert_string_equal(cluster_ask_as(1, "svc-1-a.test-1.svc." Z, TYPE_A, 500), "(nothing yet)");
	kube_stub_sync();
	fake_pass_ms(&cluster, 40);
	assert_int_equal(n_fake_answers, 1);
	assert_int_equal(fake_rcode(0), RCODE_NOERROR);
	cluster_stop();
	cluster_start(corefile, objects, true);
	assert_string_equal(cluster_ask_as(1, "nope.test-1.svc." Z, TYPE_A, 4000), "(nothing yet)");
	fake_pass_ms(&cluster, 450); /* before the query's own deadline, so that the answer says why */
	assert_int_equal(fake_rcode(0), RCODE_SERVFAIL);
	assert_int_equal(n_fake_answers, 1);
	assert_answer(Z, TYPE_A, NODATA);
	cluster_stop();
}

static void test_unsynced_answers_deny_nothing(void **state)
{
	start("");
	cluster_stop();
	cluster_start(".:53 {\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\nstartup_timeout 0s\n}\n}\n", objects,
		      true);
	assert_answer("nope.test-1.svc." Z, TYPE_A, UNKNOWN);
	assert_answer("hl.test-1.svc." Z, TYPE_A, UNKNOWN); /* some endpoints would pass for all */
	assert_answer("svc-1-a.test-1.svc." Z, TYPE_A, "NOERROR aa\nAN svc-1-a.test-1.svc.cluster.local. 5 A 10.96.0.100");
	assert_answer("test-1.svc." Z, TYPE_A, NODATA);
	cluster_stop();
}

static void test_zonal(void **state)
{
	start("zonal");
	kube_stub_put("slice test-1/z1 hl port=c-port/udp:1234 ep=10.1.0.1,host=a1,zone=zone-a ep=10.1.0.3,host=b1,zone=b.c");
	assert_answer("zone-a.pin._zone.hl.test-1.svc." Z, TYPE_A,
		      "NOERROR aa\nAN zone-a.pin._zone.hl.test-1.svc.cluster.local. 5 A 10.1.0.1");
	assert_answer("b.c.prefer._zone.hl.test-1.svc." Z, TYPE_A,
		      "NOERROR aa\nAN b.c.prefer._zone.hl.test-1.svc.cluster.local. 5 A 10.1.0.3");
	assert_answer("bxc.pin._zone.hl.test-1.svc." Z, TYPE_A, NODATA);
	assert_answer("no.pin._zone.hl.test-1.svc." Z, TYPE_SRV, NODATA);
	assert_answer("no.other._zone.hl.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_answer("zone-a.pin._zone.svc-1-a.test-1.svc." Z, TYPE_A, NXDOMAIN);
	assert_non_null(strstr(cluster_ask("no.prefer._zone.hl.test-1.svc." Z, TYPE_A), "172.17.0.254"));
	cluster_stop();
}

static void test_multicluster(void **state)
{
	static const char *const imports[] = {
		"ns shop", "svc shop/web ip=10.96.4.10 port=http:80",
		"import shop/web ip=10.99.0.1 ip=fd99::1 port=http:80",
		"import shop/db headless port=pg:5432",
		"import-slice shop/db-east db cluster=east port=pg:5432 ep=10.1.0.1,host=db-0 ep=10.1.0.2",
		"import-slice shop/db-west db cluster=west port=pg:5432 ep=10.2.0.1,host=db-0",
		NULL,
	};

	cluster_start(".:53 {\nkubernetes cluster.local set.local {\nendpoint http://127.0.0.1:1\nmulticluster set.local\n}\n}\n",
		      imports, false);
	assert_answer("web.shop.svc.set.local.", TYPE_A, "NOERROR aa\nAN web.shop.svc.set.local. 5 A 10.99.0.1");
	assert_answer("web.shop.svc." Z, TYPE_A, "NOERROR aa\nAN web.shop.svc.cluster.local. 5 A 10.96.4.10");
	assert_answer("db-0.west.db.shop.svc.set.local.", TYPE_A,
		      "NOERROR aa\nAN db-0.west.db.shop.svc.set.local. 5 A 10.2.0.1");
	assert_answer("10-1-0-2.west.db.shop.svc.set.local.", TYPE_A,
		      "NXDOMAIN aa\n" SOA_OF("set.local."));
	assert_answer("_pg._tcp.db.shop.svc.set.local.", TYPE_SRV, "NOERROR aa\n"
		      "AN _pg._tcp.db.shop.svc.set.local. 5 SRV 0 33 5432 db-0.east.db.shop.svc.set.local.\n"
		      "AN _pg._tcp.db.shop.svc.set.local. 5 SRV 0 33 5432 10-1-0-2.east.db.shop.svc.set.local.\n"
		      "AN _pg._tcp.db.shop.svc.set.local. 5 SRV 0 33 5432 db-0.west.db.shop.svc.set.local.\n"
		      "AD db-0.east.db.shop.svc.set.local. 5 A 10.1.0.1\n"
		      "AD 10-1-0-2.east.db.shop.svc.set.local. 5 A 10.1.0.2\n"
		      "AD db-0.west.db.shop.svc.set.local. 5 A 10.2.0.1");
	assert_answer("db.shop.svc." Z, TYPE_A, NXDOMAIN);
	cluster_stop();
}

static void test_answers_allocate_nothing(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
	} cases[] = {
		{"svc-1-a.test-1.svc." Z, TYPE_A}, {"hl.test-1.svc." Z, TYPE_AAAA}, {"svc-1-a.test-1.svc." Z, TYPE_SRV},
		{"api.example.com.test-1.svc." Z, TYPE_A}, {"100.0.96." R10, TYPE_PTR}, {"nope.test-1.svc." Z, TYPE_A},
	};
	unsigned before;

	start("");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			n_fake_answers = 0;
			before = allocations;
			fake_ask(&cluster, cases[i].name, cases[i].type, 1, false, true);
			assert_int_equal(n_fake_answers, 1);
			if (round) /* the arenas' blocks are there */
				assert_int_equal(allocations, before);
		}
	}
	cluster_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_srv),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_names_that_no_object_has),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_options_that_hide),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_questions_wait_for_the_first_list_and_no_longer),
		cmocka_unit_test(test_unsynced_answers_deny_nothing),
		cmocka_unit_test(test_zonal),
		cmocka_unit_test(test_multicluster),
		cmocka_unit_test(test_answers_allocate_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
