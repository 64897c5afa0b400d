// SPDX-License-Identifier: Apache-2.0
/* The reader of answers that a diagnosis looks at, and what is shown of them.
 * Input: one byte (bit 0: a cookie was sent), then the message, whose own id and question are taken as asked. */
#include "doctor/answer.h"
#include "doctor/world.h"
#include "fuzz.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <string.h>

static void check(const struct observed_reply *r, const struct answer_texts *t)
{
	FUZZ_CHECK(r->n_addrs <= OBSERVED_ADDRS_KEPT && r->n_addrs <= r->n_wanted);
	FUZZ_CHECK(r->n_wanted <= r->n_answer && r->n_cname <= r->n_answer);
	FUZZ_CHECK((r->set_hash != 0) <= (r->n_wanted != 0));
	FUZZ_CHECK(!t->has_target || wire_name_len(t->target) <= WIRE_NAME_MAX);
	FUZZ_CHECK(!r->cname_loop || t->has_target);
	FUZZ_CHECK(r->server_cookie_len == 0 || r->cookie != COOKIE_NONE);
}

/* What comes from others is shown as printable ASCII. */
static void check_safe(const uint8_t *bytes, size_t len)
{
	struct observed_world w;
	const char *text;

	world_init(&w, 1);
	text = world_safe(&w, bytes, len, 300);
	FUZZ_CHECK(strlen(text) <= 303);
	for (; *text; text++)
		FUZZ_CHECK(*text >= ' ' && *text <= '~');
	world_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t name[WIRE_NAME_MAX] = {0};
	struct answer_expect e = {.name = name, .type = TYPE_A, .cls = CLASS_IN};
	struct observed_reply reply;
	struct answer_texts texts;
	size_t off = WIRE_HEADER_LEN;

	if (size < 1)
		return 0;
	e.cookie = data[0] & 1 ? (const uint8_t *)"12345678" : NULL;
	data++;
	size--;
	if (size > WIRE_HEADER_LEN && wire_name_read(data, size, &off, name) > 0 && size - off >= 4) {
		e.id = wire_u16(data);
		e.type = wire_u16(data + off);
		e.cls = wire_u16(data + off + 2);
	}
	(void)answer_read(data, size, &e, &reply, &texts);
	check(&reply, &texts);
	if (texts.ede_len)
		check_safe(texts.ede, texts.ede_len);
	return 0;
}
