// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include "cli/convert_kube_dns.h"
#include "cli/convert_migrate.h"
#include "cli/convert_tree.h"
#include "corefile/corefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One conversion: what came out, what was told. */
struct world {
	struct arena a;
	struct cf_errors errs;
	struct conv_node *root;
	struct kube_dns k;
	char *out;
	size_t len;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	arena_init(&w->a, NULL, 0, NULL);
	cf_errors_init(&w->errs, &w->a);
	*state = w;
	return kube_dns_init(&w->a, &w->k);
}

static int teardown(void **state)
{
	struct world *w = *state;

	arena_fini(&w->a);
	free(w->out);
	free(w);
	return 0;
}

static FILE *output(struct world *w)
{
	free(w->out);
	w->out = NULL;
	return open_memstream(&w->out, &w->len);
}

static int read_corefile(struct world *w, const char *text)
{
	return conv_read(&w->a, "f", text, strlen(text), &w->errs, &w->root);
}

static const char *migrated(struct world *w, const char *from, const char *text)
{
	FILE *f;

	assert_int_equal(read_corefile(w, text), 0);
	assert_int_equal(migrate(&w->a, "f", w->root, migrate_version(from), &w->errs), 0);
	f = output(w);
	conv_print(w->root, f);
	fclose(f);
	return w->out;
}

static void expect_error(struct world *w, const char *text)
{
	char line[500];

	assert_non_null(w->errs.first);
	cf_error_format(w->errs.first, line, sizeof(line));
	if (!strstr(line, text))
		fail_msg("found \"%s\", expected \"%s\"", line, text);
}

static void test_what_nobody_touches_comes_out_as_it_went_in(void **state)
{
	static const char text[] = "# first\n"
				   "(snip) {\n"
				   "    errors # behind\n"
				   "}\n\n"
				   "import custom/*.server\n\n"
				   "a.example, b.example:53 {\n"
				   "    # above\n"
				   "    rewrite name regex \"a\\.(.*) b\" \"x \\\"y\\\" {1}\"\n"
				   "    import snip {$ARG}\n"
				   "    dnssec {\n"
				   "        key file \"two\nlines\"\n"
				   "        deep {\n"
				   "            deeper\n"
				   "        }\n"
				   "    }\n"
				   "    # below\n"
				   "}\n"
				   "# last\n";

	assert_string_equal(migrated(*state, "1.14.7", text), text);
}

static void test_braces_and_indentation_are_made_even(void **state)
{
	assert_string_equal(migrated(*state, "1.14", "a,\nb\n{\n\tcache 30\r\n  log\n{\nclass all\n}\n}"),
			    "a, b {\n    cache 30\n    log {\n        class all\n    }\n}\n");
}

static void test_a_file_without_braces_is_one_block(void **state)
{
	assert_string_equal(
		migrated(*state, "1.14", "import x\n.\nlog\nforward . 192.0.2.1 {\n max_fails 1\n}\n"),
		"import x\n\n. {\n    log\n    forward . 192.0.2.1 {\n        max_fails 1\n    }\n}\n");
}

static void test_braces_in_other_places_are_refused(void **state)
{
	static const char *const v[][2] = {
		{". {\nhealth { lameduck 5s\n}\n}\n", "f:2: found words behind \"{\""},
		{". {\nlog }\n", "f:2: found \"}\" behind other words"},
		{". {\nlog\n", "f:3: the file ends within a block"},
		{"}\n", "f:1: found \"}\", where no block is open"},
		{"{\nlog\n}\n", "f:1: found \"{\", where a name is expected"},
		{". {\nlog\n}\n}\n", "f:4: found \"}\", where no block is open"},
		{". {\nlog \"x\n}\n", "f:2: a quote is opened here"},
		{". {\nlo\rg\n}\n", "f:2: found a carriage return"},
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct world *w;

		teardown(state);
		setup(state);
		w = *state;
		assert_int_equal(read_corefile(w, v[i][0]), ERR_SYNTAX);
		expect_error(w, v[i][1]);
	}
}

static void test_blocks_do_not_nest_without_bound(void **state)
{
	struct world *w = *state;
	char text[400] = "";

	for (int i = 0; i < 40; i++)
		strcat(text, "a {\n");
	assert_int_equal(read_corefile(w, text), ERR_SYNTAX);
	expect_error(w, "f:20: more than 19 blocks");
}

static void test_versions_are_compared_as_numbers(void **state)
{
	assert_true(migrate_version("1.9.4") < migrate_version("1.10.0"));
	assert_int_equal(migrate_version("v1.3"), migrate_version("1.3.0"));
	assert_true(migrate_version("1.1.3") > 0);
	assert_int_equal(migrate_version("1"), 0);
	assert_int_equal(migrate_version("2.0.0"), 0);
	assert_int_equal(migrate_version("1.2.3.4"), 0);
	assert_int_equal(migrate_version("1.x"), 0);
	assert_int_equal(migrate_version(""), 0);
}

static void test_proxy_becomes_forward(void **state)
{
	assert_string_equal(
		migrated(*state, "1.3.1",
			 ".:53 {\nproxy . 192.0.2.1 {\npolicy first\nspray\nprotocol dns force_tcp\n"
			 "except a.example\n}\nloop\n}\n"),
		".:53 {\n    forward . 192.0.2.1 {\n        policy sequential\n        force_tcp\n"
		"        except a.example\n        max_concurrent 1000\n    }\n    loop\n}\n");
}

static void test_a_second_forward_gets_its_own_block_or_an_error(void **state)
{
	struct world *w = *state;

	assert_string_equal(
		migrated(w, "1.4.0", ". {\nforward . 192.0.2.1\nforward a.example 192.0.2.2\n}\n"),
		". {\n    forward . 192.0.2.1 {\n        max_concurrent 1000\n    }\n}\n\n"
		"a.example {\n    forward . 192.0.2.2 {\n        max_concurrent 1000\n    }\n"
		"    loop\n    errors\n    cache 30\n}\n");
	w->errs = (struct cf_errors){0};
	cf_errors_init(&w->errs, &w->a);
	assert_int_equal(read_corefile(w, "a b {\nforward c.example 192.0.2.2\n}\n"), 0);
	assert_int_equal(migrate(&w->a, "f", w->root, migrate_version("1.4.0"), &w->errs), ERR_SYNTAX);
	expect_error(w, "f:2: \"forward c.example\" can be moved only out of a block that serves");
}

static void test_what_is_gone_is_dropped_whatever_the_version(void **state)
{
	assert_string_equal(migrated(*state, "1.6.9", "a {\nfederation x\n}\nb {\nlog\n}\n"),
			    "a {\n}\n\nb {\n    log\n}\n");
	assert_string_equal(migrated(*state, "1.14.0",
				     ". {\nfederation cluster.local {\na b\n}\nkubernetes cluster.local {\n"
				     "upstream\nresyncperiod 5m\n}\n}\n"),
			    ". {\n    kubernetes cluster.local\n}\n");
}

/* ---------------------------------------------------------------- kube-dns */

static int read_configmap(struct world *w, const char *text)
{
	return kube_dns_read(&w->a, "f", text, strlen(text), &w->errs, &w->k);
}

static void test_a_configmap_is_read_as_yaml_and_as_json(void **state)
{
	static const char *const v[] = {
		("kind: ConfigMap\ndata:\n  stubDomains: |\n    {\"a.example\": [\"192.0.2.1\", "
		 "\"[2001:db8::1]:5353\"]}\n"
		 "  upstreamNameservers: |\n    [\"192.0.2.3:54\"]\n"),
		("{\"kind\": \"ConfigMap\", \"data\": {\"stubDomains\": \"{\\\"a.example\\\": "
		 "[\\\"192.0.2.1\\\", "
		 "\\\"[2001:db8::1]:5353\\\"]}\",\n\"upstreamNameservers\": \"[\\\"192.0.2.3:54\\\"]\"}}"),
		("stubDomains: '{\"a.example\": [\"192.0.2.1\", \"[2001:db8::1]:5353\"]}'\n"
		 "upstreamNameservers: '[\"192.0.2.3:54\"]'\nother: x\n"),
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct world *w;

		teardown(state);
		setup(state);
		w = *state;
		assert_int_equal(read_configmap(w, v[i]), 0);
		assert_int_equal(w->k.n_upstreams, 1);
		assert_string_equal(w->k.upstreams[0], "192.0.2.3:54");
		assert_int_equal(w->k.n_stubs, 1);
		assert_string_equal(w->k.stubs[0].domain, "a.example");
		assert_int_equal(w->k.stubs[0].n, 2);
		assert_string_equal(w->k.stubs[0].servers[1], "[2001:db8::1]:5353");
	}
}

static void test_what_forward_could_not_take_is_refused(void **state)
{
	static const char *const v[][2] = {
		{"a: b\n", "neither a ConfigMap"},
		{"data: {stubDomains: '{'}\n", "stubDomains: expected JSON"},
		{"data: {stubDomains: '[]'}\n", "stubDomains: expected a JSON object"},
		{"data: {stubDomains: '{\"a\": []}'}\n", "a: expected a JSON array"},
		{"data: {stubDomains: '{\"a\": [\"ns.example\"]}'}\n", "(kube-dns asked for the address"},
		{"data: {stubDomains: '{\"a..b\": [\"192.0.2.1\"]}'}\n", "expected the name of a domain"},
		{"data: {stubDomains: '{\"a\": [\"192.0.2.1:65536\"]}'}\n", "expected an IP address"},
		{"data: {stubDomains: '{\"a\": [\"192.0.2.1 192.0.2.2\"]}'}\n", "expected an IP address"},
		{"data: {upstreamNameservers: '{}'}\n", "expected a JSON array"},
		{"data: {upstreamNameservers: '[1]'}\n", "expected an IP address"},
		{"data: {upstreamNameservers: '[\"[192.0.2.1\"]'}\n", "expected an IP address"},
		{"data: {upstreamNameservers: '[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\"]'}\n",
		 "more than 3"},
		{"a: [\n", "f:2: expected YAML or JSON"},
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct world *w;

		teardown(state);
		setup(state);
		w = *state;
		assert_int_equal(read_configmap(w, v[i][0]), ERR_SYNTAX);
		expect_error(w, v[i][1]);
	}
}

static void test_an_empty_configmap_is_the_default(void **state)
{
	struct world *w = *state;
	FILE *f;

	assert_int_equal(read_configmap(w, "kind: ConfigMap\n"), 0);
	f = output(w);
	kube_dns_print(&w->k, f);
	fclose(f);
	assert_non_null(strstr(w->out, "kubernetes cluster.local in-addr.arpa ip6.arpa {\n"));
	assert_non_null(strstr(w->out, "forward . /etc/resolv.conf {\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_what_nobody_touches_comes_out_as_it_went_in),
		T(test_braces_and_indentation_are_made_even),
		T(test_a_file_without_braces_is_one_block),
		T(test_braces_in_other_places_are_refused),
		T(test_blocks_do_not_nest_without_bound),
		T(test_versions_are_compared_as_numbers),
		T(test_proxy_becomes_forward),
		T(test_a_second_forward_gets_its_own_block_or_an_error),
		T(test_what_is_gone_is_dropped_whatever_the_version),
		T(test_a_configmap_is_read_as_yaml_and_as_json),
		T(test_what_forward_could_not_take_is_refused),
		T(test_an_empty_configmap_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
