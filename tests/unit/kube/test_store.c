// SPDX-License-Identifier: Apache-2.0
/* What is applied can be found by name and by address, until it is deleted. */
#include "fixture.h"

#include "base/rcu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = kube_store_new(0, 1u << KUBE_SERVICE | 1u << KUBE_SLICE | 1u << KUBE_NAMESPACE);
	return *state == NULL;
}

static int teardown(void **state)
{
	kube_store_free(*state);
	rcu_drain();
	return 0;
}

static void a_service_is_found_by_name_and_cluster_ip(void **state)
{
	struct kube_store *s = *state;
	const struct kube_service *svc;

	assert_int_equal(put_service(s, "demo", "web", "10.96.0.7", "fd00::7"), KUBE_ADDED);
	svc = kube_name_service(find_name(s, "demo", "web"));
	assert_int_equal(svc->n_ip4, 1);
	assert_int_equal(svc->n_ip6, 1);
	assert_string_equal(addr_text(kube_service_ip4(svc), 4), "10.96.0.7");
	assert_string_equal(addr_text(kube_service_ip6(svc), 16), "fd00::7");
	assert_string_equal(at_addr(s, KUBE_BY_CLUSTER_IP, "10.96.0.7"), "demo/web");
	assert_string_equal(at_addr(s, KUBE_BY_CLUSTER_IP, "fd00::7"), "demo/web");
	assert_null(find_name(s, "demo", "other"));
	assert_null(find_name(s, "demo2", "web"));
	assert_int_equal(kube_store_serial(s, KUBE_SERIAL), NOW_S);
}

static void the_same_service_again_changes_nothing(void **state)
{
	struct kube_store *s = *state;
	uint64_t changes;

	put_service(s, "demo", "web", "10.96.0.7", NULL);
	changes = kube_store_changes(s);
	assert_int_equal(put_service(s, "demo", "web", "10.96.0.7", NULL), KUBE_SAME);
	assert_int_equal(kube_store_changes(s), changes);
}

static void a_new_cluster_ip_takes_the_place_of_the_old(void **state)
{
	struct kube_store *s = *state;

	put_service(s, "demo", "web", "10.96.0.7", NULL);
	assert_int_equal(put_service(s, "demo", "web", "10.96.0.8", NULL), KUBE_UPDATED);
	assert_string_equal(at_addr(s, KUBE_BY_CLUSTER_IP, "10.96.0.8"), "demo/web");
	assert_string_equal(at_addr(s, KUBE_BY_CLUSTER_IP, "10.96.0.7"), "");
}

static void ports_externals_and_names_come_back_as_given(void **state)
{
	struct kube_store *s = *state;
	struct kube_port ports[2] = {port("http", 80, KUBE_TCP), port("dns", 53, KUBE_UDP)}, p;
	struct kube_addr externals[3] = {addr("192.0.2.1"), addr("lb.example.net"), addr("2001:db8::1")};
	struct kube_object o = {.kind = KUBE_SERVICE,
				.ns = str("demo"),
				.name = str("lb"),
				.type = KUBE_EXTERNAL_NAME,
				.external_name = str("www.example.net"),
				.ports = ports,
				.n_ports = 2,
				.externals = externals,
				.n_externals = 3};
	struct kube_external_iter eit;
	struct kube_port_iter pit;
	struct kube_external e;

	assert_int_equal(kube_store_apply(s, &o, NOW_S), KUBE_ADDED);
	const struct kube_service *svc = kube_name_service(find_name(s, "demo", "lb"));
	pit = kube_service_ports(svc);
	assert_true(kube_port_next(&pit, &p) && p.port == 80 && p.proto == KUBE_TCP &&
		    !memcmp(p.name, "http", 4));
	assert_true(kube_port_next(&pit, &p) && p.port == 53 && p.proto == KUBE_UDP && p.name_len == 3);
	assert_false(kube_port_next(&pit, &p));
	eit = kube_service_externals(svc);
	assert_true(kube_external_next(&eit, &e) && e.addr_len == 4);
	assert_true(kube_external_next(&eit, &e) && e.addr_len == 0 &&
		    !memcmp(e.host.s, "lb.example.net", e.host.len));
	assert_true(kube_external_next(&eit, &e) && e.addr_len == 16);
	assert_false(kube_external_next(&eit, &e));
	struct kube_str name = kube_service_external_name(svc);
	assert_int_equal(name.len, strlen("www.example.net"));
	assert_memory_equal(name.s, "www.example.net", name.len);
	assert_string_equal(at_addr(s, KUBE_BY_EXTERNAL_IP, "2001:db8::1"), "demo/lb");
}

static void a_service_without_ports_has_the_pseudo_port(void **state)
{
	struct kube_store *s = *state;
	struct kube_object o = {.kind = KUBE_SERVICE, .ns = str("demo"), .name = str("bare")};
	struct kube_port_iter it;
	struct kube_port p = {0};

	kube_store_apply(s, &o, NOW_S);
	it = kube_service_ports(kube_name_service(find_name(s, "demo", "bare")));
	assert_true(kube_port_next(&it, &p));
	assert_true(p.pseudo);
	assert_int_equal(p.port, 65535);
	assert_int_equal(p.proto, KUBE_TCP);
	assert_false(kube_port_next(&it, &p));
}

static void a_slice_serves_addresses_even_before_its_service(void **state)
{
	struct kube_store *s = *state;
	const struct kube_name *n;

	assert_int_equal(put_slice(s, "demo", "web-1", "web", "10.0.0.1"), KUBE_ADDED);
	n = find_name(s, "demo", "web");
	assert_null(kube_name_service(n));
	assert_true(kube_name_has_endpoints(n));
	assert_string_equal(at_addr(s, KUBE_BY_ENDPOINT, "10.0.0.1"), "demo/web");
	put_service(s, "demo", "web", NULL, NULL);
	assert_ptr_equal(find_name(s, "demo", "web"), n);
	assert_int_equal(drop(s, KUBE_SERVICE, "demo", "web"), KUBE_DELETED);
	assert_ptr_equal(find_name(s, "demo", "web"), n);
	assert_int_equal(drop(s, KUBE_SLICE, "demo", "web-1"), KUBE_DELETED);
	assert_null(find_name(s, "demo", "web"));
	assert_string_equal(at_addr(s, KUBE_BY_ENDPOINT, "10.0.0.1"), "");
}

static void slices_keep_their_order_when_one_changes(void **state)
{
	struct kube_store *s = *state;
	const struct kube_slice *slice;

	put_slice(s, "demo", "web-1", "web", "10.0.0.1");
	put_slice(s, "demo", "web-2", "web", "10.0.0.2");
	put_slice(s, "demo", "web-3", "web", "10.0.0.3");
	assert_int_equal(put_slice(s, "demo", "web-2", "web", "10.0.0.22"), KUBE_UPDATED);
	slice = kube_name_slices(find_name(s, "demo", "web"));
	assert_string_equal(addr_text(kube_slice_ip4(slice), 4), "10.0.0.1");
	slice = kube_slice_next(slice);
	assert_string_equal(addr_text(kube_slice_ip4(slice), 4), "10.0.0.22");
	slice = kube_slice_next(slice);
	assert_string_equal(addr_text(kube_slice_ip4(slice), 4), "10.0.0.3");
	assert_null(kube_slice_next(slice));
}

static void a_slice_can_move_to_another_service(void **state)
{
	struct kube_store *s = *state;

	put_slice(s, "demo", "web-1", "web", "10.0.0.1");
	assert_int_equal(put_slice(s, "demo", "web-1", "shop", "10.0.0.1"), KUBE_UPDATED);
	assert_null(find_name(s, "demo", "web"));
	assert_string_equal(at_addr(s, KUBE_BY_ENDPOINT, "10.0.0.1"), "demo/shop");
}

static void endpoints_that_are_not_ready_are_not_kept(void **state)
{
	struct kube_store *s = *state;
	struct kube_addr a[2] = {addr("10.0.0.1"), addr("10.0.0.2")};
	struct kube_object_endpoint e[2] = {
		{.addrs = &a[0], .n_addrs = 1, .not_ready = true, .hostname = str("h1")},
		{.addrs = &a[1], .n_addrs = 1, .hostname = str("h2")}};
	struct kube_object o = {.kind = KUBE_SLICE,
				.ns = str("demo"),
				.name = str("web-1"),
				.service = str("web"),
				.endpoints = e,
				.n_endpoints = 2};
	struct kube_endpoint_iter it;
	struct kube_endpoint ep;

	kube_store_apply(s, &o, NOW_S);
	it = kube_slice_endpoints(kube_name_slices(find_name(s, "demo", "web")));
	assert_true(kube_endpoint_next(&it, &ep));
	assert_int_equal(ep.hostname.len, 2);
	assert_memory_equal(ep.hostname.s, "h2", 2);
	assert_int_equal(ep.pod.len, 0);
	assert_false(kube_endpoint_next(&it, &ep));
	assert_string_equal(at_addr(s, KUBE_BY_ENDPOINT, "10.0.0.1"), "");
}

static void one_address_in_two_slices_is_found_twice(void **state)
{
	struct kube_store *s = *state;
	struct kube_addr a = addr("10.0.0.1");
	struct kube_addr_iter it;

	put_slice(s, "demo", "web-1", "web", "10.0.0.1");
	put_slice(s, "demo", "shop-1", "shop", "10.0.0.1");
	it = kube_addr_find(s, KUBE_BY_ENDPOINT, a.bytes, a.len);
	assert_non_null(kube_addr_next_slice(&it));
	assert_non_null(kube_addr_next_slice(&it));
	assert_null(kube_addr_next_slice(&it));
}

static void a_namespace_exists_when_its_object_does(void **state)
{
	struct kube_store *s = *state;

	put_service(s, "demo", "web", "10.96.0.7", NULL);
	assert_null(kube_namespace_find(s, "demo", 4));
	assert_int_equal(put_namespace(s, "demo"), KUBE_ADDED);
	assert_non_null(kube_namespace_find(s, "demo", 4));
	assert_int_equal(drop(s, KUBE_NAMESPACE, "", "demo"), KUBE_DELETED);
	assert_null(kube_namespace_find(s, "demo", 4));
	assert_non_null(find_name(s, "demo", "web"));
}

static void a_pod_that_is_being_deleted_stays_until_it_is_deleted(void **state)
{
	struct kube_store *s = *state;
	struct kube_object o = {.kind = KUBE_POD, .ns = str("demo"), .name = str("p"), .deleting = true};

	assert_int_equal(kube_store_apply(s, &o, NOW_S), KUBE_SAME);
	assert_int_equal(kube_store_count(s, KUBE_POD), 0);
	put_pod(s, "demo", "p", "10.1.0.1");
	assert_string_equal(at_addr(s, KUBE_BY_POD, "10.1.0.1"), "demo");
	assert_int_equal(kube_store_apply(s, &o, NOW_S), KUBE_SAME);
	assert_string_equal(at_addr(s, KUBE_BY_POD, "10.1.0.1"), "demo");
	kube_store_delete(s, &o, NOW_S);
	assert_string_equal(at_addr(s, KUBE_BY_POD, "10.1.0.1"), "");
}

static void a_list_deletes_only_what_it_does_not_hold_and_only_at_its_end(void **state)
{
	struct kube_store *s = *state;

	put_service(s, "demo", "a", "10.96.0.1", NULL);
	put_service(s, "demo", "b", "10.96.0.2", NULL);
	kube_store_list_begin(s, KUBE_SERVICE);
	put_service(s, "demo", "b", "10.96.0.2", NULL);
	put_service(s, "demo", "c", "10.96.0.3", NULL);
	assert_non_null(find_name(s, "demo", "a"));
	assert_int_equal(kube_store_list_end(s, KUBE_SERVICE, NOW_S), 1);
	assert_null(find_name(s, "demo", "a"));
	assert_non_null(find_name(s, "demo", "b"));
	assert_non_null(find_name(s, "demo", "c"));
}

static void a_list_that_broke_off_is_forgotten_by_the_next(void **state)
{
	struct kube_store *s = *state;

	put_service(s, "demo", "a", "10.96.0.1", NULL);
	kube_store_list_begin(s, KUBE_SERVICE);
	put_service(s, "demo", "a", "10.96.0.1", NULL);
	kube_store_list_begin(s, KUBE_SERVICE);
	assert_int_equal(kube_store_list_end(s, KUBE_SERVICE, NOW_S), 1);
	assert_null(find_name(s, "demo", "a"));
}

static void it_is_synced_when_each_watched_kind_was_listed(void **state)
{
	struct kube_store *s = *state;

	assert_true(kube_store_synced(s, KUBE_POD)); /* not watched here */
	kube_store_set_synced(s, KUBE_SERVICE);
	kube_store_set_synced(s, KUBE_SLICE);
	assert_false(kube_store_all_synced(s));
	kube_store_set_synced(s, KUBE_NAMESPACE);
	assert_true(kube_store_all_synced(s));
}

static void names_that_no_server_gives_are_refused(void **state)
{
	struct kube_store *s = *state;
	char long_name[300];

	memset(long_name, 'a', sizeof(long_name));
	long_name[254] = '\0';
	assert_int_equal(put_service(s, "demo", "", "10.96.0.1", NULL), KUBE_REFUSED);
	assert_int_equal(put_service(s, "", "web", "10.96.0.1", NULL), KUBE_REFUSED);
	assert_int_equal(put_service(s, "demo", long_name, "10.96.0.1", NULL), KUBE_REFUSED);
	assert_null(kube_name_find(s, "demo", 4, long_name, 254));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_service_is_found_by_name_and_cluster_ip, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_service_again_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_cluster_ip_takes_the_place_of_the_old, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_externals_and_names_come_back_as_given, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_service_without_ports_has_the_pseudo_port, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slice_serves_addresses_even_before_its_service, setup,
						teardown),
		cmocka_unit_test_setup_teardown(slices_keep_their_order_when_one_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slice_can_move_to_another_service, setup, teardown),
		cmocka_unit_test_setup_teardown(endpoints_that_are_not_ready_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(one_address_in_two_slices_is_found_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(a_namespace_exists_when_its_object_does, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pod_that_is_being_deleted_stays_until_it_is_deleted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_list_deletes_only_what_it_does_not_hold_and_only_at_its_end,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_that_broke_off_is_forgotten_by_the_next, setup,
						teardown),
		cmocka_unit_test_setup_teardown(it_is_synced_when_each_watched_kind_was_listed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(names_that_no_server_gives_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
