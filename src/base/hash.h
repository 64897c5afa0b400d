// SPDX-License-Identifier: Apache-2.0
/* A keyed hash for tables whose keys come from the network (SipHash-1-3). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

/* Any thread; allocates nothing. */
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);
