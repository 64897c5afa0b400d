// SPDX-License-Identifier: Apache-2.0
#include "doctor/facts.h"
#include "doctor/kube_dns.h"
#include "world.h"

#include <string.h>

static void load(struct observed_world *w, const char *text)
{
	facts_of_corefile(w, COREFILE_CONFIGMAP, "configmap kube-system/coredns", text, strlen(text));
}

static void a_usual_corefile_is_understood(void **state)
{
	struct observed_world *w = *state;
	const struct observed_block *b;

	load(w, ".:53 {\n errors\n kubernetes cluster.local in-addr.arpa {\n pods insecure\n }\n"
		" forward . 192.0.2.1 192.0.2.2:5353 {\n  prefer_udp\n  max_concurrent 10\n }\n"
		" cache 30 {\n  denial 9984 5\n  serve_stale\n }\n bufsize 512\n loop\n autopath "
		"@kubernetes\n}\n");
	assert_null(w->corefile.error);
	assert_int_equal(w->corefile.n_blocks, 1);
	b = &w->corefile.blocks[0];
	assert_int_equal(b->port, 53);
	assert_name(w, b->zones[0], ".");
	assert_int_equal(b->n_forwards, 1);
	assert_int_equal(b->forwards[0].n_upstreams, 2);
	assert_string_equal(w->servers[b->forwards[0].upstreams[1]].label, "upstream 192.0.2.2:5353");
	assert_true(b->forwards[0].prefer_udp);
	assert_false(b->forwards[0].force_tcp);
	assert_true(b->has_cache && b->serve_stale && b->has_bufsize && b->has_loop && b->has_autopath &&
		    b->has_kubernetes);
	assert_int_equal(b->cache_success_ttl_s, 30);
	assert_int_equal(b->cache_denial_ttl_s, 5);
	assert_int_equal(b->bufsize, 512);
	assert_name(w, b->kubernetes_zones[0], "cluster.local");
}

static void bufsize_without_a_number_and_a_cache_without_one_have_defaults(void **state)
{
	struct observed_world *w = *state;

	load(w, ". {\n bufsize\n cache\n}\n");
	assert_int_equal(w->corefile.blocks[0].bufsize, 1232);
	assert_int_equal(w->corefile.blocks[0].cache_success_ttl_s, 3600);
	assert_int_equal(w->corefile.blocks[0].cache_denial_ttl_s, 1800);
}

static void a_file_behind_forward_is_the_servers_own(void **state)
{
	struct observed_world *w = *state;
	struct net_addr addr = {.v4 = {.sin_family = AF_INET}};
	int server;

	load(w, ". {\n forward . /etc/resolv.conf\n}\n");
	assert_string_equal(facts_resolv_path(w), "/etc/resolv.conf");
	assert_int_equal(w->corefile.blocks[0].forwards[0].n_upstreams, 0);
	assert_int_equal(w->n_servers, 0);
	server = world_server(w, OBSERVED_UPSTREAM, &addr, "upstream", NULL);
	facts_resolv_upstreams(w, &server, 1);
	assert_int_equal(w->corefile.blocks[0].forwards[0].n_upstreams, 1);
}

static void loopback_and_encrypted_upstreams_are_not_asked(void **state)
{
	struct observed_world *w = *state;

	load(w, ". {\n forward . 127.0.0.1 tls://192.0.2.9 dns://192.0.2.8\n}\n");
	assert_int_equal(w->n_servers, 3);
	assert_int_equal(w->servers[0].state, SERVER_UNKNOWN);
	assert_true(w->servers[0].loopback_of_pod);
	assert_int_equal(w->servers[1].state, SERVER_UNKNOWN);
	assert_int_equal(w->servers[2].state, SERVER_ASKED);
}

static void the_block_with_the_longest_zone_takes_a_name(void **state)
{
	struct observed_world *w = *state;

	load(w, ". {\n forward . 192.0.2.1\n}\nexample.org sub.example.net {\n forward example.org "
		"192.0.2.2\n}\n");
	assert_int_equal(observe_block_of(w, world_name_of(w, "a.example.org")), 1);
	assert_int_equal(observe_block_of(w, world_name_of(w, "b.example.net")), 0);
	assert_non_null(observe_forward_of(w, world_name_of(w, "a.example.org")));
	assert_null(observe_forward_of(w, world_name_of(w, "a.sub.example.net")));
}

static void a_broken_corefile_says_where_and_keeps_the_rest(void **state)
{
	struct observed_world *w = *state;

	load(w, ". {\n forward . 192.0.2.1\n");
	assert_non_null(w->corefile.error);
	assert_non_null(strstr(w->corefile.error, "Corefile:"));
}

static void imports_and_environment_of_another_machine_are_left_out(void **state)
{
	struct observed_world *w = *state;

	load(w, "import custom/*.server\n. {\n forward . {$UPSTREAM}\n import /etc/hosts\n}\n");
	assert_int_equal(w->n_servers, 0);
}

static void load_kube_dns(struct observed_world *w, const char *stub_domains, const char *upstreams)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "stubDomains", stub_domains);
	cJSON_AddStringToObject(data, "upstreamNameservers", upstreams);
	kube_dns_facts(w, "configmap kube-system/kube-dns", data);
	cJSON_Delete(data);
}

static void the_configmap_of_kube_dns_is_told_as_a_corefile(void **state)
{
	struct observed_world *w = *state;

	load_kube_dns(w, "{\"corp.example\": [\"192.0.2.7:5353\"]}", "[\"192.0.2.8\", \"192.0.2.9\"]");
	assert_null(w->corefile.error);
	assert_int_equal(w->n_servers, 3);
	assert_int_equal(observe_forward_of(w, world_name_of(w, "a.corp.example"))->n_upstreams, 1);
	assert_int_equal(observe_forward_of(w, world_name_of(w, "www.example.org"))->n_upstreams, 2);
}

static void kube_dns_without_upstreams_uses_its_own_file(void **state)
{
	struct observed_world *w = *state;

	kube_dns_facts(w, "configmap kube-system/kube-dns", NULL);
	assert_string_equal(facts_resolv_path(w), "/etc/resolv.conf");
}

static void nonsense_in_the_configmap_of_kube_dns_is_left_out(void **state)
{
	struct observed_world *w = *state;

	load_kube_dns(w, "{\"a {\\n whoami\": [\"192.0.2.7\"], \"b.example\": \"192.0.2.7\"}", "not json");
	assert_null(w->corefile.error);
	assert_int_equal(w->corefile.n_blocks, 1);
	assert_string_equal(facts_resolv_path(w), "/etc/resolv.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_usual_corefile_is_understood),
		world_test(bufsize_without_a_number_and_a_cache_without_one_have_defaults),
		world_test(a_file_behind_forward_is_the_servers_own),
		world_test(loopback_and_encrypted_upstreams_are_not_asked),
		world_test(the_block_with_the_longest_zone_takes_a_name),
		world_test(a_broken_corefile_says_where_and_keeps_the_rest),
		world_test(the_configmap_of_kube_dns_is_told_as_a_corefile),
		world_test(kube_dns_without_upstreams_uses_its_own_file),
		world_test(nonsense_in_the_configmap_of_kube_dns_is_left_out),
		world_test(imports_and_environment_of_another_machine_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
