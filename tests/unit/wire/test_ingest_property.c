// SPDX-License-Identifier: Apache-2.0
/* For random messages: what was put in comes out, each record once, required as its place demands, the
 * chain first; and what was written reads back as the same block. */
#include "fixture.h"
#include "property.h"
#include "random_answer.h"
#include "wire/name.h"

#include <string.h>

enum { ROUNDS = 15000 };

struct property {
	struct wire_builder *b;
	struct random_answer answer;
	struct raw raw;
};

/* The i-th record that came out is one that went in and is as required as it should be. */
static const char *check_record(const struct random_answer *a, const struct wire_answer *w,
				const struct message *m, unsigned i, bool *used)
{
	for (unsigned j = 0; j < a->n; j++) {
		if (used[j] || !message_rr_equal(&m->rr[i], &a->rr[j].rr, true))
			continue;
		used[j] = true;
		if (a->rr[j].stripped && !a->keep_dnssec)
			return "a record that nobody asked for";
		return a->rr[j].required == (i < w->n_required) ? NULL : "required or not";
	}
	return "a record that nobody sent, or one twice";
}

static const char *check_came_through(const struct random_answer *a, const struct wire_answer *w,
				      const struct message *m)
{
	bool used[RANDOM_RR_MAX] = {false};
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_rr; i++) {
		const char *wrong = check_record(a, w, m, i, used);
		if (wrong)
			return wrong;
	}
	for (unsigned j = 0; j < a->n; j++)
		n += !a->rr[j].stripped || a->keep_dnssec;
	return n == m->n_rr ? NULL : "a record was lost";
}

/* CNAMEs lead from the question to the final RRset, signatures between them. */
static const char *check_chain(const struct random_answer *a, const struct wire_answer *w,
			       const struct message *m)
{
	const uint8_t *name = a->question;
	unsigned cnames = 0;

	for (unsigned i = 0; i < w->final_first; i++) {
		if (!wire_name_equal(m->rr[i].owner, name) && m->rr[i].type == TYPE_CNAME)
			return "chain out of order";
		if (m->rr[i].type == TYPE_CNAME) {
			name = m->rr[i].rdata;
			cnames++;
		} else if (message_rr_covered(&m->rr[i]) != TYPE_CNAME) {
			return "something else in the chain";
		}
	}
	if (cnames != a->chain)
		return "chain too short";
	if (a->shape == SHAPE_POSITIVE && !wire_name_equal(m->rr[w->final_first].owner, name))
		return "the final RRset is not the chain's end";
	return NULL;
}

/* The stored message, read again, gives the same block. */
static const char *check_again(struct property *p, struct arena *arena, const struct wire_answer *w)
{
	struct wire_expect e = random_answer_expect(&p->answer);
	struct wire_ingest again;

	if (wire_ingest(p->b, arena, wire_answer_msg(w), w->msg_len, &e, &again) != 0)
		return "our own message is refused";
	if (wire_answer_size(w) != wire_answer_size(again.answer))
		return "our own message has another size when read again";
	return memcmp(w, again.answer, wire_answer_size(w)) ? "our own message changes when read again"
							    : NULL;
}

static void ingest_round(void *arg, uint64_t seed)
{
	struct property *p = arg;
	struct random r = {seed, 0};
	struct arena arena;
	struct wire_ingest in;

	arena_init(&arena, NULL, 0, NULL);
	random_answer_make(&r, &p->answer);
	random_answer_raw(&r, &p->answer, random_one_in(&r, 2), &p->raw);
	struct wire_expect e = random_answer_expect(&p->answer);
	assert_int_equal(wire_ingest(p->b, &arena, p->raw.msg, p->raw.len, &e, &in), 0);

	const char *wrong = answer_check_block(in.answer);
	struct message *m = message_parse(wire_answer_msg(in.answer), in.answer->msg_len);
	if (!wrong)
		wrong = check_came_through(&p->answer, in.answer, m);
	if (!wrong)
		wrong = check_chain(&p->answer, in.answer, m);
	if (!wrong)
		wrong = check_again(p, &arena, in.answer);
	if (wrong) {
		message_print(stderr, m);
		fail_msg("seed %" PRIu64 ": %s", seed, wrong);
	}
	message_free(m);
	arena_fini(&arena);
}

static void test_what_goes_in_comes_out_once_and_in_order(void **state)
{
	struct property *p = calloc(1, sizeof *p);

	p->b = wire_builder_new();
	property_run(ROUNDS, ingest_round, p);
	wire_builder_free(p->b);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_goes_in_comes_out_once_and_in_order)};

	return cmocka_run_group_tests_name("wire/ingest_property", tests, NULL, NULL);
}
