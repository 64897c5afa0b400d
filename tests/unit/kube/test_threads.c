// SPDX-License-Identifier: Apache-2.0
/* Readers beside the writer: what is there all along is always found, whatever changes around it, through
 * updates, lists and tables that grow.  Also under ThreadSanitizer. */
#include "fixture.h"

#include "base/rcu.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { READERS = 2, ROUNDS = 60, OTHERS = 300 };

static atomic_bool ended;
static atomic_uint missing, lookups;
static struct kube_store *store;

/* Its service and its endpoint, by name and by address, while its slice is updated all the time. */
static void look(void)
{
	struct kube_addr ip = kube_addr_parse("10.96.255.1", 11), pod = kube_addr_parse("10.0.255.1", 10);
	const struct kube_name *n = kube_name_find(store, "demo", 4, "steady", 6);
	struct kube_addr_iter by_ip = kube_addr_find(store, KUBE_BY_CLUSTER_IP, ip.bytes, ip.len);
	struct kube_addr_iter by_pod = kube_addr_find(store, KUBE_BY_ENDPOINT, pod.bytes, pod.len);
	const struct kube_slice *slice = n ? kube_name_slices(n) : NULL;
	bool found = n && kube_name_service(n) && kube_name_service(n)->n_ip4 == 1 && slice &&
		     slice->n_ip4 >= 1 && memcmp(kube_slice_ip4(slice), pod.bytes, 4) == 0 &&
		     kube_addr_next_name(&by_ip) == n && kube_addr_next_slice(&by_pod) &&
		     kube_namespace_find(store, "demo", 4);

	missing += !found;
	lookups++;
}

static void *reader(void *arg)
{
	rcu_join();
	while (!ended) {
		look();
		rcu_sleep_begin();
		rcu_sleep_end();
	}
	rcu_leave();
	return NULL;
}

static void put_steady(int round)
{
	struct kube_addr addrs[2] = {addr("10.0.255.1"), addr("10.0.255.2")};
	struct kube_object_endpoint e = {.addrs = addrs, .n_addrs = 1 + (size_t)(round & 1)};
	struct kube_object o = {.kind = KUBE_SLICE,
				.ns = str("demo"),
				.name = str("steady-1"),
				.service = str("steady"),
				.endpoints = &e,
				.n_endpoints = 1};

	kube_store_apply(store, &o, NOW_S);
}

static void put_others(int round)
{
	char name[32], ip[32];

	for (int i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), "other-%d", i);
		snprintf(ip, sizeof(ip), "10.%d.%d.%d", round % 200, i / 250, i % 250);
		put_service(store, "demo", name, ip, NULL);
		put_slice(store, "demo", name, name, ip);
		if (i % 20 == 0)
			put_steady(i / 20 + round);
		if (round % 2)
			drop(store, KUBE_SERVICE, "demo", name);
	}
}

static void lists(int round)
{
	kube_store_list_begin(store, KUBE_SERVICE);
	put_service(store, "demo", "steady", "10.96.255.1", NULL);
	kube_store_list_end(store, KUBE_SERVICE, NOW_S);
	kube_store_list_begin(store, KUBE_SLICE);
	put_steady(round);
	kube_store_list_end(store, KUBE_SLICE, NOW_S);
	kube_store_list_begin(store, KUBE_NAMESPACE);
	put_namespace(store, "demo");
	kube_store_list_end(store, KUBE_NAMESPACE, NOW_S);
}

static void what_is_there_is_found_whatever_changes_around_it(void **state)
{
	pthread_t threads[READERS];

	store = kube_store_new(0, 0);
	lists(0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, NULL), 0);
	for (int round = 0; round < ROUNDS || lookups < 1000; round++) {
		put_others(round);
		lists(round);
	}
	ended = true;
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(missing, 0);
	kube_store_free(store);
	rcu_drain();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_found_whatever_changes_around_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
