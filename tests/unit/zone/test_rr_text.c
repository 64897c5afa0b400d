// SPDX-License-Identifier: Apache-2.0
/* Records from zone-file text. */
#include "base/compiler.h"
#include "base/err.h"
#include "wire/name.h"
#include "zone/rr_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rdata_cases.h"

static const uint8_t origin[] = "\7example\3org";
static uint8_t rdata[ZONE_RDATA_MAX];
static struct zone_rr rr;
static const char *why;

static int read_with(const char *text, const struct zone_context *c)
{
	rr = (struct zone_rr){.rdata = rdata};
	return zone_rr_from_text(text, strlen(text), c, &rr, &why);
}

static int read_rr(const char *text)
{
	struct zone_context c = {.origin = origin, .owner = origin, .ttl_s = 3600, .has_ttl = true, .cls = CLASS_IN};

	return read_with(text, &c);
}

static void owner_is(const char *text)
{
	char shown[WIRE_NAME_TEXT_MAX];

	wire_name_text(rr.owner, shown);
	assert_string_equal(shown, text);
}

static void test_rdata_is_what_others_make_of_it(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rdata_cases); i++) {
		char text[2048], hex[4096] = "";
		int r;

		snprintf(text, sizeof(text), "a %s %s", rdata_cases[i].type, rdata_cases[i].text);
		r = read_rr(text);
		for (unsigned b = 0; !r && b < rr.rdlen; b++)
			snprintf(hex + strlen(hex), 3, "%02x", rdata[b]);
		if (!r && !strcmp(hex, rdata_cases[i].hex))
			continue;
		print_message("%s: %s\n    got  %s\n    want %s\n", text, r ? why : "", hex, rdata_cases[i].hex);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_owner_ttl_and_class_are_read_in_either_order(void **state)
{
	static const struct {
		const char *text, *owner;
		uint32_t ttl_s;
		uint16_t cls;
	} heads[] = {
		{"www 60 IN A 192.0.2.1", "www.example.org.", 60, CLASS_IN},
		{"www IN 60 A 192.0.2.1", "www.example.org.", 60, CLASS_IN},
		{"www A 192.0.2.1", "www.example.org.", 3600, CLASS_IN},
		{"www. 1h30m a 192.0.2.1", "www.", 5400, CLASS_IN},
		{"@ 1W2D ch A 192.0.2.1", "example.org.", 777600, CLASS_CH},
		{"  5 A 192.0.2.1", "example.org.", 5, CLASS_IN},
		{"\n; note\n\n* 0 IN A 192.0.2.1 ; end", "*.example.org.", 0, CLASS_IN},
		{"a\\.b\\032c\\255 A 192.0.2.1", "a\\.b\\ c\\255.example.org.", 3600, CLASS_IN},
		{"x ( 60\n IN ; note\n A\n 192.0.2.1 )", "x.example.org.", 60, CLASS_IN},
		{"in 60 in A 192.0.2.1", "in.example.org.", 60, CLASS_IN},
		{"60 60 A 192.0.2.1", "60.example.org.", 60, CLASS_IN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		if (read_rr(heads[i].text))
			fail_msg("%s: %s", heads[i].text, why);
		owner_is(heads[i].owner);
		assert_int_equal(rr.ttl_s, heads[i].ttl_s);
		assert_int_equal(rr.cls, heads[i].cls);
		assert_int_equal(rr.type, TYPE_A);
		assert_int_equal(rr.rdlen, 4);
	}
}

static void test_what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "no record"},
		{"; nothing\n", "no record"},
		{"$TTL 60", "directive"},
		{"a", "no type"},
		{"a 60 IN", "no type"},
		{"a 60 IN NOPE 1", "expected a TTL"},
		{"a 60 IN OPT 1", "expected a TTL"},
		{"a 60 IN ANY 1", "expected a TTL"},
		{"a 60 60 A 192.0.2.1", "expected a TTL"},
		{"a..b A 192.0.2.1", "owner"},
		{"\"a\" A 192.0.2.1", "owner"},
		{"a\\300b A 192.0.2.1", "owner"},
		{"a A", "too early"},
		{"a A 192.0.2.1 192.0.2.2", "more behind the end"},
		{"a A 192.0.2.256", "IPv4"},
		{"a A word", "IPv4"},
		{"a AAAA 192.0.2.1", "IPv6"},
		{"a MX 65536 a", "0 to 65535"},
		{"a MX -1 a", "0 to 65535"},
		{"a MX 1 a..b", "domain name"},
		{"a TXT \"open", "not closed"},
		{"a TXT ( b", "not closed"},
		{"a TXT b )", ") without ("},
		{"a TXT a\\999", "escape"},
		{"a DS 1 1 1 0", "not whole"},
		{"a DS 1 1 1 0x", "hex"},
		{"a DNSKEY 1 1 1 !!", "base64"},
		{"a RRSIG A 1 1 1 20301301000000 1 1 . AA==", "time"},
		{"a NSEC b NOPE", "record type"},
		{"a A \\# 3 c00002", "type's form"},
		{"a A \\# 5 c0000201", "not as long"},
		{"a HTTPS 1 . nope=1", "unknown service parameter"},
		{"a HTTPS 1 . port=1 port=2", "twice"},
		{"a HTTPS 1 . alpn=", "needs a value"},
		{"a HTTPS 1 . no-default-alpn=1", "no value"},
		{"a 2147483648 A 192.0.2.1", "TTL"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_rr(cases[i].text), ERR_SYNTAX);
		if (!strstr(why, cases[i].words))
			fail_msg("%s: said \"%s\"", cases[i].text, why);
	}
}

static void test_what_is_left_out_must_be_known(void **state)
{
	struct zone_context c = {.origin = origin, .cls = CLASS_IN};

	(void)state;
	assert_int_equal(read_with("a A 192.0.2.1", &c), ERR_SYNTAX);
	assert_non_null(strstr(why, "$TTL"));
	assert_int_equal(read_with("  60 A 192.0.2.1", &c), ERR_SYNTAX);
	assert_non_null(strstr(why, "no owner"));
	c.origin = NULL;
	assert_int_equal(read_with("a 60 A 192.0.2.1", &c), ERR_SYNTAX);
	assert_int_equal(read_with("@ 60 A 192.0.2.1", &c), ERR_SYNTAX);
	assert_int_equal(read_with("a. 60 A 192.0.2.1", &c), 0);
}

static void test_text_longer_than_a_string_is_cut_into_strings(void **state)
{
	char text[700] = "a TXT \"";

	(void)state;
	memset(text + strlen(text), 'x', 600);
	strcat(text, "\"");
	assert_int_equal(read_rr(text), 0);
	assert_int_equal(rr.rdlen, 603);
	assert_int_equal(rdata[0], 255);
	assert_int_equal(rdata[256], 255);
	assert_int_equal(rdata[512], 90);
}

static void test_names_have_at_most_255_octets(void **state)
{
	char text[400] = "";

	(void)state;
	for (int i = 0; i < 121; i++)
		strcat(text, "a.");
	strcat(text, "b A 192.0.2.1"); /* 121 * 2 + 2 and the origin's 13 are 257 */
	assert_int_equal(read_rr(text), ERR_SYNTAX);
	assert_int_equal(read_rr(text + 2), 0);
	assert_int_equal(rr.owner_len, 255);
	memset(text, 'x', 64);
	strcpy(text + 64, " A 192.0.2.1");
	assert_int_equal(read_rr(text), ERR_SYNTAX);
	assert_int_equal(read_rr(text + 1), 0);
}

static void test_rare_types_are_refused_while_serving(void **state)
{
	struct zone_context c = {.origin = origin, .ttl_s = 60, .has_ttl = true, .cls = CLASS_IN, .no_ldns = true};

	(void)state;
	assert_int_equal(read_with("a APL 1:192.0.2.0/24", &c), ERR_SYNTAX);
	assert_non_null(strstr(why, "LENGTH HEX"));
	assert_int_equal(read_with("a APL \\# 0", &c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rdata_is_what_others_make_of_it),
		cmocka_unit_test(test_owner_ttl_and_class_are_read_in_either_order),
		cmocka_unit_test(test_what_is_wrong_is_told),
		cmocka_unit_test(test_what_is_left_out_must_be_known),
		cmocka_unit_test(test_text_longer_than_a_string_is_cut_into_strings),
		cmocka_unit_test(test_names_have_at_most_255_octets),
		cmocka_unit_test(test_rare_types_are_refused_while_serving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
