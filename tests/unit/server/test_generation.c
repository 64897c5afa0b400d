// SPDX-License-Identifier: Apache-2.0
/* Building generations: what contradicts is refused with its place, and names find their block. */

#include "fake_door.h"
#include "server/route.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup_any(struct setup *s, void *state)
{
	const struct cf_token *t;

	(void)state;
	while (cf_directive(s->in)) {
		while (cf_arg(s->in, &t)) {
			struct net_addr a;

			if (net_addr_parse(t->text, 0, &a))
				return cf_fail(s->in, "expected an address, found \"%s\"", t->text);
			s->block->binds = arena_zalloc(s->arena, sizeof(a));
			s->block->binds[0] = a;
			s->block->n_binds = 1;
			s->block->bind_set = true;
		}
	}
	return 0;
}

static enum step done(const void *state, struct query *q, void *scratch)
{
	(void)state;
	(void)scratch;
	return query_drop(q);
}

static const struct plugin bind_to = {.name = "bind", .setup = setup_any};
static const struct plugin answer = {.name = "answer", .setup = setup_any, .query = done};
const struct plugin_slot plugin_table[] = {{"bind", &bind_to}, {"answer", &answer}, {"template", NULL}};
const size_t plugin_table_len = 3;

/* Build; NULL with all errors in `out`, one a line. */
static struct generation *build(const char *text, char *out, size_t cap)
{
	const struct generation_options o = {.dns_port = 53, .conf_name = "Corefile"};
	struct arena a;
	struct cf_errors errs;
	struct corefile cf;
	struct generation *g = NULL;
	char line[512];

	out[0] = '\0';
	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	if (corefile_parse(&a, "Corefile", text, strlen(text), &cf_source_system, &errs, &cf) == 0 &&
	    generation_build(&cf, &o, &errs, &g))
		assert_true(errs.n_errors > 0);
	for (const struct cf_error *e = errs.first; e; e = e->next) {
		cf_error_format(e, line, sizeof(line));
		strncat(out, line, cap - strlen(out) - 2);
		strcat(out, "\n");
	}
	arena_fini(&a);
	return g;
}

static void test_contradictions_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"a.example {\n answer\n}\nA.Example. {\n answer\n}\n", "Corefile:4: zone \"a.example.\" on dns://:53 is already"},
		{"a.example a.example {\n answer\n}\n", "Corefile:1: zone \"a.example.\" on port 53 stands twice"},
		{"a.example {\n answer\n}\na.example {\n bind 127.0.0.1\n answer\n}\n", "Corefile:4: zone \"a.example.\" on port 53 overlaps"},
		{"tls://a.example {\n answer\n}\n", "Corefile:1: transport \"tls\" of key"},
		{"a.example {\n template IN A\n}\n", "Corefile:2: plugin \"template\" is not in this build"},
		{"a.example {\n bind x\n}\nb.example {\n bind y\n}\n", "Corefile:5"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[4096];
		struct generation *g = build(cases[i].text, out, sizeof(out));

		if (g || !strstr(out, cases[i].says))
			fail_msg("case %zu: want \"%s\", got \"%s\"", i, cases[i].says, out);
	}
}

static void test_same_zone_on_two_addresses_or_ports_is_fine(void **state)
{
	static const char *const cases[] = {
		"a.example {\n bind 127.0.0.1\n answer\n}\na.example {\n bind 127.0.0.2\n answer\n}\n",
		"a.example:53 {\n answer\n}\na.example:54 {\n answer\n}\n",
		"a.example {\n}\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[4096];
		struct generation *g = build(cases[i], out, sizeof(out));

		if (!g)
			fail_msg("case %zu: %s", i, out);
		generation_free(g);
	}
}

static const char *find(const struct listener *l, const char *name, uint16_t type)
{
	struct wire_query q = {.qtype = type};
	const struct zone_entry *z;
	int len = wire_name_from_text(name, q.qname);
	unsigned n = 0;

	assert_true(len > 0);
	q.qname_len = (uint8_t)len;
	for (unsigned off = 0; off < (unsigned)len; off += q.qname[off] + 1u)
		q.label_off[n++] = (uint8_t)off;
	q.n_labels = (uint8_t)(n - 1);
	z = route_find(l, &q, NULL, NULL);
	return z ? z->text : NULL;
}

/* The same expectations for the linear table and the hashed one. */
static void expect_routes(const struct listener *l)
{
	assert_string_equal(find(l, "www.example.org", TYPE_A), "example.org.");
	assert_string_equal(find(l, "example.org", TYPE_A), "example.org.");
	assert_string_equal(find(l, "a.deep.example.org", TYPE_A), "deep.example.org.");
	assert_string_equal(find(l, "xdeep.example.org", TYPE_A), "example.org.");
	assert_string_equal(find(l, "notexample.org", TYPE_A), ".");
	assert_string_equal(find(l, "a\\.example.org", TYPE_A), ".");
	assert_string_equal(find(l, ".", TYPE_A), ".");
	assert_string_equal(find(l, "deep.example.org", TYPE_DS), "example.org.");
	assert_string_equal(find(l, "example.org", TYPE_DS), "example.org.");
}

static void test_longest_zone_wins_with_few_and_with_many_zones(void **state)
{
	char text[40000] = "example.org {\n answer\n}\n. {\n answer\n}\ndeep.example.org {\n answer\n}\n";
	char out[4096];
	struct generation *g = build(text, out, sizeof(out));

	(void)state;
	assert_non_null(g);
	expect_routes(&g->listeners[0]);
	generation_free(g);
	for (int i = 0; i < 500; i++)
		sprintf(text + strlen(text), "z%d.example.net {\n answer\n}\n", i);
	g = build(text, out, sizeof(out));
	assert_non_null(g);
	expect_routes(&g->listeners[0]);
	assert_string_equal(find(&g->listeners[0], "a.b.z499.example.net", TYPE_A), "z499.example.net.");
	assert_string_equal(find(&g->listeners[0], "z500.example.net", TYPE_A), ".");
	generation_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contradictions_are_refused_with_their_place),
		cmocka_unit_test(test_same_zone_on_two_addresses_or_ports_is_fine),
		cmocka_unit_test(test_longest_zone_wins_with_few_and_with_many_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
