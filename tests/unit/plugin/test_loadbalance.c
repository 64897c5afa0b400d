// SPDX-License-Identifier: Apache-2.0
/* The order of records: classes, RRsets in one piece, signatures behind what they sign; weights as they are read. */
#include "fake_door.h"
#include "plugin/loadbalance/loadbalance.h"
#include "wire/name.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_loadbalance;

/* ---------------------------------------------------------------- an answer to order */

/* "A1 A2 S4 + ..." : letter of the type and the last octet; behind + the additional section.  S: an RRSIG. */
static const char *answer;
static bool as_wire;

static const struct {
	char letter;
	uint16_t type, rdlen;
} kinds[] = {{'A', TYPE_A, 4}, {'6', TYPE_AAAA, 16}, {'M', TYPE_MX, 3}, {'C', TYPE_CNAME, 1}, {'T', TYPE_TXT, 2},
	     {'S', TYPE_RRSIG, 0}};

static uint16_t rdata_of(char letter, unsigned n, uint8_t *out)
{
	memset(out, 0, 32);
	switch (letter) {
	case 'A':
		memcpy(out, (uint8_t[]){192, 0, 2, (uint8_t)n}, 4);
		return 4;
	case '6':
		memcpy(out, (uint8_t[]){0x20, 1, 0x0d, 0xb8}, 4);
		out[15] = (uint8_t)n;
		return 16;
	case 'M':
		out[1] = (uint8_t)n; /* the preference, and the root */
		return 3;
	case 'T':
		out[0] = 1;
		out[1] = (uint8_t)n;
		return 2;
	case 'S':
		wire_put_u16(out, n == 6 ? TYPE_AAAA : TYPE_A);
		out[20] = 1; /* signer: the root; one byte of signature */
		return 20;
	default:
		return 1; /* the root */
	}
}

static enum step answer_query(const void *state, struct query *q, void *scratch)
{
	enum wire_section s = SECTION_ANSWER;

	reply_begin(q, RCODE_NOERROR, true);
	for (const char *p = answer; *p; p++) {
		uint8_t *rdata;
		uint16_t len;

		if (*p == '+')
			s = SECTION_ADDITIONAL;
		if (*p == ' ' || *p == '+')
			continue;
		rdata = arena_alloc(&q->arena, 32);
		len = rdata_of(p[0], (unsigned)(p[1] - '0'), rdata);
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			if (kinds[i].letter == *p)
				assert_int_equal(reply_add(q, s, NULL, kinds[i].type, 60, rdata, len), 0);
		}
		p++;
	}
	if (as_wire)
		reply_set_wire(q, reply_wire(q));
	return STEP_DONE;
}

static char got[200];

/* What the client would be sent, in the same letters. */
static enum step look(const void *state, struct query *q, void *scratch)
{
	const struct wire_answer *a = reply_wire(q);
	char *out = got;

	for (unsigned i = 0; i < a->n_rr; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);
		const uint8_t *rdata = wire_answer_msg(a) + rr.rdata_off;

		if (rr.section == SECTION_ADDITIONAL && !strchr(got, '+'))
			out += sprintf(out, "+ ");
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
			unsigned last = rr.type == TYPE_RRSIG ? (wire_u16(rdata) == TYPE_A ? 1 : 6)
				      : rr.type == TYPE_MX ? rdata[1] : rdata[rr.rdlen - 1];

			if (kinds[k].type == rr.type)
				out += sprintf(out, "%c%u ", kinds[k].letter, last);
		}
	}
	if (out > got)
		out[-1] = '\0';
	return STEP_NEXT;
}

static int no_setup(struct setup *s, void *state)
{
	while (cf_directive(s->in))
		;
	return 0;
}

static const struct plugin looker = {.name = "look", .setup = no_setup, .reply = look};
static const struct plugin answerer = {.name = "answer", .setup = no_setup, .query = answer_query};

const struct plugin_slot plugin_table[] = {{"look", &looker}, {"loadbalance", &plugin_loadbalance}, {"answer", &answerer}};
const size_t plugin_table_len = 3;

static struct fake_server server;

static void start(const char *policy)
{
	char text[300];

	(void)snprintf(text, sizeof(text), ".:53 {\nlook\nloadbalance %s\nanswer\n}\n", policy);
	fake_server_start(&server, text, &query_limits_default);
}

static const char *asks(const char *records, bool wire, uint16_t type)
{
	answer = records;
	as_wire = wire;
	memset(got, 0, sizeof(got));
	fake_ask(&server, "www.example.", type, 7, true, false);
	return got;
}

/* ---------------------------------------------------------------- order */

/* Every outcome of `of` is seen, and nothing else. */
static void one_of(const char *records, const char *const *of, size_t n, uint16_t type)
{
	unsigned seen[8] = {0};

	for (unsigned i = 0; i < 400; i++) {
		const char *is = asks(records, i % 2, type);
		size_t k = 0;

		while (k < n && strcmp(of[k], is) != 0)
			k++;
		if (k == n)
			fail_msg("%s became %s", records, is);
		seen[k]++;
	}
	for (size_t k = 0; k < n; k++) {
		if (!seen[k])
			fail_msg("%s never became %s", records, of[k]);
	}
}

static void test_mx_are_shuffled(void **state)
{
	static const char *const of[] = {"M1 M2 M3", "M1 M3 M2", "M2 M1 M3", "M2 M3 M1", "M3 M1 M2", "M3 M2 M1"};

	start("round_robin");
	one_of("M1 M2 M3", of, ARRAY_LEN(of), TYPE_MX);
	fake_server_stop(&server);
}

static void test_rrsets_of_the_additional_section_stay_in_one_piece(void **state)
{
	static const char *const of[] = {"T1 + A1 A2 61 62", "T1 + A2 A1 61 62", "T1 + A1 A2 62 61", "T1 + A2 A1 62 61",
					 "T1 + 61 62 A1 A2", "T1 + 61 62 A2 A1", "T1 + 62 61 A1 A2", "T1 + 62 61 A2 A1"};

	start("round_robin");
	one_of("T1 + A1 A2 61 62", of, ARRAY_LEN(of), TYPE_TXT);
	fake_server_stop(&server);
}

static void test_signatures_stay_behind_what_they_sign(void **state)
{
	static const char *const of[] = {"T1 + A1 A2 S1 61 S6", "T1 + A2 A1 S1 61 S6"};

	start("round_robin");
	one_of("T1 + A1 A2 S1 61 S6", of, ARRAY_LEN(of), TYPE_TXT);
	fake_server_stop(&server);
}

static void test_one_rrset_of_addresses_is_left_as_it_is_and_marked(void **state)
{
	start("round_robin");
	assert_string_equal(asks("A1 A2 A3", true, TYPE_A), "A1 A2 A3");
	assert_string_equal(asks("A1 A2 A3", false, TYPE_A), "A1 A2 A3");
	fake_server_stop(&server);
}

static void test_preferred_come_first_then_the_others(void **state)
{
	static const char *const of[] = {"A3 A1 A2 + 62 61", "A3 A2 A1 + 62 61"};

	start("round_robin {\nprefer 192.0.2.3/32 2001:db8::2/128\n}");
	one_of("A1 A2 A3 + 61 62", of, ARRAY_LEN(of), TYPE_A);
	fake_server_stop(&server);
}

static char *write_file(const char *text)
{
	static char name[40];
	FILE *f;

	strcpy(name, "/tmp/bn-lb-XXXXXX");
	f = fdopen(mkstemp(name), "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return name;
}

static void test_by_weight_one_comes_first_and_the_others_stay(void **state)
{
	static const char *const of[] = {"A1 A2 A3", "A2 A1 A3", "A3 A2 A1"};
	char policy[100], *name = write_file("www.example\n192.0.2.1 2\n192.0.2.2 2\n192.0.2.3 2\n");

	(void)snprintf(policy, sizeof(policy), "weighted %s {\nreload 0s\n}", name);
	start(policy);
	one_of("A1 A2 A3", of, ARRAY_LEN(of), TYPE_A);
	assert_string_equal(asks("T1 T2", false, TYPE_TXT), "T1 T2");
	fake_server_stop(&server);
	remove(name);
}

/* ---------------------------------------------------------------- weights */

static unsigned weight(const struct weights *w, const char *name, const char *address)
{
	uint8_t owner[WIRE_NAME_MAX], addr[16];
	struct reply_rr rr = {.rdata = addr};

	assert_true(wire_name_from_text(name, owner) > 0);
	rr.rdlen = strchr(address, ':') ? 16 : 4;
	assert_int_equal(inet_pton(rr.rdlen == 16 ? AF_INET6 : AF_INET, address, addr), 1);
	return weights_of(w, owner, &rr);
}

static void test_weights_are_found_by_name_and_address(void **state)
{
	static const char text[] = "# c\r\n\n  www.Example \n192.0.2.1\t7\n 2001:db8::1 9 \nother.example.\n192.0.2.1 3\n"
				   "WWW.example.\n192.0.2.2 4\n192.0.2.1 200\n";
	struct weights *w;
	char error[100];

	assert_int_equal(weights_parse(text, strlen(text), &w, error, sizeof(error)), 0);
	assert_int_equal(weight(w, "www.example.", "192.0.2.1"), 7); /* the first counts */
	assert_int_equal(weight(w, "wWw.eXample.", "192.0.2.2"), 4);
	assert_int_equal(weight(w, "www.example.", "2001:db8::1"), 9);
	assert_int_equal(weight(w, "www.example.", "2001:db8::2"), 1);
	assert_int_equal(weight(w, "other.example.", "192.0.2.1"), 3);
	assert_int_equal(weight(w, "third.example.", "192.0.2.1"), 1);
	assert_int_equal(weight(NULL, "www.example.", "192.0.2.1"), 1);
	weights_free(w);
	assert_int_equal(weights_parse("", 0, &w, error, sizeof(error)), 0);
	assert_int_equal(weight(w, "www.example.", "192.0.2.1"), 1);
	weights_free(w);
}

static void test_mistakes_are_told_with_their_line(void **state)
{
	static const char *const bad[][2] = {
		{"www.example\n192.0.2.1 256\n", "line 2: \"256\" is no weight"},
		{"www.example\n192.0.2.1 0", "line 2: \"0\" is no weight"},
		{"www.example\n192.0.2.1 -1", "line 2: \"-1\" is no weight"},
		{"www.example\n192.0.2.1 1x", "line 2: \"1x\" is no weight"},
		{"\n192.0.2.1 1", "line 2: \"192.0.2.1\" comes before any name"},
		{"www.example\n192.0.2 1", "line 2: \"192.0.2\" is no IP address"},
		{"www.example\n192.0.2.1\n", "line 2: address \"192.0.2.1\" has no weight"},
		{"www.example\n192.0.2.1 1 2\n", "line 2: found \"2\""},
		{"a..b\n", "line 1: \"a..b\" is no domain name"},
	};
	struct weights *w;
	char error[200];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(weights_parse(bad[i][0], strlen(bad[i][0]), &w, error, sizeof(error)), -EINVAL);
		if (strncmp(error, bad[i][1], strlen(bad[i][1])) != 0)
			fail_msg("\"%s\" is not \"%s\"", error, bad[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mx_are_shuffled),
		cmocka_unit_test(test_rrsets_of_the_additional_section_stay_in_one_piece),
		cmocka_unit_test(test_signatures_stay_behind_what_they_sign),
		cmocka_unit_test(test_one_rrset_of_addresses_is_left_as_it_is_and_marked),
		cmocka_unit_test(test_preferred_come_first_then_the_others),
		cmocka_unit_test(test_by_weight_one_comes_first_and_the_others_stay),
		cmocka_unit_test(test_weights_are_found_by_name_and_address),
		cmocka_unit_test(test_mistakes_are_told_with_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
