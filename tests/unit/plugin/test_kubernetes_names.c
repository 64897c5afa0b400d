// SPDX-License-Identifier: Apache-2.0
/* Names taken apart, addresses within names, label selectors. */
#include "plugin/kubernetes/kubernetes.h"
#include "wire/name.h"
#include "wire/reverse.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A question as wire_query_read leaves it. */
static void question(const char *name, struct wire_query *ret)
{
	uint8_t wire[WIRE_NAME_MAX];
	int len = wire_name_from_text(name, wire);

	assert_true(len > 0);
	*ret = (struct wire_query){.qname_len = (uint8_t)len};
	wire_name_lower(ret->qname, wire, (size_t)len);
	unsigned n = 0;
	for (unsigned off = 0; off < (unsigned)len; off += wire[off] + 1u)
		ret->label_off[n++] = (uint8_t)off;
	ret->n_labels = (uint8_t)(n - 1);
}

static struct k8s_name read_name(const char *name, bool multicluster, bool zonal)
{
	static struct wire_query q; /* the labels point into it */
	static const uint8_t zone[] = "\7cluster\5local";
	struct k8s_name n;
	int left;

	question(name, &q);
	left = k8s_labels_left(&q, zone, sizeof(zone));
	assert_true(left >= 0);
	k8s_name_read(&q, (unsigned)left, multicluster, zonal, &n);
	return n;
}

static void assert_label(struct k8s_label l, const char *want)
{
	assert_int_equal(l.len, strlen(want));
	assert_memory_equal(l.s, want, l.len);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum k8s_name_kind kind;
	} cases[] = {
		{"cluster.local.", K8S_NAME_BARE}, {"SVC.cluster.local.", K8S_NAME_BARE}, {"pod.cluster.local.", K8S_NAME_BARE},
		{"x.svc.cluster.local.", K8S_NAME_SERVICE}, {"a.b.c.x.svc.cluster.local.", K8S_NAME_SERVICE},
		{"a.b.c.d.e.svc.cluster.local.", K8S_NAME_IMPOSSIBLE}, {"svcs.cluster.local.", K8S_NAME_IMPOSSIBLE},
		{"a.b.c.d.e.pod.cluster.local.", K8S_NAME_IMPOSSIBLE}, {"1-2-3-4.x.pod.cluster.local.", K8S_NAME_POD},
		{"dns-version.cluster.local.", K8S_NAME_SCHEMA}, {"ns.dns.cluster.local.", K8S_NAME_SERVER},
		{"x.ns.dns.cluster.local.", K8S_NAME_IMPOSSIBLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_name(cases[i].name, false, false).kind, cases[i].kind);
}

static void test_parts(void **state)
{
	struct k8s_name n = read_name("_HTTP._tcp.web.shop.svc.cluster.local.", false, false);

	assert_label(n.ns, "shop");
	assert_label(n.service, "web");
	assert_label(n.port, "http");
	assert_label(n.proto, "tcp");
	assert_true(n.qualified);
	n = read_name("db-0.db.shop.svc.cluster.local.", false, false);
	assert_label(n.endpoint, "db-0");
	n = read_name("db-0.east.db.shop.svc.cluster.local.", true, false);
	assert_label(n.endpoint, "db-0");
	assert_label(n.cluster, "east");
	n = read_name("_pg._tcp.db.shop.svc.cluster.local.", true, false);
	assert_label(n.port, "pg");
	assert_int_equal(n.cluster.len, 0);
}

static void test_topology_zones(void **state)
{
	struct k8s_name n = read_name("b.a.prefer._zone.db.shop.svc.cluster.local.", false, true);

	assert_true(n.zonal && n.prefer);
	assert_int_equal(n.topology_len, 4);
	assert_memory_equal(n.topology, "\1b\1a", 4);
	n = read_name("pin._zone.db.shop.svc.cluster.local.", false, true);
	assert_false(n.zonal); /* a port called pin */
	n = read_name("a.never._zone.db.shop.svc.cluster.local.", false, true);
	assert_int_equal(n.kind, K8S_NAME_IMPOSSIBLE);
	n = read_name("a.pin._zone.db.shop.svc.cluster.local.", false, false);
	assert_int_equal(n.kind, K8S_NAME_IMPOSSIBLE);
}

static void test_a_zone_ends_at_a_label(void **state)
{
	static const uint8_t zone[] = "\5local";
	struct wire_query q;

	question("a.xlocal.", &q);
	assert_int_equal(k8s_labels_left(&q, zone, sizeof(zone)), -1);
	question("local.", &q);
	assert_int_equal(k8s_labels_left(&q, zone, sizeof(zone)), 0);
	assert_int_equal(k8s_labels_left(&q, (const uint8_t *)"", 1), 1);
}

static void test_reverse_names(void **state)
{
	static const struct {
		const char *name, *addr;
	} cases[] = {
		{"4.3.2.1.in-addr.arpa.", "1.2.3.4"}, {"255.0.0.10.IN-ADDR.arpa.", "10.0.0.255"},
		{"04.3.2.1.in-addr.arpa.", NULL}, {"256.3.2.1.in-addr.arpa.", NULL}, {"3.2.1.in-addr.arpa.", NULL},
		{"5.4.3.2.1.in-addr.arpa.", NULL}, {"x.3.2.1.in-addr.arpa.", NULL},
		{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.D.c.b.a.4.3.2.1.ip6.arpa.", "1234:abcd::1"},
		{"10.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa.", NULL},
		{"4.0.3.0.2.0.1.0.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.", "1.2.3.4"},
	};
	uint8_t got[16], want[16];
	struct wire_query q;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned len;

		question(cases[i].name, &q);
		len = wire_reverse_addr(&q, got);
		assert_int_equal(len != 0, cases[i].addr != NULL);
		if (!len)
			continue;
		assert_int_equal(inet_pton(len == 4 ? AF_INET : AF_INET6, cases[i].addr, want), 1);
		assert_memory_equal(got, want, len);
	}
}

static void test_dashed_labels(void **state)
{
	static const struct {
		const char *label, *addr, *text;
	} cases[] = {
		{"10-20-0-101", "10.20.0.101", "10-20-0-101"}, {"0-0-0-0", "0.0.0.0", "0-0-0-0"},
		{"1234-abcd--1", "1234:abcd::1", "1234-abcd--1"}, {"1234-abcd--", "1234:abcd::", "1234-abcd--0"},
		{"--1", "::1", "--1"}, {"1-0-0-2--3", "1:0:0:2::3", "1-0-0-2--3"},
		{"1-0-2-3-4-5-6-7", "1:0:2:3:4:5:6:7", "1-0-2-3-4-5-6-7"}, {"--1-2", "::1:2", "--1-2"},
		{"01-2-3-4", NULL, NULL}, {"1-2-3", NULL, NULL}, {"1-2-3-4-5", NULL, NULL}, {"1-2-3-256", NULL, NULL},
		{"x", NULL, NULL}, {"1--2-3", "1::2:3", "1--2-3"}, {"1-2-3-", NULL, NULL}, {"-", NULL, NULL},
	};
	char text[K8S_DASHED_MAX];
	uint8_t got[16], want[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *l = cases[i].label;
		unsigned len = k8s_dashed_addr((const uint8_t *)l, (unsigned)strlen(l), got);

		assert_int_equal(len != 0, cases[i].addr != NULL);
		if (!len)
			continue;
		assert_int_equal(inet_pton(len == 4 ? AF_INET : AF_INET6, cases[i].addr, want), 1);
		assert_memory_equal(got, want, len);
		assert_int_equal(k8s_dashed_text(got, len, text), strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
	}
}

static void test_every_octet_is_dashed_as_it_is_printed(void **state)
{
	for (unsigned i = 0; i < 256; i++) {
		const uint8_t addr[4] = {(uint8_t)i, (uint8_t)(255 - i), (uint8_t)(i ^ 5), (uint8_t)i};
		char got[K8S_DASHED_MAX], want[K8S_DASHED_MAX];
		int len = snprintf(want, sizeof want, "%u-%u-%u-%u", addr[0], addr[1], addr[2], addr[3]);

		assert_int_equal(k8s_dashed_text(addr, 4, got), len);
		assert_memory_equal(got, want, (size_t)len);
	}
}

static void test_selectors(void **state)
{
	static const char *const good[] = {
		"", "a", "a=b", "a==b", "a != b", "a in (x,y)", "a notin ( x , y )", "!a", "a=b,c in (d),!e", "example.com/app=x",
		"a=", "a>5", "a<5", "in=x", "app.kubernetes.io/name in (a_b.c)",
	};
	static const char *const bad[] = {
		"=", "a=b,", ",a", "a in x", "a in (x", "a ! b", "-a=b", "a=-b", "a/b/c", "/a", "a/", "!a=b", "a b", "a>x", "a=b c=d",
		"a==(x)",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(k8s_selector_check(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(k8s_selector_check(bad[i]));
}

static void test_what_was_seen_is_told_from_what_was_not(void **state)
{
	struct k8s_seen s;
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	assert_true(k8s_seen_init(&s, &a, 1000));
	for (unsigned i = 0; i < 1000; i++)
		assert_true(k8s_seen_add(&s, k8s_seen_key(&i, sizeof(i), "x", 1)));
	for (unsigned i = 0; i < 1000; i++)
		assert_false(k8s_seen_add(&s, k8s_seen_key(&i, sizeof(i), "x", 1)));
	assert_true(k8s_seen_add(&s, 0));
	assert_false(k8s_seen_add(&s, 0));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_topology_zones),
		cmocka_unit_test(test_a_zone_ends_at_a_label),
		cmocka_unit_test(test_reverse_names),
		cmocka_unit_test(test_dashed_labels),
		cmocka_unit_test(test_every_octet_is_dashed_as_it_is_printed),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_what_was_seen_is_told_from_what_was_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
