// SPDX-License-Identifier: Apache-2.0
#include "doctor/software.h"
#include "world.h"

static const struct {
	const char *text, *version;
	enum observed_software software;
} texts[] =
	{
		{"CoreDNS-1.11.1", "1.11.1", SOFTWARE_COREDNS},
		{"unbound 1.17.1", "1.17.1", SOFTWARE_UNBOUND},
		{"9.18.33-1~deb12u2-Debian", "9.18.33-1~deb12u2-Debian", SOFTWARE_BIND},
		{"dnsmasq-2.89", "2.89", SOFTWARE_DNSMASQ},
		{"PowerDNS Recursor 4.8", "PowerDNS Recursor 4.8", SOFTWARE_OTHER},
},
  images[] = {
	  {"registry.example/coredns/coredns:v1.11.1", "1.11.1", SOFTWARE_COREDNS},
	  {"registry.example:5000/coredns@sha256:00", NULL, SOFTWARE_COREDNS},
	  {"registry.example/binnacle:0.1.0@sha256:00", "0.1.0", SOFTWARE_BINNACLE},
	  {"registry.example/dns/k8s-dns-node-cache:1.23.0", "1.23.0", SOFTWARE_COREDNS},
	  {"registry.example/k8s-dns-kube-dns:1.22.28", "1.22.28", SOFTWARE_KUBE_DNS},
	  {"registry.example/coredns/sidecar:vx", "vx", SOFTWARE_UNKNOWN},
	  {"", NULL, SOFTWARE_UNKNOWN},
};

static void assert_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void version_bind_names_the_software(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *version;

		assert_int_equal(software_of_text(texts[i].text, &version), texts[i].software);
		assert_text(version, texts[i].version);
	}
}

static void an_image_names_the_software(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(images); i++) {
		const char *version;

		assert_int_equal(software_of_image(*state, images[i].text, &version), images[i].software);
		assert_text(version, images[i].version);
	}
}

static void one_address_in_two_places_is_one_software(void **state)
{
	struct observed_world *w = *state;
	const struct net_addr a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(53)}};
	struct observation o = {
		.role = NAME_VERSION, .outcome = OUTCOME_ANSWERED, .reply.text = "CoreDNS-1.9.3"};

	o.server = world_server(w, OBSERVED_RESOLVER, &a, "resolver", NULL);
	assert_int_equal(world_server(w, OBSERVED_SERVICE, &a, "service", NULL), 1);
	assert_int_equal(world_observation(w, &o), 0);
	software_read(w);
	assert_int_equal(w->servers[1].same_as, 0);
	assert_int_equal(w->servers[1].software, SOFTWARE_COREDNS);
	assert_string_equal(w->servers[1].version, "1.9.3");
}

static void the_software_of_a_pod_is_that_of_its_service_and_of_the_resolver(void **state)
{
	struct observed_world *w = *state;
	const struct net_addr a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(53)}};
	const struct net_addr b = {.v4 = {.sin_family = AF_INET, .sin_port = htons(54)}};

	(void)world_server(w, OBSERVED_SERVICE, &a, "service", NULL);
	(void)world_server(w, OBSERVED_RESOLVER, &b, "resolver", NULL);
	w->servers[world_server(w, OBSERVED_POD, &b, "pod", NULL)].software = SOFTWARE_COREDNS;
	software_read(w);
	assert_int_equal(w->servers[0].software, SOFTWARE_COREDNS);
	assert_int_equal(w->servers[1].software, SOFTWARE_COREDNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_bind_names_the_software),
		world_test(an_image_names_the_software),
		world_test(the_software_of_a_pod_is_that_of_its_service_and_of_the_resolver),
		world_test(one_address_in_two_places_is_one_software),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
