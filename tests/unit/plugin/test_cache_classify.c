// SPDX-License-Identifier: Apache-2.0
/* What kind of answer it is, and for how long it is kept. */
#include "cache_answers.h"
#include "plugin/cache/lifetime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SOA "NS example. 60 SOA ns.example. 30"

static const struct {
	struct test_case c;
	enum response_type type;
} types[] = {
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 A 192.0.2.1"}}, RESPONSE_NOERROR},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 CNAME x.example."}}, RESPONSE_NOERROR},
	{{"w.example.", TYPE_A, 3, false, {"AN w.example. 60 CNAME x.example.", SOA}}, RESPONSE_OTHERERROR},
	{{"w.example.", TYPE_A, 0, false, {SOA}}, RESPONSE_NODATA},
	{{"w.example.", TYPE_A, 3, false, {SOA}}, RESPONSE_NXDOMAIN},
	{{"w.example.", TYPE_A, 3, false, {NULL}}, RESPONSE_NXDOMAIN},
	{{"w.example.", TYPE_A, 2, false, {NULL}}, RESPONSE_SERVERERROR},
	{{"w.example.", TYPE_A, 4, false, {NULL}}, RESPONSE_SERVERERROR},
	{{"w.example.", TYPE_A, 0, false, {"NS example. 60 NS ns.example."}}, RESPONSE_DELEGATION},
	{{"w.example.", TYPE_A, 0, false, {NULL}}, RESPONSE_NOERROR},
	{{"w.example.", TYPE_A, 1, false, {NULL}}, RESPONSE_OTHERERROR},
	{{"w.example.", TYPE_A, 5, false, {NULL}}, RESPONSE_OTHERERROR},
	{{"w.example.", TYPE_A, 6, false, {NULL}}, RESPONSE_OTHERERROR},
	{{"example.", TYPE_AXFR, 0, false, {"AN example. 60 SOA ns.example. 30"}}, RESPONSE_META},
	{{"example.", TYPE_IXFR, 0, false, {"AN example. 60 SOA ns.example. 30"}}, RESPONSE_META},
};

static const struct {
	struct test_case c;
	enum chain_end end;
} chains[] = {
	{{"w.example.", TYPE_A, 0, false, {"AN W.EXAMPLE. 60 A 192.0.2.1"}}, CHAIN_ANSWERED},
	{{"w.example.", TYPE_A, 0, false, {"AN x.example. 60 A 192.0.2.1"}}, CHAIN_OPEN},
	{{"w.example.", TYPE_ANY, 0, false, {"AN w.example. 60 TXT hello"}}, CHAIN_ANSWERED},
	{{"w.example.", TYPE_CNAME, 0, false, {"AN w.example. 60 CNAME x.example."}}, CHAIN_ANSWERED},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 CNAME x.example."}}, CHAIN_OPEN},
	{{"w.example.",
	  TYPE_A,
	  0,
	  false,
	  {"AN w.example. 60 CNAME x.example.", "AN x.example. 60 CNAME y.example.",
	   "AN y.example. 60 A 192.0.2.1"}},
	 CHAIN_ANSWERED},
	{{"w.example.",
	  TYPE_A,
	  0,
	  false,
	  {"AN w.example. 60 CNAME x.example.", "AN z.example. 60 A 192.0.2.1"}},
	 CHAIN_OPEN},
	{{"w.example.",
	  TYPE_A,
	  0,
	  false,
	  {"AN w.example. 60 CNAME x.example.", "AN x.example. 60 CNAME w.example."}},
	 CHAIN_BROKEN},
	{{"w.example.",
	  TYPE_A,
	  0,
	  false,
	  {"AN w.example. 60 CNAME x.example.", "AN w.example. 60 CNAME y.example."}},
	 CHAIN_BROKEN},
	{{"w.example.",
	  TYPE_A,
	  0,
	  false,
	  {"AN w.example. 60 CNAME x.example.", "AN w.example. 60 CNAME x.example."}},
	 CHAIN_OPEN},
};

static const struct lifetime_config defaults = {.max_s = {3600, 1800}, .min_s = {5, 5}, .servfail_s = 5};

#define SUCCESS(ttl, kept)                                                                                   \
	{                                                                                                    \
		.ttl_s = ttl, .keep = kept, .good = true, .kind = CACHE_SUCCESS                              \
	}
#define DENIAL(ttl, kept)                                                                                    \
	{                                                                                                    \
		.ttl_s = ttl, .keep = kept, .good = true, .kind = CACHE_DENIAL                               \
	}

static const struct {
	struct test_case c;
	struct lifetime l;
} lifetimes[] = {
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 A 192.0.2.1"}}, SUCCESS(60, true)},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 A 192.0.2.1", "NS example. 9 NS ns.example."}},
	 SUCCESS(9, true)},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 0 A 192.0.2.1"}}, SUCCESS(5, true)},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 86400 A 192.0.2.1"}}, SUCCESS(3600, true)},
	{{"w.example.", TYPE_A, 0, false, {NULL}}, SUCCESS(5, true)},
	{{"w.example.", TYPE_A, 0, false, {"NS example. 60 NS ns.example."}}, SUCCESS(5, true)},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 CNAME x.example."}}, SUCCESS(60, false)},
	{{"w.example.", TYPE_A, 0, false, {"AN w.example. 60 CNAME x.example.", SOA}}, DENIAL(30, true)},
	{{"w.example.", TYPE_A, 3, false, {"AN w.example. 60 CNAME x.example.", SOA}}, DENIAL(30, true)},
	{{"w.example.", TYPE_A, 3, false, {"AN w.example. 60 CNAME x.example."}}, DENIAL(60, false)},
	{{"w.example.", TYPE_A, 3, false, {SOA}}, DENIAL(30, true)},
	{{"w.example.", TYPE_A, 3, false, {"NS example. 20 SOA ns.example. 900"}}, DENIAL(20, true)},
	{{"w.example.", TYPE_A, 3, false, {"NS example. 9000 SOA ns.example. 9000"}}, DENIAL(1800, true)},
	{{"w.example.", TYPE_A, 3, false, {"NS example. 9000 SOA ns.example. 0"}}, DENIAL(5, true)},
	{{"w.example.", TYPE_A, 0, false, {SOA}}, DENIAL(30, true)},
	{{"w.example.", TYPE_A, 3, false, {NULL}}, DENIAL(5, false)},
	{{"w.example.", TYPE_A, 2, false, {NULL}},
	 {.ttl_s = 5, .keep = true, .failure = true, .kind = CACHE_DENIAL}},
	{{"w.example.", TYPE_A, 5, false, {NULL}}, {.ttl_s = 5, .kind = CACHE_SUCCESS}},
	{{"w.example.",
	  TYPE_A,
	  0,
	  false,
	  {"AN w.example. 60 CNAME x.example.", "AN x.example. 60 CNAME w.example."}},
	 SUCCESS(60, false)},
};

struct fixture {
	struct wire_builder *b;
	struct arena a;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->b = wire_builder_new();
	arena_init(&f->a, NULL, 0, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	wire_builder_free(f->b);
	arena_fini(&f->a);
	free(f);
	return 0;
}

static void test_types_are_the_peers(void **state)
{
	struct fixture *f = *state;
	uint8_t name[WIRE_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct response_question q = question_for(&types[i].c, name);

		if (response_type(&q, answer_of(f->b, &f->a, &types[i].c, 0), 0) != types[i].type)
			fail_msg("case %zu is no %s", i, response_type_text(types[i].type));
	}
}

static void test_no_answer_is_an_error(void **state)
{
	struct response_question q = {.qname = (const uint8_t *)"", .qtype = TYPE_A};

	(void)state;
	assert_int_equal(response_type(&q, NULL, 0), RESPONSE_OTHERERROR);
	assert_int_equal(response_class(RESPONSE_OTHERERROR), RESPONSE_ERROR);
}

static void test_chains_end_where_they_lead(void **state)
{
	struct fixture *f = *state;
	uint8_t name[WIRE_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
		struct response_question q = question_for(&chains[i].c, name);

		if (response_chain(&q, answer_of(f->b, &f->a, &chains[i].c, 0)) != chains[i].end)
			fail_msg("chain %zu ends elsewhere", i);
	}
}

/* The test's signatures are zeros but for their first bytes: valid at the second 0 alone. */
static void test_an_expired_signature_is_an_error_with_do(void **state)
{
	static const struct test_case c = {
		"w.example.",
		TYPE_A,
		0,
		true,
		{"AN w.example. 60 A 192.0.2.1", "AN w.example. 60 RRSIG A example. 64"}};
	struct fixture *f = *state;
	struct wire_answer *a = answer_of(f->b, &f->a, &c, 0);
	const struct wire_rr rr = wire_answer_rr(a, 1);
	uint32_t expires = wire_u32(wire_answer_msg(a) + rr.rdata_off + 8);
	uint32_t begins = wire_u32(wire_answer_msg(a) + rr.rdata_off + 12);
	uint8_t name[WIRE_NAME_MAX];
	struct response_question q = question_for(&c, name);

	assert_int_equal(response_type(&q, a, (uint64_t)expires + 1), RESPONSE_OTHERERROR);
	assert_int_equal(response_type(&q, a, (uint64_t)begins - 1), RESPONSE_OTHERERROR);
	assert_int_equal(response_type(&q, a, expires), RESPONSE_NOERROR);
	q.do_bit = false;
	assert_int_equal(response_type(&q, a, (uint64_t)expires + 1), RESPONSE_NOERROR);
}

static struct lifetime lifetime_in(struct fixture *f, const struct lifetime_config *cfg,
				   const struct test_case *c)
{
	uint8_t name[WIRE_NAME_MAX];
	struct response_question q = question_for(c, name);

	return lifetime_of(cfg, &q, answer_of(f->b, &f->a, c, 0), 0);
}

static bool same(const struct lifetime *a, const struct lifetime *b)
{
	return a->ttl_s == b->ttl_s && a->keep == b->keep && a->good == b->good && a->failure == b->failure &&
	       a->kind == b->kind;
}

static void test_lifetimes_by_default(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(lifetimes); i++) {
		struct lifetime l = lifetime_in(*state, &defaults, &lifetimes[i].c);

		if (!same(&l, &lifetimes[i].l))
			fail_msg("case %zu: ttl %u keep %d good %d failure %d kind %d", i, l.ttl_s, l.keep,
				 l.good, l.failure, l.kind);
	}
}

static void test_a_maximum_below_the_minimum_wins(void **state)
{
	static const struct test_case c = {"w.example.", TYPE_A, 0, false, {"AN w.example. 60 A 192.0.2.1"}};
	struct lifetime_config cfg = defaults;

	cfg.max_s[CACHE_SUCCESS] = 1;
	assert_int_equal(lifetime_in(*state, &cfg, &c).ttl_s, 1);
}

static void test_without_a_minimum_ttl_0_is_not_kept(void **state)
{
	static const struct test_case c = {"w.example.", TYPE_A, 0, false, {"AN w.example. 0 A 192.0.2.1"}};
	struct lifetime_config cfg = defaults;
	struct lifetime l;

	cfg.min_s[CACHE_SUCCESS] = 0;
	l = lifetime_in(*state, &cfg, &c);
	assert_int_equal(l.ttl_s, 0);
	assert_false(l.keep);
	assert_true(l.good);
}

static void test_failures_are_not_kept_with_servfail_0(void **state)
{
	static const struct test_case c = {"w.example.", TYPE_A, RCODE_SERVFAIL, false, {NULL}};
	struct lifetime_config cfg = defaults;

	cfg.servfail_s = 0;
	assert_false(lifetime_in(*state, &cfg, &c).keep);
}

static void test_an_empty_answer_is_no_last_good_one(void **state)
{
	static const struct test_case c = {"w.example.", TYPE_A, 0, false, {NULL}};
	struct lifetime_config cfg = defaults;

	cfg.prefer_positive = true;
	assert_int_equal(lifetime_in(*state, &cfg, &c).kind, CACHE_DENIAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_types_are_the_peers),
		T(test_no_answer_is_an_error),
		T(test_chains_end_where_they_lead),
		T(test_an_expired_signature_is_an_error_with_do),
		T(test_lifetimes_by_default),
		T(test_a_maximum_below_the_minimum_wins),
		T(test_without_a_minimum_ttl_0_is_not_kept),
		T(test_failures_are_not_kept_with_servfail_0),
		T(test_an_empty_answer_is_no_last_good_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
