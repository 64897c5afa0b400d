// SPDX-License-Identifier: Apache-2.0
/* Zone files and what a zone answers. */
#include "base/arena.h"
#include "base/err.h"
#include "wire/name.h"
#include "zone/zone.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t origin[] = "\7example\3org";

/* Files of a made-up file system: name, text, name, text ... NULL. */
static const char *const *files;

static int read_made_up(void *arg, const char *path, char **ret_text, size_t *ret_len)
{
	for (const char *const *f = files; *f; f += 2) {
		if (strcmp(f[0], path))
			continue;
		*ret_text = strdup(f[1]);
		*ret_len = strlen(f[1]);
		return *ret_text ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static struct zone_reader r;

static int load(const char *const *from, struct zone **ret)
{
	struct zone_builder *b = zone_builder_new(origin);
	int err;

	assert_non_null(b);
	files = from;
	r = (struct zone_reader){.origin = origin, .to = b, .read = read_made_up};
	err = zone_read_file(&r, files[0]);
	if (!err)
		err = zone_build(b, ret);
	zone_builder_free(b);
	return err;
}

static struct zone *load_text(const char *text)
{
	const char *const from[] = {"/z/db", text, NULL};
	struct zone *z = NULL;
	int err = load(from, &z);

	if (err)
		fail_msg("%s (%d)", r.error, err);
	return z;
}

PRINTF(3, 4) static void append(char *out, size_t size, const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + n, size - n, fmt, ap);
	va_end(ap);
}

/* "NOERROR aa | an: owner TYPE n ttl, ... | au: ... | ad: ... | to target | *wildcard | missing" */
static const char *ask(const struct zone *z, const char *name, uint16_t type, bool dnssec)
{
	static const char *const sections[] = {"an", "au", "ad"};
	static char out[2048];
	char text[WIRE_NAME_TEXT_MAX], buf[16];
	uint8_t wire[WIRE_NAME_MAX];
	struct zone_answer a;
	struct arena arena;
	int len = wire_name_from_text(name, wire), section = -1;

	assert_true(len > 0);
	arena_init(&arena, NULL, 0, NULL);
	assert_int_equal(zone_lookup(z, wire, (size_t)len, type, dnssec, &arena, &a), 0);
	snprintf(out, sizeof(out), "%s%s", wire_rcode_text(a.rcode, buf), a.aa ? " aa" : "");
	for (const struct zone_part *p = a.parts; p; p = p->next) {
		if (section != (int)p->section)
			append(out, sizeof(out), " | %s:", sections[p->section]);
		section = (int)p->section;
		wire_name_text(p->owner ? p->owner : wire, text);
		append(out, sizeof(out), " %s %s%s%u", text, wire_type_text(p->set->type, buf), p->required ? "" : "~", p->set->n);
	}
	if (a.target) {
		wire_name_text(a.target, text);
		append(out, sizeof(out), " | to %s", text);
	}
	append(out, sizeof(out), "%s%s%s", a.wildcard ? " | wildcard" : "", a.name_missing ? " | missing" : "",
	       a.loop ? " | loop" : "");
	arena_fini(&arena);
	return out;
}

#define SOA "@ 3600 IN SOA ns admin 7 7200 900 1209600 60\n@ 3600 IN NS ns\nns 3600 IN A 192.0.2.53\n"

static void test_a_zone_answers_by_the_rules(void **state)
{
	struct zone *z = load_text(SOA
		"www 300 A 192.0.2.1\nwww 300 A 192.0.2.2\nWWW 300 A 192.0.2.1\n"
		"alias 300 CNAME www\nout 300 CNAME a.elsewhere.\nlone 300 CNAME nowhere\nnodata 300 CNAME ns\n"
		"one 300 CNAME two\ntwo 300 CNAME one\n"
		"*.wild 300 A 192.0.2.9\n*.wildalias 300 CNAME www\nx.y.wild 300 TXT x\n"
		"a.b.ent 300 A 192.0.2.3\n"
		"sub 300 NS ns.sub\nsub 300 NS ns\nns.sub 300 A 192.0.2.60\nhidden.sub 300 A 192.0.2.61\nsub 300 DS 1 1 1 00\n"
		"cut 300 NS ns.elsewhere.\ntocut 300 CNAME www.cut\n"
		"old 300 DNAME new\nwww.new 300 A 192.0.2.4\nself 300 DNAME self\n"
		"@ 300 MX 10 mail\n@ 300 MX 20 mail\nmail 300 A 192.0.2.25\nmail 300 AAAA ::1\n"
		"_s._tcp 300 SRV 1 1 1 mail\nsvc 300 HTTPS 1 mail\n");
	static const struct {
		const char *name;
		uint16_t type;
		const char *answer;
	} asked[] = {
		{"example.org", TYPE_SOA, "NOERROR aa | an: example.org. SOA1 | au: example.org. NS~1"},
		{"example.org", TYPE_NS, "NOERROR aa | an: example.org. NS1 | ad: ns.example.org. A~1"},
		{"www.example.org", TYPE_A, "NOERROR aa | an: www.example.org. A2 | au: example.org. NS~1"},
		{"www.example.org", TYPE_AAAA, "NOERROR aa | au: example.org. SOA1"},
		{"www.example.org", TYPE_ANY, "NOERROR aa | au: example.org. SOA1"},
		{"nope.example.org", TYPE_A, "NXDOMAIN aa | au: example.org. SOA1 | missing"},
		{"below.www.example.org", TYPE_A, "NXDOMAIN aa | au: example.org. SOA1 | missing"},
		{"alias.example.org", TYPE_A,
		 "NOERROR aa | an: alias.example.org. CNAME1 www.example.org. A2 | au: example.org. NS~1"},
		{"alias.example.org", TYPE_CNAME, "NOERROR aa | an: alias.example.org. CNAME1 | au: example.org. NS~1"},
		{"out.example.org", TYPE_A,
		 "NOERROR aa | an: out.example.org. CNAME1 | au: example.org. NS~1 | to a.elsewhere."},
		{"lone.example.org", TYPE_A, "NXDOMAIN aa | an: lone.example.org. CNAME1 | au: example.org. SOA1"},
		{"nodata.example.org", TYPE_AAAA, "NOERROR aa | an: nodata.example.org. CNAME1 | au: example.org. SOA1"},
		{"x.wild.example.org", TYPE_A, "NOERROR aa | an: x.wild.example.org. A1 | au: example.org. NS~1 | wildcard"},
		{"x.z.wild.example.org", TYPE_A,
		 "NOERROR aa | an: x.z.wild.example.org. A1 | au: example.org. NS~1 | wildcard"},
		{"x.wild.example.org", TYPE_TXT, "NOERROR aa | au: example.org. SOA1 | wildcard"},
		{"y.wild.example.org", TYPE_A, "NOERROR aa | au: example.org. SOA1 | missing"},
		{"z.y.wild.example.org", TYPE_A, "NXDOMAIN aa | au: example.org. SOA1 | missing"},
		{"*.wild.example.org", TYPE_A, "NOERROR aa | an: *.wild.example.org. A1 | au: example.org. NS~1"},
		{"x.wildalias.example.org", TYPE_A,
		 "NOERROR aa | an: x.wildalias.example.org. CNAME1 www.example.org. A2 | au: example.org. NS~1 | wildcard"},
		{"ent.example.org", TYPE_A, "NOERROR aa | au: example.org. SOA1 | missing"},
		{"b.ent.example.org", TYPE_A, "NOERROR aa | au: example.org. SOA1 | missing"},
		{"x.sub.example.org", TYPE_A, "NOERROR | au: sub.example.org. NS2 | ad: ns.sub.example.org. A1"},
		{"sub.example.org", TYPE_NS, "NOERROR | au: sub.example.org. NS2 | ad: ns.sub.example.org. A1"},
		{"ns.sub.example.org", TYPE_A, "NOERROR | au: sub.example.org. NS2 | ad: ns.sub.example.org. A1"},
		{"sub.example.org", TYPE_DS, "NOERROR aa | an: sub.example.org. DS1 | au: example.org. NS~1"},
		{"cut.example.org", TYPE_DS, "NOERROR aa | au: example.org. SOA1"},
		{"tocut.example.org", TYPE_A, "NOERROR aa | an: tocut.example.org. CNAME1 | au: cut.example.org. NS1"},
		{"www.old.example.org", TYPE_A,
		 "NOERROR aa | an: old.example.org. DNAME1 www.old.example.org. CNAME1 www.new.example.org. A1 | au: example.org. NS~1"},
		{"old.example.org", TYPE_DNAME, "NOERROR aa | an: old.example.org. DNAME1 | au: example.org. NS~1"},
		{"old.example.org", TYPE_A, "NOERROR aa | au: example.org. SOA1"},
		{"example.org", TYPE_MX,
		 "NOERROR aa | an: example.org. MX2 | au: example.org. NS~1 | ad: mail.example.org. A~1 mail.example.org. AAAA~1"},
		{"_s._tcp.example.org", TYPE_SRV,
		 "NOERROR aa | an: _s._tcp.example.org. SRV1 | au: example.org. NS~1 | ad: mail.example.org. A~1 mail.example.org. AAAA~1"},
		{"svc.example.org", TYPE_HTTPS,
		 "NOERROR aa | an: svc.example.org. HTTPS1 | au: example.org. NS~1 | ad: mail.example.org. A~1 mail.example.org. AAAA~1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		const char *got = ask(z, asked[i].name, asked[i].type, false);

		if (strcmp(got, asked[i].answer))
			fail_msg("%s %u:\n  got  %s\n  want %s", asked[i].name, asked[i].type, got, asked[i].answer);
	}
	assert_non_null(strstr(ask(z, "one.example.org", TYPE_A, false), "loop"));
	assert_non_null(strstr(ask(z, "x.self.example.org", TYPE_A, false), "loop"));
	zone_free(z);
}

static void test_a_dname_that_makes_a_name_too_long_is_told(void **state)
{
	char text[1024], name[300] = "";
	struct zone *z;

	(void)state;
	snprintf(text, sizeof(text), SOA "old 300 DNAME %063d.%063d.%063d.\n", 1, 2, 3);
	z = load_text(text);
	for (int i = 0; i < 40; i++)
		strcat(name, "a.");
	strcat(name, "old.example.org");
	assert_string_equal(ask(z, name, TYPE_A, false), "YXDOMAIN aa | an: old.example.org. DNAME1");
	zone_free(z);
}

static void test_a_signed_zone_proves_what_it_denies(void **state)
{
	struct zone *z = load_text(SOA
		"@ 60 NSEC a NS SOA RRSIG NSEC\n@ 60 RRSIG SOA 13 2 60 20370101000000 20240101000000 1 example.org. AAEC\n"
		"@ 60 RRSIG NSEC 13 2 60 20370101000000 20240101000000 1 example.org. AAEC\n"
		"a 60 A 192.0.2.1\na 60 RRSIG A 13 3 60 20370101000000 20240101000000 1 example.org. AAEC\n"
		"a 60 NSEC x.ent A RRSIG NSEC\n"
		"x.ent 60 A 192.0.2.1\nx.ent 60 NSEC sub A NSEC\n"
		"sub 60 NS ns.sub\nsub 60 NSEC *.w NS NSEC\nns.sub 60 A 192.0.2.1\n"
		"*.w 60 A 192.0.2.1\n*.w 60 NSEC @ A NSEC\n");

	(void)state;
	assert_string_equal(ask(z, "a.example.org", TYPE_A, true),
			    "NOERROR aa | an: a.example.org. A1 a.example.org. RRSIG1 | au: example.org. NS~1");
	assert_string_equal(ask(z, "a.example.org", TYPE_A, false), "NOERROR aa | an: a.example.org. A1 | au: example.org. NS~1");
	assert_string_equal(ask(z, "a.example.org", TYPE_RRSIG, false), "NOERROR aa | an: a.example.org. RRSIG1");
	assert_string_equal(ask(z, "b.example.org", TYPE_A, true),
			    "NXDOMAIN aa | au: example.org. SOA1 example.org. RRSIG1 a.example.org. NSEC1 example.org. NSEC1 "
			    "example.org. RRSIG1 | missing");
	assert_string_equal(ask(z, "a.example.org", TYPE_TXT, true),
			    "NOERROR aa | au: example.org. SOA1 example.org. RRSIG1 a.example.org. NSEC1");
	assert_string_equal(ask(z, "ent.example.org", TYPE_A, true),
			    "NOERROR aa | au: example.org. SOA1 example.org. RRSIG1 a.example.org. NSEC1 | missing");
	assert_string_equal(ask(z, "x.sub.example.org", TYPE_A, true),
			    "NOERROR | au: sub.example.org. NS1 sub.example.org. NSEC1 | ad: ns.sub.example.org. A1");
	assert_string_equal(ask(z, "q.w.example.org", TYPE_A, true),
			    "NOERROR aa | an: q.w.example.org. A1 | au: example.org. NS~1 *.w.example.org. NSEC1 | wildcard");
	assert_string_equal(ask(z, "q.w.example.org", TYPE_TXT, true),
			    "NOERROR aa | au: example.org. SOA1 example.org. RRSIG1 *.w.example.org. NSEC1 | wildcard");
	zone_free(z);
}

static void test_names_stand_in_canonical_order(void **state)
{
	static const char *const order[] = {"example.org.", "a.example.org.", "yljkjljk.a.example.org.", "Z.a.example.org.",
					    "zABC.a.EXAMPLE.org.", "z.example.org.", "\\001.z.example.org.", "*.z.example.org.",
					    "\\200.z.example.org."};
	struct zone *z = load_text(SOA "\\200.z 1 TXT x\n*.z 1 TXT x\n\\001.z 1 TXT x\nz 1 TXT x\nzABC.a 1 TXT x\nZ.a 1 TXT x\n"
				       "yljkjljk.a 1 TXT x\na 1 TXT x\n");
	const struct zone_node *const *nodes;
	size_t n = zone_nodes(z, &nodes), at = 0;

	(void)state;
	assert_int_equal(n, ARRAY_LEN(order) + 1); /* ns too */
	for (size_t i = 0; i < n; i++) {
		char text[WIRE_NAME_TEXT_MAX];

		wire_name_text(nodes[i]->name, text);
		if (!strcmp(text, "ns.example.org."))
			continue;
		assert_int_equal(strcasecmp(text, order[at++]), 0);
	}
	zone_free(z);
}

static void test_directives_are_understood(void **state)
{
	static const char *const from[] = {
		"/z/db",
		"$TTL 1h\n@ IN SOA ns admin ( 7 ; serial\n 2h 15m\n 2w 1m )\n NS ns\nns A 192.0.2.1\n AAAA ::1\n$TTL 90\nb A 192.0.2.2\n"
		"$ORIGIN dept\nc A 192.0.2.3\n$INCLUDE sub/inc lab.example.org. ; note\nd A 192.0.2.4\n"
		"$GENERATE 1-3 n$ A 192.0.2.$\n$GENERATE 8-10/2 p${1,3,d} TXT \"${0,2,X} \\$\"\nout.example.net. A 192.0.2.9\n",
		"/z/sub/inc", "x A 192.0.2.5\n  AAAA ::2\n$INCLUDE deeper\n",
		"/z/sub/deeper", "y A 192.0.2.6", NULL};
	struct zone *z = NULL;

	(void)state;
	if (load(from, &z))
		fail_msg("%s", r.error);
	assert_int_equal(zone_serial(z), 7);
	assert_non_null(strstr(ask(z, "ns.example.org", TYPE_AAAA, false), "AAAA1"));
	assert_non_null(strstr(ask(z, "c.dept.example.org", TYPE_A, false), "A1"));
	assert_non_null(strstr(ask(z, "x.lab.example.org", TYPE_AAAA, false), "AAAA1"));
	assert_non_null(strstr(ask(z, "y.lab.example.org", TYPE_A, false), "A1"));
	assert_non_null(strstr(ask(z, "d.dept.example.org", TYPE_A, false), "A1"));
	assert_non_null(strstr(ask(z, "n3.dept.example.org", TYPE_A, false), "A1"));
	assert_non_null(strstr(ask(z, "p009.dept.example.org", TYPE_TXT, false), "TXT1"));
	assert_non_null(strstr(ask(z, "p011.dept.example.org", TYPE_TXT, false), "TXT1"));
	assert_non_null(strstr(ask(z, "n4.dept.example.org", TYPE_A, false), "NXDOMAIN"));
	assert_int_equal(zone_records(z), 15);
	zone_free(z);
}

static void test_what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{SOA "a A 192.0.2.256\n", "/z/db:4: expected an IPv4 address"},
		{"@ SOA ns admin 1 2 3 4 5\n", "/z/db:1: the record has no TTL"},
		{"$TTL x\n", "/z/db:1: expected a time"},
		{"$TTL 1 2\n", "/z/db:1: found more behind the directive"},
		{"$ORIGIN\n", "/z/db:1: expected a name"},
		{"$NOPE\n", "/z/db:1: unknown directive"},
		{"\n\n$INCLUDE nowhere\n", "/z/db:3: the included file cannot be read"},
		{"$INCLUDE db\n", "more than 7 deep"},
		{"$GENERATE 1-100000 a$ A 192.0.2.1\n", "/z/db:1: $GENERATE makes more than 65535"},
		{"$GENERATE 3-1 a$ A 192.0.2.1\n", "/z/db:1: expected a range"},
		{"$GENERATE 1-2 a${1,2,q} A 192.0.2.1\n", "/z/db:1: expected $"},
		{"$TTL 1\n$GENERATE 255-256 a$ A 192.0.2.$\n", "/z/db:2: expected an IPv4 address"},
		{SOA "a 1 TXT ( x\n", "( is not closed"},
		{SOA "a 1 NSEC3PARAM 1 0 0 -\n", "/z/db:4: zones with NSEC3"},
		{SOA "a 1 CH A 192.0.2.1\n", "/z/db:4: only class IN"},
		{"  A 192.0.2.1\n", "/z/db:1: the line begins with a blank"},
	};
	struct zone *z = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const from[] = {"/z/db", cases[i].text, NULL};

		assert_int_equal(load(from, &z), ERR_SYNTAX);
		if (!strstr(r.error, cases[i].said))
			fail_msg("%s: said \"%s\"", cases[i].text, r.error);
	}
}

static void test_a_zone_needs_its_soa(void **state)
{
	static const char *const without[] = {"/z/db", "a 1 A 192.0.2.1\n", NULL};
	static const char *const elsewhere[] = {"/z/db", "a 1 SOA ns admin 1 2 3 4 5\n", NULL};
	static const char *const empty[] = {"/z/db", "", NULL};
	struct zone *z = NULL;

	(void)state;
	assert_int_equal(load(without, &z), -ENOENT);
	assert_int_equal(load(elsewhere, &z), -ENOENT);
	assert_int_equal(load(empty, &z), -ENOENT);
}

static void test_a_large_zone_is_found_through(void **state)
{
	struct zone *z = load_text(SOA "$GENERATE 1-50000 h$.a$.b 60 A 192.0.2.1\n");
	char name[64];

	(void)state;
	for (int i = 1; i <= 50000; i += 997) {
		snprintf(name, sizeof(name), "h%d.a%d.b.example.org", i, i);
		assert_non_null(strstr(ask(z, name, TYPE_A, false), "A1"));
		snprintf(name, sizeof(name), "a%d.b.example.org", i);
		assert_non_null(strstr(ask(z, name, TYPE_A, false), "missing"));
	}
	assert_int_equal(zone_records(z), 50003);
	zone_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_zone_answers_by_the_rules),
		cmocka_unit_test(test_a_dname_that_makes_a_name_too_long_is_told),
		cmocka_unit_test(test_a_signed_zone_proves_what_it_denies),
		cmocka_unit_test(test_names_stand_in_canonical_order),
		cmocka_unit_test(test_directives_are_understood),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(test_a_zone_needs_its_soa),
		cmocka_unit_test(test_a_large_zone_is_found_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
