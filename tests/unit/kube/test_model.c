// SPDX-License-Identifier: Apache-2.0
/* Random events, compared with a model that is as simple as it can be: arrays and loops. */
#include "fixture.h"

#include "base/rcu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES = 12, SLICES = 20, IPS = 15, STEPS = 4000, RUNS = 12 };

struct model {
	int service[NAMES]; /* its cluster IP, -1: not there */
	struct {
		int name; /* -1: not there */
		int ip[3]; /* -1: none; may repeat */
	} slice[SLICES];
	unsigned seed;
};

static unsigned draw(struct model *m, unsigned n)
{
	m->seed = m->seed * 1103515245u + 12345u;
	return (m->seed >> 16) % n;
}

static const char *text(const char *prefix, int n)
{
	static char texts[4][32];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(texts[at], sizeof(texts[at]), "%s%d", prefix, n);
	return texts[at];
}

/* ---- the same step on both ---- */

static void set_service(struct kube_store *s, struct model *m, int n, int ip)
{
	m->service[n] = ip;
	if (ip < 0)
		drop(s, KUBE_SERVICE, "demo", text("svc-", n));
	else
		put_service(s, "demo", text("svc-", n), text("10.96.0.", ip), NULL);
}

static void apply_slice(struct kube_store *s, const struct model *m, int i)
{
	struct kube_addr addrs[3];
	struct kube_object_endpoint e[3];
	struct kube_object o = {.kind = KUBE_SLICE, .ns = str("demo"), .endpoints = e};

	for (int k = 0; k < 3; k++) {
		if (m->slice[i].ip[k] < 0)
			continue;
		addrs[o.n_endpoints] = addr(text("10.0.0.", m->slice[i].ip[k]));
		e[o.n_endpoints] =
			(struct kube_object_endpoint){.addrs = &addrs[o.n_endpoints], .n_addrs = 1};
		o.n_endpoints++;
	}
	o.name = str(text("slice-", i));
	o.service = str(text("svc-", m->slice[i].name));
	assert_int_not_equal(kube_store_apply(s, &o, NOW_S), KUBE_REFUSED);
}

static void set_slice(struct kube_store *s, struct model *m, int i, bool there)
{
	m->slice[i].name = there ? (int)draw(m, NAMES) : -1;
	for (int k = 0; k < 3; k++)
		m->slice[i].ip[k] = draw(m, 4) ? (int)draw(m, IPS) : -1;
	if (there)
		apply_slice(s, m, i);
	else
		drop(s, KUBE_SLICE, "demo", text("slice-", i));
}

/* The truth changes while nobody watches, then a list brings all of it. */
static void relist(struct kube_store *s, struct model *m)
{
	kube_store_list_begin(s, KUBE_SLICE);
	if (draw(m, 2)) { /* one that breaks off */
		for (int i = 0; i < SLICES / 2; i++) {
			if (m->slice[i].name >= 0)
				apply_slice(s, m, i);
		}
		kube_store_list_begin(s, KUBE_SLICE);
	}
	for (int k = 0; k < 5; k++) {
		int i = (int)draw(m, SLICES);
		m->slice[i].name = draw(m, 2) ? (int)draw(m, NAMES) : -1;
	}
	for (int i = 0; i < SLICES; i++) {
		if (m->slice[i].name >= 0)
			apply_slice(s, m, i);
	}
	kube_store_list_end(s, KUBE_SLICE, NOW_S);
}

/* ---- comparisons ---- */

static int count_endpoints(const struct kube_store *s, int n)
{
	const struct kube_name *name = find_name(s, "demo", text("svc-", n));
	int count = 0;

	for (const struct kube_slice *c = name ? kube_name_slices(name) : NULL; c; c = kube_slice_next(c))
		count += c->n_ip4;
	return count;
}

static void check_names(const struct kube_store *s, const struct model *m)
{
	for (int n = 0; n < NAMES; n++) {
		const struct kube_name *name = find_name(s, "demo", text("svc-", n));
		int want = 0, slices = 0;

		for (int i = 0; i < SLICES; i++) {
			slices += m->slice[i].name == n;
			for (int k = 0; k < 3; k++)
				want += m->slice[i].name == n && m->slice[i].ip[k] >= 0;
		}
		assert_int_equal(count_endpoints(s, n), want);
		assert_int_equal(name != NULL, m->service[n] >= 0 || slices > 0);
		assert_int_equal(name && kube_name_service(name), m->service[n] >= 0);
	}
}

static void check_addresses(const struct kube_store *s, const struct model *m)
{
	for (int ip = 0; ip < IPS; ip++) {
		struct kube_addr a = addr(text("10.0.0.", ip)), c = addr(text("10.96.0.", ip));
		struct kube_addr_iter it = kube_addr_find(s, KUBE_BY_ENDPOINT, a.bytes, a.len);
		int want = 0, found = 0;

		for (int i = 0; i < SLICES; i++) {
			const int *at = m->slice[i].ip;
			want += m->slice[i].name >= 0 && (at[0] == ip || at[1] == ip || at[2] == ip);
		}
		while (kube_addr_next_slice(&it))
			found++;
		assert_int_equal(found, want);
		want = found = 0;
		for (int n = 0; n < NAMES; n++)
			want += m->service[n] == ip;
		it = kube_addr_find(s, KUBE_BY_CLUSTER_IP, c.bytes, c.len);
		while (kube_addr_next_name(&it))
			found++;
		assert_int_equal(found, want);
	}
}

static void run(unsigned seed)
{
	struct kube_store *s = kube_store_new(0, 0);
	struct model m = {.seed = seed};

	memset(m.service, 0xff, sizeof(m.service));
	memset(m.slice, 0xff, sizeof(m.slice));
	for (int step = 0; step < STEPS; step++) {
		unsigned what = draw(&m, 100);

		if (what < 30)
			set_service(s, &m, (int)draw(&m, NAMES), draw(&m, 3) ? (int)draw(&m, IPS) : -1);
		else if (what < 98)
			set_slice(s, &m, (int)draw(&m, SLICES), draw(&m, 3));
		else
			relist(s, &m);
		check_names(s, &m);
		if (step % 10 == 0)
			check_addresses(s, &m);
	}
	for (int i = 0; i < SLICES; i++)
		set_slice(s, &m, i, false);
	for (int n = 0; n < NAMES; n++)
		set_service(s, &m, n, -1);
	assert_int_equal(kube_store_count(s, KUBE_SERVICE), 0);
	struct kube_name_iter it = kube_names(s, false);
	assert_null(kube_name_next(&it));
	kube_store_free(s);
}

static void any_sequence_of_events_leaves_what_the_model_holds(void **state)
{
	for (unsigned seed = 1; seed <= RUNS; seed++)
		run(seed);
	rcu_drain();
}

/* Tables grow and shrink by thousands; nothing is lost on the way. */
static void thousands_come_and_go(void **state)
{
	struct kube_store *s = kube_store_new(0, 0);
	size_t empty = kube_store_bytes(s);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++)
			put_slice(s, text("ns-", i % 7), text("s-", i), text("svc-", i),
				  text("10.7.9.", i % 250));
		for (int i = 0; i < 5000; i++)
			assert_non_null(find_name(s, text("ns-", i % 7), text("svc-", i)));
		for (int i = 0; i < 5000; i++)
			assert_int_equal(drop(s, KUBE_SLICE, text("ns-", i % 7), text("s-", i)),
					 KUBE_DELETED);
	}
	put_slice(s, "a", "b", "c", "10.0.0.1");
	drop(s, KUBE_SLICE, "a", "b");
	assert_in_range(kube_store_bytes(s), empty, empty + 2048);
	kube_store_free(s);
	rcu_drain();
}

/* What the documentation says of memory: tables included, the allocator's own overhead (some 15%) not. */
static void a_service_with_two_endpoints_takes_at_most_250_bytes(void **state)
{
	struct kube_store *s = kube_store_new(0, 0);
	size_t empty = kube_store_bytes(s), each;
	enum { SERVICES = 10000 };

	for (int i = 0; i < SERVICES; i++) {
		struct kube_port http = port("http", 80, KUBE_TCP);
		struct kube_addr addrs[2] = {addr(text("10.1.0.", i % 250)), addr(text("10.2.0.", i % 250))};
		struct kube_object_endpoint e[2] = {{.addrs = &addrs[0], .n_addrs = 1},
						    {.addrs = &addrs[1], .n_addrs = 1}};
		struct kube_object o = {.kind = KUBE_SLICE,
					.ns = str(text("bulk-", i % 10)),
					.endpoints = e,
					.n_endpoints = 2,
					.ports = &http,
					.n_ports = 1};

		addrs[0].bytes[2] = addrs[1].bytes[2] = (uint8_t)(i / 250);
		o.name = str(text("bulk-slice-abcde-", i));
		o.service = str(text("bulk-", i));
		kube_store_apply(s, &o, NOW_S);
		put_service(s, text("bulk-", i % 10), text("bulk-", i), text("10.96.1.", i % 250), NULL);
	}
	each = (kube_store_bytes(s) - empty) / SERVICES;
	assert_in_range(each, 50, 250);
	kube_store_free(s);
	rcu_drain();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_sequence_of_events_leaves_what_the_model_holds),
		cmocka_unit_test(thousands_come_and_go),
		cmocka_unit_test(a_service_with_two_endpoints_takes_at_most_250_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
