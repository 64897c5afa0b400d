// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_name test_name(unsigned n)
{
	static const char zone[] = "\7example\3org";
	struct test_name t;
	char host[32];
	size_t len = (size_t)snprintf(host, sizeof(host), "host-%u", n);

	t.bytes[0] = (uint8_t)len;
	memcpy(t.bytes + 1, host, len);
	memcpy(t.bytes + 1 + len, zone, sizeof(zone));
	t.len = (uint8_t)(1 + len + sizeof(zone));
	return t;
}

struct wire_answer *test_answer(const struct test_name *n, uint16_t type, uint16_t msg_len, uint8_t fill)
{
	struct wire_answer *a = calloc(1, sizeof(*a) + msg_len);
	uint8_t *msg = (uint8_t *)a->ttl_off;

	a->msg_len = msg_len;
	a->question_len = (uint16_t)(n->len + 4);
	a->ede = EDE_NONE;
	memset(msg + WIRE_HEADER_LEN, fill, msg_len - (size_t)WIRE_HEADER_LEN);
	wire_put_u16(msg + 2, FLAG_QR | FLAG_AA | FLAG_AD);
	for (unsigned i = 0; i < n->len; i++)
		msg[WIRE_HEADER_LEN + i] = (uint8_t)toupper(n->bytes[i]);
	wire_put_u16(msg + WIRE_HEADER_LEN + n->len, type);
	wire_put_u16(msg + WIRE_HEADER_LEN + n->len + 2, CLASS_IN);
	return a;
}

uint8_t test_fill(const struct wire_answer *a)
{
	return wire_answer_msg(a)[a->msg_len - 1];
}

struct cache *test_cache(size_t success, size_t denial)
{
	struct cache_config cfg = {.capacity = {success, denial}, .max_bytes = SIZE_MAX};

	return cache_new(&cfg);
}

struct cache_key test_key(const struct cache *c, const struct test_name *n)
{
	return cache_key(c, n->bytes, n->len, TYPE_A, CLASS_IN, CACHE_RD);
}

bool test_put(struct cache *c, unsigned n, uint32_t ttl_s, uint64_t now_ns, unsigned evicted[CACHE_KINDS])
{
	struct test_name t = test_name(n);
	struct cache_key k = test_key(c, &t);
	struct wire_answer *a = test_answer(&t, TYPE_A, 100, (uint8_t)n);
	struct cache_store how = {
		.kind = CACHE_SUCCESS, .ttl_s = ttl_s, .keep_s = ttl_s, .now_ns = now_ns, .ede = EDE_NONE};
	bool in = cache_store(c, &k, a, &how, evicted);

	free(a);
	return in;
}

bool test_has(struct cache *c, unsigned n, uint64_t now_ns)
{
	uint64_t block[128];
	struct test_name t = test_name(n);
	struct cache_key k = test_key(c, &t);
	struct cache_hit hit;
	struct arena a;
	bool found;

	arena_init(&a, block, sizeof(block), NULL);
	found = cache_find(c, &k, now_ns, &a, NULL, &hit) == CACHE_HIT;
	arena_fini(&a);
	return found;
}
