// SPDX-License-Identifier: Apache-2.0
/* For random answers and random clients: what is written parses, is within the limit, holds only whole
 * records of the full answer in its order, and says TC exactly when a required record is missing. */
#include "fixture.h"
#include "property.h"
#include "random_answer.h"
#include "wire/option.h"

#include <string.h>

enum { ROUNDS = 15000, CLIENTS = 6 };

struct property {
	struct wire_builder *b;
	struct random_answer answer;
	struct raw raw;
	uint64_t cut, optional_cut, whole; /* how often each was seen */
};

static uint16_t random_limit(struct random *r, const struct wire_answer *a)
{
	unsigned hi = a->msg_len > 65000 ? 65535 : a->msg_len + 60u;

	if (random_one_in(r, 4) || hi < 512)
		return (uint16_t)random_in(r, 512, random_one_in(r, 4) ? 65535 : 1500);
	return (uint16_t)random_in(r, 512, hi); /* where something is to be decided */
}

static uint16_t random_options(struct random *r, uint8_t *out)
{
	static const uint16_t codes[] = {OPTION_COOKIE, OPTION_NSID, OPTION_EDE, 65001};
	unsigned n = random_in(r, 0, 4);
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned len = random_one_in(r, 6) ? random_in(r, 0, 120) : random_in(r, 2, 30);
		wire_put_u16(out + at, codes[random_u32(r) % ARRAY_LEN(codes)]);
		wire_put_u16(out + at + 2, len);
		memset(out + at + 4, 'o', len);
		at += 4 + len;
	}
	return (uint16_t)at;
}

static struct wire_client random_client(struct random *r, const struct wire_answer *a, uint8_t *question,
					uint8_t *options)
{
	struct wire_client c = {
		.id = (uint16_t)random_u32(r),
		.limit = random_limit(r, a),
		.set = random_one_in(r, 2) ? FLAG_RD | FLAG_RA : 0,
		.clear = random_one_in(r, 2) ? FLAG_AA | FLAG_AD : 0,
		.has_opt = random_one_in(r, 2),
		.do_bit = random_one_in(r, 2),
		.udp_size = (uint16_t)random_u32(r),
		.ttl_fixed = random_one_in(r, 2),
		.ttl_s = random_u32(r) >> 1,
		.rotate = random_one_in(r, 2),
		.start = random_u32(r),
		.options = options,
	};

	c.options_len = random_options(r, options);
	if (random_one_in(r, 2)) {
		memcpy(question, wire_answer_msg(a) + WIRE_HEADER_LEN, a->question_len);
		for (unsigned i = 0; i + 4 < a->question_len; i++)
			if (question[i] >= 'a' && question[i] <= 'z' && random_one_in(r, 2))
				question[i] ^= 0x20;
		c.question = question;
	}
	return c;
}

static void fail_round(uint64_t seed, const char *wrong, const struct message *full,
		       const struct wire_client *c)
{
	message_print(stderr, full);
	if (c)
		fail_msg("seed %" PRIu64 ": %s (limit %u, OPT %d, options %u, rotate %d, start %u)", seed,
			 wrong, c->limit, c->has_opt, c->options_len, c->rotate, c->start);
	fail_msg("seed %" PRIu64 ": %s", seed, wrong);
}

static void check_client(struct property *p, struct random *r, const struct wire_answer *a,
			 const struct message *full, uint64_t seed)
{
	static uint8_t out[65535 + 16];
	uint8_t question[WIRE_NAME_MAX + 4], options[4 * 124];
	struct wire_client c = random_client(r, a, question, options);

	memset(out + c.limit, 0xa5, 16);
	struct wire_fit fit = wire_answer_write(a, &c, out);
	const char *wrong = answer_check_written(a, full, &c, out, fit);
	for (unsigned i = 0; i < 16 && !wrong; i++)
		if (out[c.limit + i] != 0xa5)
			wrong = "wrote past the limit";
	if (wrong)
		fail_round(seed, wrong, full, &c);
	p->cut += fit.tc;
	p->optional_cut += !fit.tc && fit.n_rr < a->n_rr;
	p->whole += fit.n_rr == a->n_rr;
}

static void fit_round(void *arg, uint64_t seed)
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
	in.answer->truncated = random_one_in(&r, 20);

	const char *wrong = answer_check_block(in.answer);
	struct message *full = message_parse(wire_answer_msg(in.answer), in.answer->msg_len);
	if (wrong)
		fail_round(seed, wrong, full, NULL);
	for (unsigned i = 0; i < CLIENTS; i++)
		check_client(p, &r, in.answer, full, seed);
	message_free(full);
	arena_fini(&arena);
}

static void test_every_answer_fits_every_client(void **state)
{
	struct property *p = calloc(1, sizeof *p);

	p->b = wire_builder_new();
	property_run(ROUNDS, fit_round, p);
	print_message("cut with TC %" PRIu64 ", optional records left out %" PRIu64 ", whole %" PRIu64 "\n",
		      p->cut, p->optional_cut, p->whole);
	if (!getenv("BINNACLE_TEST_ROUNDS"))
		assert_true(p->cut > ROUNDS / 4 && p->optional_cut > ROUNDS / 8 && p->whole > ROUNDS / 2);
	wire_builder_free(p->b);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_answer_fits_every_client)};

	return cmocka_run_group_tests_name("wire/fit_property", tests, NULL, NULL);
}
