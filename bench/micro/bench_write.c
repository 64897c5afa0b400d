// SPDX-License-Identifier: Apache-2.0
/* What one write of a cached answer costs, by kind of answer and client.
 *   bench_write [WRITES [CASE]]    nanoseconds a write
 * Instructions: valgrind --tool=callgrind --toggle-collect=write_many bench_write 1000 CASE, over 1000. */
#include "base/arena.h"
#include "base/clock.h"
#include "wire/build.h"
#include "wire/name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITES = 1000000 };

static uint8_t out[65535];

static const struct wire_answer *addresses(struct wire_builder *b, struct arena *a, unsigned n)
{
	uint8_t question[WIRE_NAME_MAX + 4], target[WIRE_NAME_MAX];
	int len = wire_name_from_text("app.size.example.org.", question);
	int target_len = wire_name_from_text("pool.size.example.org.", target);

	wire_put_u16(question + len, TYPE_A);
	wire_put_u16(question + len + 2, CLASS_IN);
	wire_build_begin(b, question, (uint16_t)(len + 4), FLAG_RA);
	const uint8_t *owner = question;
	if (n > 1) {
		(void)wire_build_rr(b, SECTION_ANSWER, true, question, TYPE_CNAME, CLASS_IN, 300, target,
				    (uint16_t)target_len);
		owner = target;
	}
	for (unsigned i = 0; i < n; i++) {
		const uint8_t address[4] = {192, 0, 2, (uint8_t)i};
		(void)wire_build_rr(b, SECTION_ANSWER, true, owner, TYPE_A, CLASS_IN, 300, address, 4);
	}
	return wire_build_end(b, a, RCODE_NOERROR);
}

__attribute__((noinline)) static unsigned write_many(const struct wire_answer *a, struct wire_client *c,
						     unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++) {
		c->id = (uint16_t)i;
		c->start = i;
		sum += wire_answer_write(a, c, out).len;
	}
	return sum;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		unsigned n;
		uint16_t limit;
		bool opt, rotate;
	} cases[] = {
		{"1 address", 1, 512, false, false},
		{"1 address, OPT", 1, 1232, true, false},
		{"CNAME, 22 addresses, OPT", 22, 1232, true, false},
		{"CNAME, 22 addresses, OPT, turned", 22, 1232, true, true},
		{"CNAME, 60 addresses, OPT, turned", 60, 1232, true, true},
		{"CNAME, 60 addresses, cut to 512", 60, 512, false, true},
	};
	unsigned writes = argc > 1 ? (unsigned)atoi(argv[1]) : WRITES;
	size_t only = argc > 2 ? (size_t)atoi(argv[2]) : ARRAY_LEN(cases);
	struct wire_builder *b = wire_builder_new();
	struct arena arena;

	if (!b)
		return 1;
	arena_init(&arena, NULL, 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (only < ARRAY_LEN(cases) && i != only)
			continue;
		const struct wire_answer *a = addresses(b, &arena, cases[i].n);
		uint8_t question[WIRE_NAME_MAX + 4];
		memcpy(question, wire_answer_msg(a) + WIRE_HEADER_LEN, a->question_len);
		struct wire_client c = {
			.question = question,
			.limit = cases[i].limit,
			.set = FLAG_RD,
			.clear = FLAG_AA,
			.has_opt = cases[i].opt,
			.udp_size = 1232,
			.ttl_fixed = true,
			.ttl_s = 17,
			.rotate = cases[i].rotate,
		};
		uint64_t start = clock_mono_ns();
		unsigned sum = write_many(a, &c, writes);
		printf("%-34s %6.1f ns, %u bytes\n", cases[i].what,
		       (double)(clock_mono_ns() - start) / writes, sum / writes);
	}
	arena_fini(&arena);
	wire_builder_free(b);
	return 0;
}
