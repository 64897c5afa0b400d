// SPDX-License-Identifier: Apache-2.0
#include "cache_answers.h"

#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

static enum wire_section section_of(const char *record)
{
	return record[0] == 'N' ? SECTION_AUTHORITY : record[1] == 'N' ? SECTION_ANSWER : SECTION_ADDITIONAL;
}

struct wire_answer *answer_of(struct wire_builder *b, struct arena *a, const struct test_case *c,
			      uint16_t flags)
{
	uint8_t question[WIRE_NAME_MAX + 4];

	wire_build_begin(b, question, question_of(c->name, c->type, question),
			 (uint16_t)(flags | FLAG_QR | c->rcode));
	for (int i = 0; i < RECORDS_MAX && c->records[i]; i++) {
		if (record_build(b, section_of(c->records[i]), true, c->records[i] + 3))
			abort();
	}
	return wire_build_end(b, a, c->rcode);
}

struct response_question question_for(const struct test_case *c, uint8_t *name)
{
	if (wire_name_from_text(c->name, name) < 0)
		abort();
	return (struct response_question){.qname = name, .qtype = c->type, .do_bit = c->do_bit};
}
