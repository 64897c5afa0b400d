// SPDX-License-Identifier: Apache-2.0
/* Whose address is it, as far as the cluster's objects tell. */
#include "cluster.h"
#include "plugin/kubernetes/kubernetes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

extern const struct plugin plugin_kubernetes;
const struct plugin_slot plugin_table[] = {{"kubernetes", &plugin_kubernetes}};
const size_t plugin_table_len = 1;

static const char *const objects[] = {
	"ns shop",
	"ns ops",
	"svc shop/web ip=10.96.4.10 port=http:80",
	"slice shop/web-1 web port=http:80 ep=10.244.1.1,pod=web-0 ep=10.244.1.2,pod=web-1 ep=2001:db8::7,pod=web-7",
	"svc shop/again ip=10.96.4.11 port=http:80",
	"slice shop/again-1 again port=http:80 ep=10.244.1.2,pod=web-1",
	"svc ops/node ip=10.96.4.12 port=m:9100",
	"slice ops/node-1 node port=m:9100 ep=192.0.2.10,pod=exporter-x",
	"svc shop/edge ip=10.96.4.13 port=http:80",
	"slice shop/edge-1 edge port=http:80 ep=192.0.2.10,pod=edge-y ep=10.244.1.9,pod=edge-z",
	"slice shop/loose - port=http:80 ep=10.244.1.8",
	"pod shop/web-0 10.244.1.1",
	"pod shop/job 10.244.2.1",
	"pod ops/agent 192.0.2.11",
	"pod shop/agent 192.0.2.11",
	NULL,
};

static void start(const char *options)
{
	static char text[1024];

	(void)snprintf(text, sizeof(text), ".:53 {\nkubernetes cluster.local {\nendpoint http://127.0.0.1:1\n%s\n}\n}\n", options);
	cluster_start(text, objects, false);
}

/* "pod shop/web-0", or "" for nobody. */
static const char *owner(const char *addr)
{
	static char text[256];
	struct who_owner o;
	uint8_t bytes[16];
	bool is_6 = strchr(addr, ':');

	assert_int_equal(inet_pton(is_6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	who_owner_find(bytes, is_6 ? 16 : 4, &o);
	(void)snprintf(text, sizeof(text), "%s%s%s", who_owner_kind_text(o.kind), o.kind ? " " : "", o.kind ? o.text : "");
	return text;
}

static void endpoints_tell_their_pods_where_names_are_kept(void **state)
{
	start("endpoint_pod_names");
	assert_string_equal(owner("10.244.1.1"), "pod shop/web-0");
	assert_string_equal(owner("10.244.1.2"), "pod shop/web-1");
	assert_string_equal(owner("2001:db8::7"), "pod shop/web-7");
	assert_string_equal(owner("10.244.1.8"), "namespace shop");
	assert_string_equal(owner("203.0.113.1"), "");
	cluster_stop();
}

static void without_names_an_endpoint_is_its_services(void **state)
{
	start("");
	assert_string_equal(owner("10.244.1.1"), "service shop/web");
	assert_string_equal(owner("10.244.1.9"), "service shop/edge");
	cluster_stop();
}

static void of_several_owners_none_is_guessed(void **state)
{
	start("");
	assert_string_equal(owner("10.244.1.2"), "namespace shop"); /* two services of one namespace */
	assert_string_equal(owner("192.0.2.10"), "");               /* two namespaces: the node's own address */
	cluster_stop();
	start("pods verified");
	assert_string_equal(owner("192.0.2.11"), "");               /* two pods: likewise */
	cluster_stop();
}

static void pods_without_kept_names_tell_their_namespace(void **state)
{
	start("pods verified");
	assert_string_equal(owner("10.244.2.1"), "namespace shop");
	assert_string_equal(owner("10.244.1.1"), "service shop/web");
	cluster_stop();
}

static void nobody_is_known_after_the_end(void **state)
{
	start("");
	cluster_stop();
	assert_string_equal(owner("10.244.1.1"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_tell_their_pods_where_names_are_kept),
		cmocka_unit_test(without_names_an_endpoint_is_its_services),
		cmocka_unit_test(of_several_owners_none_is_guessed),
		cmocka_unit_test(pods_without_kept_names_tell_their_namespace),
		cmocka_unit_test(nobody_is_known_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
