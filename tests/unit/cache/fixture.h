// SPDX-License-Identifier: Apache-2.0
/* Answers and keys for the store's tests, made without the builder: the store looks at nothing but the
 * question and the sizes. */
#pragma once

#include "base/clock.h"
#include "cache/cache.h"

#include <stddef.h>
#include <stdint.h>

#define SECOND NS_PER_S

struct test_name {
	uint8_t bytes[WIRE_NAME_MAX];
	uint8_t len;
};

/* "host-17.example.org." for 17. */
struct test_name test_name(unsigned n);
/* A message of msg_len bytes whose question is the name (in upper case) and A IN, filled with `fill` behind
 * it, AA set; malloc'ed. */
struct wire_answer *test_answer(const struct test_name *n, uint16_t type, uint16_t msg_len, uint8_t fill);
/* The last byte of an answer's message: its `fill`. */
uint8_t test_fill(const struct wire_answer *a);

struct cache *test_cache(size_t success, size_t denial);
struct cache_key test_key(const struct cache *c, const struct test_name *n);
/* Store host-n as a success with this TTL, kept as long, at `now`. */
bool test_put(struct cache *c, unsigned n, uint32_t ttl_s, uint64_t now_ns, unsigned evicted[CACHE_KINDS]);
/* Is host-n found (fresh or not)? */
bool test_has(struct cache *c, unsigned n, uint64_t now_ns);
