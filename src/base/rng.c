// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void rng_init(struct rng *r)
{
	r->at = sizeof(r->buf);
}

/* Requests of up to 256 bytes are never cut short by a signal once the kernel's pool is ready, ours is larger,
 * so the loop is needed.  Any other failure means there is no source of secrets: nothing safe can be served. */
static void refill(struct rng *r)
{
	size_t have = 0;

	while (have < sizeof(r->buf)) {
		ssize_t n = getrandom(r->buf + have, sizeof(r->buf) - have, 0);

		if (n == -1) {
			if (errno == EINTR)
				continue;
			abort();
		}
		have += (size_t)n;
	}
	r->at = 0;
}

/* Bytes handed out are wiped, so that a later leak of this memory tells nothing of ids and ports in use. */
void rng_bytes(struct rng *r, void *out, size_t len)
{
	uint8_t *to = out;

	while (len) {
		size_t n = sizeof(r->buf) - r->at;

		if (n == 0) {
			refill(r);
			continue;
		}
		if (n > len)
			n = len;
		memcpy(to, r->buf + r->at, n);
		explicit_bzero(r->buf + r->at, n);
		r->at += n;
		to += n;
		len -= n;
	}
}

uint32_t rng_u32(struct rng *r)
{
	uint32_t v;

	rng_bytes(r, &v, sizeof(v));
	return v;
}

uint16_t rng_u16(struct rng *r)
{
	uint16_t v;

	rng_bytes(r, &v, sizeof(v));
	return v;
}

/* The high half of a 32 x 32 bit product is nearly uniform; rejecting the first 2^32 mod n low halves makes
 * it exactly so (Lemire, "Fast Random Integer Generation in an Interval", 2019). */
uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint64_t product;
	uint32_t low;

	if (n == 0)
		return 0;
	product = (uint64_t)rng_u32(r) * n;
	low = (uint32_t)product;
	if (low < n) {
		uint32_t reject = -n % n;

		while (low < reject) {
			product = (uint64_t)rng_u32(r) * n;
			low = (uint32_t)product;
		}
	}
	return (uint32_t)(product >> 32);
}
