// SPDX-License-Identifier: Apache-2.0
/* SRV of headless services: few records and many, which are written in two ways, and what several slices share. */
#include "cluster.h"

#include "wire/plain.h"

#include <stdio.h>
#include <string.h>

extern const struct plugin plugin_kubernetes;
const struct plugin_slot plugin_table[] = {{"kubernetes", &plugin_kubernetes}};
const size_t plugin_table_len = 1;

#define Z "cluster.local."

static void start(const char *options, const char *const *objects)
{
	char text[256];

	snprintf(text, sizeof text, ".:53 {\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\n%s\n}\n}\n", options);
	cluster_start(text, objects, false);
}

static void test_an_address_of_two_slices_has_each_port_and_stands_there_once(void **state)
{
	static const char *const objects[] = {
		"ns a", "svc a/hl headless port=web:80",
		"slice a/hl-1 hl port=web:80 ep=10.0.0.1 ep=10.0.0.2",
		"slice a/hl-2 hl port=adm:81 ep=10.0.0.1 ep=10.0.0.255",
		"slice a/hl-3 hl port=web:80 ep=10.0.0.2", NULL,
	};

	start("", objects);
	assert_answer("hl.a.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 20 80 10-0-0-1.hl.a.svc.cluster.local.\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 20 81 10-0-0-1.hl.a.svc.cluster.local.\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 20 80 10-0-0-2.hl.a.svc.cluster.local.\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 20 81 10-0-0-255.hl.a.svc.cluster.local.\n"
		      "AD 10-0-0-1.hl.a.svc.cluster.local. 5 A 10.0.0.1\n"
		      "AD 10-0-0-2.hl.a.svc.cluster.local. 5 A 10.0.0.2\n"
		      "AD 10-0-0-255.hl.a.svc.cluster.local. 5 A 10.0.0.255");
	assert_answer("_adm._tcp.hl.a.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN _adm._tcp.hl.a.svc.cluster.local. 5 SRV 0 50 81 10-0-0-1.hl.a.svc.cluster.local.\n"
		      "AN _adm._tcp.hl.a.svc.cluster.local. 5 SRV 0 50 81 10-0-0-255.hl.a.svc.cluster.local.\n"
		      "AD 10-0-0-1.hl.a.svc.cluster.local. 5 A 10.0.0.1\n"
		      "AD 10-0-0-255.hl.a.svc.cluster.local. 5 A 10.0.0.255");
	cluster_stop();
}

static void test_targets_are_in_lower_case_however_the_question_is_spelled(void **state)
{
	static const char *const objects[] = {
		"ns a", "svc a/hl headless port=web:80", "svc a/one ip=10.96.0.1 port=web:80",
		"slice a/hl-1 hl port=web:80 ep=10.0.0.1,host=h1", NULL,
	};

	start("", objects);
	assert_answer("HL.a.SVC.cluster.local.", TYPE_SRV, "NOERROR aa\n"
		      "AN HL.a.SVC.cluster.local. 5 SRV 0 100 80 h1.hl.a.svc.cluster.local.\n"
		      "AD h1.hl.a.svc.cluster.local. 5 A 10.0.0.1");
	assert_answer("H1.hl.a.svc.cluster.local.", TYPE_SRV, "NOERROR aa\n"
		      "AN H1.hl.a.svc.cluster.local. 5 SRV 0 100 80 h1.hl.a.svc.cluster.local.\n"
		      "AD H1.hl.a.svc.cluster.local. 5 A 10.0.0.1");
	assert_answer("ONE.a.svc.cluster.local.", TYPE_SRV, "NOERROR aa\n"
		      "AN ONE.a.svc.cluster.local. 5 SRV 0 100 80 one.a.svc.cluster.local.\n"
		      "AD ONE.a.svc.cluster.local. 5 A 10.96.0.1");
	cluster_stop();
}

/* The answer for n endpoints, of two families and three kinds of names, is what its parts make it. */
static void ask_n(unsigned n)
{
	static char slice4[4096], slice6[4096], want[16384];
	const char *objects[] = {"ns a", "svc a/hl headless port=web:80", slice4, slice6, NULL};
	char *four = slice4 + sprintf(slice4, "slice a/hl-4 hl port=web:80"), *six = slice6 + sprintf(slice6, "slice a/hl-6 hl port=web:80");
	char *p = want + sprintf(want, "NOERROR aa");

	for (unsigned i = 0; i < n; i++) {
		char host[64], addr[64];

		snprintf(addr, sizeof addr, i % 3 == 2 ? "fd00::1:%u" : "10.0.0.%u", i + 1);
		snprintf(host, sizeof host, i % 3 == 0 ? "web-%u" : i % 3 == 1 ? "10-0-0-%u" : "fd00--1-%u", i ? i + 1 : 1);
		if (i % 3 == 2)
			six += sprintf(six, " ep=%s", addr);
		else
			four += i % 3 ? sprintf(four, " ep=%s", addr) : sprintf(four, " ep=%s,host=%s", addr, host);
		p += sprintf(p, "\nAN hl.a.svc.cluster.local. 5 SRV 0 %u 80 %s.hl.a.svc.cluster.local.", 100 / n, host);
		p += sprintf(p, "\nAD %s.hl.a.svc.cluster.local. 5 %s %s", host, i % 3 == 2 ? "AAAA" : "A", addr);
	}
	start("", objects);
	assert_answer("hl.a.svc." Z, TYPE_SRV, want);
	cluster_stop();
}

static void test_few_and_many_are_answered_alike(void **state)
{
	ask_n(3);
	ask_n(WIRE_PLAIN_SRV_MAX - 1);
	ask_n(WIRE_PLAIN_SRV_MAX);
	ask_n(WIRE_PLAIN_SRV_MAX + 1);
	ask_n(WIRE_PLAIN_SRV_MAX + 8);
}

static void test_pod_names_stand_in_targets_where_asked_for(void **state)
{
	static const char *const objects[] = {
		"ns a", "svc a/hl headless port=web:80",
		"slice a/hl-1 hl port=web:80 ep=10.0.0.1,host=h1,pod=p1 ep=10.0.0.2,pod=p2 ep=10.0.0.3", NULL,
	};

	start("endpoint_pod_names", objects);
	assert_answer("hl.a.svc." Z, TYPE_SRV, "NOERROR aa\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 33 80 h1.hl.a.svc.cluster.local.\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 33 80 p2.hl.a.svc.cluster.local.\n"
		      "AN hl.a.svc.cluster.local. 5 SRV 0 33 80 10-0-0-3.hl.a.svc.cluster.local.\n"
		      "AD h1.hl.a.svc.cluster.local. 5 A 10.0.0.1\n"
		      "AD p2.hl.a.svc.cluster.local. 5 A 10.0.0.2\n"
		      "AD 10-0-0-3.hl.a.svc.cluster.local. 5 A 10.0.0.3");
	cluster_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_of_two_slices_has_each_port_and_stands_there_once),
		cmocka_unit_test(test_targets_are_in_lower_case_however_the_question_is_spelled),
		cmocka_unit_test(test_few_and_many_are_answered_alike),
		cmocka_unit_test(test_pod_names_stand_in_targets_where_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
