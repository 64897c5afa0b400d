// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"
#include "wire/name.h"

enum { NAME_TEXT = 1024 };

/* "scheme zone port" of each key, ";" between them; "-" for no port. */
static const char *show(struct world *w, const struct cf_keys *k)
{
	char zone[NAME_TEXT];
	const char *s = "";

	for (size_t i = 0; i < k->n; i++) {
		assert_int_equal(wire_name_len(k->v[i].zone), k->v[i].zone_len);
		wire_name_text(k->v[i].zone, zone);
		s = arena_printf(&w->a, "%s%s%s %s ", s, i ? "; " : "", k->v[i].scheme, zone);
		s = k->v[i].has_port ? arena_printf(&w->a, "%s%u", s, k->v[i].port)
				     : arena_printf(&w->a, "%s-", s);
		assert_non_null(s);
	}
	return s;
}

static int parse(struct world *w, const char *text, struct cf_keys *ret)
{
	struct cf_token *t = arena_zalloc(&w->a, sizeof(*t));

	assert_non_null(t);
	*t = (struct cf_token){.text = text, .file = "Corefile", .line = 7};
	*ret = (struct cf_keys){0};
	cf_errors_init(&w->errs, &w->a);
	return cf_key_parse(&w->a, t, &w->errs, ret);
}

static void check(struct world *w, const struct named_text *v, size_t n)
{
	struct cf_keys k;

	for (size_t i = 0; i < n; i++) {
		int r = parse(w, v[i].name, &k);
		assert_string_equal(world_errors(w, false), "");
		assert_int_equal(r, 0);
		assert_string_equal(show(w, &k), v[i].text);
	}
}

static void test_key_has_scheme_zone_and_port(void **state)
{
	static const struct named_text v[] = {
		{".", "dns . -"},
		{".:53", "dns . 53"},
		{"Example.ORG", "dns example.org. -"},
		{"a.", "dns a. -"},
		{"dns://a:1053", "dns a. 1053"},
		{"tls://.", "tls . -"},
		{"quic://a", "quic a. -"},
		{"https://a:443", "https a. 443"},
		{"https3://a", "https3 a. -"},
		{"grpc://a", "grpc a. -"},
		{"a:0", "dns a. 0"},
		{"a:+53", "dns a. 53"},
		{"a:0053", "dns a. 53"},
		{"a:65535", "dns a. 65535"},
		{"a:x", "dns a:x. -"},
		{"2001:db8::1:5353", "dns 2001:db8::1. 5353"},
		{"10.0.0.1:53", "dns 10.0.0.1. 53"},
		{"*.a", "dns *.a. -"},
		{"a\\.b", "dns a\\.b. -"},
		{"TLS://a", "dns tls://a. -"},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_key_expands_networks(void **state)
{
	static const struct named_text v[] = {
		{"10.0.0.0/24", "dns 0.0.10.in-addr.arpa. -"},
		{"10.1.0.0/16:53", "dns 1.10.in-addr.arpa. 53"},
		{"10.0.0.0/8", "dns 10.in-addr.arpa. -"},
		{"10.0.0.7/32", "dns 7.0.0.10.in-addr.arpa. -"},
		{"10.0.0.0/15", "dns 0.10.in-addr.arpa. -; dns 1.10.in-addr.arpa. -"},
		{"192.168.1.1/23", "dns 0.168.192.in-addr.arpa. -; dns 1.168.192.in-addr.arpa. -"},
		{"192.0.2.254/31", "dns 254.2.0.192.in-addr.arpa. -; dns 255.2.0.192.in-addr.arpa. -"},
		{"0.0.0.0/0", "dns in-addr.arpa. -"},
		{"tls://2001:db8::/32", "tls 8.b.d.0.1.0.0.2.ip6.arpa. -"},
		{"2001:db8::/31", "dns 8.b.d.0.1.0.0.2.ip6.arpa. -; dns 9.b.d.0.1.0.0.2.ip6.arpa. -"},
		{"2001:db8::/35", "dns 0.8.b.d.0.1.0.0.2.ip6.arpa. -; dns 1.8.b.d.0.1.0.0.2.ip6.arpa. -"},
		{"2000::/3", "dns 2.ip6.arpa. -; dns 3.ip6.arpa. -"},
		{"10.0.0.0/024", "dns 0.0.10.in-addr.arpa. -"},
		/* no networks, so names */
		{"10.0.0.0/33", "dns 10.0.0.0/33. -"},
		{"10.0.0/24", "dns 10.0.0/24. -"},
		{"010.0.0.0/8", "dns 010.0.0.0/8. -"},
		{"10.0.0.0/24.", "dns 10.0.0.0/24. -"},
		{"10.0.0.0/", "dns 10.0.0.0/. -"},
		{"fe80::%eth0/64", "dns fe80::%eth0/64. -"},
		{"10.0.0.0/24/8", "dns 10.0.0.0/24/8. -"},
		{"10.0.0.0/99999999999", "dns 10.0.0.0/99999999999. -"},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_key_expands_to_at_most_128_zones(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} v[] = {{"10.1.2.0/27", 32},
		 {"128.0.0.0/1", 128},
		 {"10.0.0.0/25", 128},
		 {"8000::/1", 8},
		 {"2001:db8::/125", 8}};
	struct world *w = *state;
	struct cf_keys k;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		assert_int_equal(parse(w, v[i].text, &k), 0);
		assert_int_equal(k.n, v[i].n);
	}
	assert_int_equal(parse(w, "10.1.2.0/27", &k), 0);
	assert_memory_equal(k.v[31].zone,
			    "\002"
			    "31\0012\0011\00210\007in-addr\004arpa",
			    k.v[31].zone_len);
}

static void test_key_refuses_what_is_no_zone(void **state)
{
	static const struct named_text v[] = {
		{"a:", "Corefile:7: key \"a:\": \"a:\" ends with a colon"},
		{":53", "\":53\" has no zone"},
		{"", "has no zone"},
		{"dns://:53", "\":53\" has no zone"},
		{"a..b", "\"a..b\" is no domain name"},
		{".a", "is no domain name"},
		{"..", "is no domain name"},
		{"a:65536", "port \"65536\" is not within 0 to 65535"},
		{"a:-5", "port \"-5\" is not within"},
		{"a:99999999999999999999", "is not within"},
		{"::/0", "network \"::/0\" begins with \":\""},
		{"0::/8", "network \"0::/8\" begins with \"0\""},
		{"unix:///run/x", "scheme \"unix://\" has no listener"},
		{".:53{", "a blank is missing before \"{\""},
		{"a{", "a blank is missing before \"{\""},
		{"a\\", "is no domain name"},
		{"a\\300b", "is no domain name"},
		{"a123456789012345678901234567890123456789012345678901234567890123", "is no domain name"},
	};
	struct world *w = *state;
	struct cf_keys k;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		assert_int_equal(parse(w, v[i].name, &k), ERR_SYNTAX);
		assert_contains(world_errors(w, false), v[i].text);
		assert_int_equal(k.n, 0);
	}
}

static void test_key_refuses_long_text(void **state)
{
	struct world *w = *state;
	char text[301];
	struct cf_keys k;

	memset(text, 'a', 300);
	for (int i = 50; i < 300; i += 50)
		text[i] = '.';
	text[300] = 0;
	assert_int_equal(parse(w, text, &k), ERR_SYNTAX);
	assert_contains(world_errors(w, false), "has 300 characters");
}

static void test_key_warns_of_unknown_schemes(void **state)
{
	struct world *w = *state;
	struct cf_keys k;

	assert_int_equal(parse(w, "foo://a:53", &k), 0);
	assert_string_equal(show(w, &k), "dns foo://a. 53");
	assert_contains(world_errors(w, true), "Corefile:7: key \"foo://a:53\": the scheme is not known");
}

static void test_zone_arg_leaves_out_what_is_no_zone(void **state)
{
	static const char *const texts[] = {"tls://A.Example:853", "a..b", "10.0.0.0/15", ".", "unix://x"};
	struct cf_token t[ARRAY_LEN(texts)];
	struct world *w = *state;
	struct cf_keys k = {0};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		t[i] = (struct cf_token){.text = texts[i], .file = "Corefile", .line = 3};
		cf_zone_arg(&w->a, &t[i], &w->errs, &k);
	}
	assert_string_equal(
		show(w, &k),
		"tls a.example. 853; dns 0.10.in-addr.arpa. -; dns 1.10.in-addr.arpa. -; dns . -; "
		"unix x. -");
	assert_int_equal(w->errs.n_errors, 0);
	assert_contains(world_errors(w, true),
			"Corefile:3: zone \"a..b\" is left out: \"a..b\" is no domain name");
}

static void test_zone_arg_goes_on_behind_a_wrong_one(void **state)
{
	struct cf_token good = {.text = "a", .file = "Corefile", .line = 1};
	struct cf_token bad = {.text = "a..b", .file = "Corefile", .line = 1};
	struct world *w = *state;
	struct cf_keys k = {0};

	for (int i = 0; i < 100; i++) { /* wherever the array has to grow */
		cf_zone_arg(&w->a, &good, &w->errs, &k);
		cf_zone_arg(&w->a, &bad, &w->errs, &k);
	}
	assert_int_equal(k.n, 100);
	assert_int_equal(w->errs.n_warnings, 100);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_key_has_scheme_zone_and_port),
		T(test_key_expands_networks),
		T(test_key_expands_to_at_most_128_zones),
		T(test_key_refuses_what_is_no_zone),
		T(test_key_refuses_long_text),
		T(test_key_warns_of_unknown_schemes),
		T(test_zone_arg_leaves_out_what_is_no_zone),
		T(test_zone_arg_goes_on_behind_a_wrong_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
