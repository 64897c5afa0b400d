// SPDX-License-Identifier: Apache-2.0
/* PROXY protocol headers: nothing is read past the end, a shorter input never says otherwise than "more", and a header
 * fits what is said of it. */
#include "net/proxy_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_header(const struct proxy_header *h, int n, size_t size)
{
	check((size_t)n <= size && (h->version == 1 || h->version == 2));
	check(n <= (h->version == 1 ? PROXY_V1_MAX : PROXY_V2_MAX));
	if (!h->has_address)
		return;
	check(h->source.sa.sa_family == AF_INET || h->source.sa.sa_family == AF_INET6);
	check(h->source.sa.sa_family == h->destination.sa.sa_family);
	check(h->version == 2 || !h->datagram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); /* of the exact size, for the sanitizer */
	struct proxy_header h, shorter;
	int n, m;

	check(copy != NULL);
	memcpy(copy, data, size);
	n = proxy_header_read(copy, size, &h);
	check(n >= 0 || n == -EAGAIN || n == -EBADMSG);
	if (n > 0) {
		check_header(&h, n, size);
		check(proxy_header_read(copy, (size_t)n, &shorter) == n);
		m = proxy_header_read(copy, (size_t)n - 1, &shorter);
		check(m == -EAGAIN);
	}
	free(copy);
	return 0;
}
