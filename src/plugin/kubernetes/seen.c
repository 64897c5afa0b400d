// SPDX-License-Identifier: Apache-2.0
/* What an answer holds already, by a number for each: addresses of 4 bytes by their own bytes, all else by
 * a hash of 64 bits, where two of one answer are equal by chance once in 10^11 answers of 4,000 records. */
#include "base/hash.h"
#include "plugin/kubernetes/kubernetes.h"

#include <string.h>

enum { SEEN_MIN = 8 };

bool k8s_seen_init(struct k8s_seen *s, struct arena *a, unsigned n)
{
	uint32_t size = SEEN_MIN;

	while (size < 2 * n && size < 1u << 13)
		size *= 2;
	s->mask = size - 1;
	s->slots = arena_zalloc(a, size * sizeof(*s->slots));
	return s->slots != NULL;
}

uint64_t k8s_seen_key(const void *a, size_t a_len, const void *b, size_t b_len)
{
	static const struct hash_key key = {0x6b756265726e6574, 0x65732073656e2121};
	uint64_t h = hash_bytes(&key, a, a_len);

	return h ^ (hash_bytes(&key, b, b_len) * 0x9e3779b97f4a7c15);
}

bool k8s_seen_add(struct k8s_seen *s, uint64_t key)
{
	uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15 >> 40) & s->mask, n = 0;

	key += key == 0; /* 0 marks what is free */
	for (; s->slots[at] && n <= s->mask; n++) {
		if (s->slots[at] == key)
			return false;
		at = (at + 1) & s->mask;
	}
	if (n <= s->mask)
		s->slots[at] = key;
	return true;
}
