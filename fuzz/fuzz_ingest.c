// SPDX-License-Identifier: Apache-2.0
/* The reader of upstreams' messages, and the writing of what it made for clients of several sizes.
 * Input: one byte (bit 0: DO, bit 1: 0x20, bit 2: rotate, bit 3: OPT, bit 4: fixed TTL), then the
 * message, whose own question is taken as what was asked. */
#include "answer_check.h"
#include "base/arena.h"
#include "base/err.h"
#include "fuzz.h"
#include "wire/ingest.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

enum { CHECKED_RR_MAX = 400 }; /* the checks compare each record with each */

static const char *wrong; /* stays in a core dump */

/* The question of the message; where it has none that is whole, one of ours. */
static struct wire_expect expect_of(const uint8_t *msg, size_t len, uint8_t bits)
{
	static uint8_t question[WIRE_NAME_MAX + 4];
	struct wire_expect e = {.question = question, .keep_dnssec = bits & 1, .match_case = bits & 2};
	size_t off = WIRE_HEADER_LEN;
	int n = len > WIRE_HEADER_LEN ? wire_name_read(msg, len, &off, question) : -EBADMSG;

	if (len >= 2)
		e.id = wire_u16(msg);
	if (n > 0 && off == WIRE_HEADER_LEN + (size_t)n && len - off >= 4)
		memcpy(question + n, msg + off, 4);
	else
		n = question_of("example.org.", TYPE_A, question) - 4;
	e.question_len = (uint16_t)(n + 4);
	return e;
}

static void check_writes(const struct wire_answer *a, const struct message *full, uint8_t bits)
{
	static const uint8_t options[] = {0, 10, 0, 2, 1, 2, 0, 15, 0, 5, 0, 22, 'n', 'o', '!'};
	static uint8_t out[65535];
	const uint16_t limits[] = {512, 513, 700, 1232, 4096, 65535, a->msg_len, (uint16_t)(a->msg_len - 1)};
	struct wire_client c = {.id = 7,
				.rotate = bits & 4,
				.has_opt = bits & 8,
				.ttl_fixed = bits & 16,
				.start = a->msg_len,
				.options = options,
				.options_len = sizeof options};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		if (limits[i] < 512)
			continue;
		c.limit = limits[i];
		struct wire_fit fit = wire_answer_write(a, &c, out);
		wrong = full->n_rr <= CHECKED_RR_MAX ? answer_check_written(a, full, &c, out, fit) : NULL;
		FUZZ_CHECK(!wrong);
	}
}

/* Our own message, read again, is the same. */
static void check_again(struct wire_builder *b, struct arena *arena, const struct wire_answer *a,
			const struct wire_expect *e)
{
	struct wire_expect again = {
		.question = e->question, .question_len = e->question_len, .keep_dnssec = e->keep_dnssec};
	struct wire_ingest in;

	FUZZ_CHECK(wire_ingest(b, arena, wire_answer_msg(a), a->msg_len, &again, &in) == 0);
	FUZZ_CHECK(in.answer->msg_len == a->msg_len && in.answer->n_required == a->n_required);
	FUZZ_CHECK(!memcmp(wire_answer_msg(a), wire_answer_msg(in.answer), a->msg_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_builder *b;
	struct wire_ingest in;
	struct arena arena;

	if (!b)
		b = wire_builder_new();
	if (size < 1)
		return 0;
	struct wire_expect e = expect_of(data + 1, size - 1, data[0]);
	arena_init(&arena, NULL, 0, NULL);
	int r = wire_ingest(b, &arena, data + 1, size - 1, &e, &in);
	FUZZ_CHECK((r == 0) == (in.answer != NULL));
	FUZZ_CHECK(r == 0 || r == -EBADMSG || r == ERR_MISMATCH);
	if (r == 0) {
		wrong = answer_check_block(in.answer);
		FUZZ_CHECK(!wrong);
		struct message *full = message_parse(wire_answer_msg(in.answer), in.answer->msg_len);
		check_writes(in.answer, full, data[0]);
		if (!in.answer->truncated && in.rcode <= 15)
			check_again(b, &arena, in.answer, &e);
		message_free(full);
	}
	arena_fini(&arena);
	return 0;
}
