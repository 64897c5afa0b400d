// SPDX-License-Identifier: Apache-2.0
#include "wire/reverse.h"

#include <string.h>

enum { V4_LABELS = 4, V6_LABELS = 32, ARPA_LABELS = 2 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* A decimal number up to 255 without leading zeros, or -1. */
static int octet(const uint8_t *label)
{
	int v = 0;

	if (label[0] == 0 || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
		return -1;
	for (unsigned i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -1;
		v = v * 10 + (label[i] - '0');
	}
	return v <= 255 ? v : -1;
}

static int nibble(const uint8_t *label)
{
	if (label[0] != 1)
		return -1;
	if (label[1] >= '0' && label[1] <= '9')
		return label[1] - '0';
	return label[1] >= 'a' && label[1] <= 'f' ? label[1] - 'a' + 10 : -1;
}

static bool ends_in(const struct wire_query *in, unsigned labels, const char *suffix, size_t len)
{
	return in->n_labels == labels &&
	       memcmp(in->qname + in->label_off[labels - ARPA_LABELS], suffix, len) == 0;
}

static unsigned reverse4(const struct wire_query *in, uint8_t addr[16])
{
	for (unsigned i = 0; i < V4_LABELS; i++) {
		int v = octet(in->qname + in->label_off[i]);

		if (v < 0)
			return 0;
		addr[V4_LABELS - 1 - i] = (uint8_t)v;
	}
	return 4;
}

static unsigned reverse6(const struct wire_query *in, uint8_t addr[16])
{
	memset(addr, 0, 16);
	for (unsigned i = 0; i < V6_LABELS; i++) {
		int v = nibble(in->qname + in->label_off[i]);

		if (v < 0)
			return 0;
		addr[15 - i / 2] |= (uint8_t)(i % 2 ? v << 4 : v);
	}
	if (memcmp(addr, mapped, sizeof(mapped)) != 0)
		return 16;
	memmove(addr, addr + sizeof(mapped), 4);
	return 4;
}

unsigned wire_reverse_addr(const struct wire_query *in, uint8_t addr[16])
{
	static const char in_addr[] = "\7in-addr\4arpa", ip6[] = "\3ip6\4arpa";

	if (ends_in(in, V4_LABELS + ARPA_LABELS, in_addr, sizeof(in_addr)))
		return reverse4(in, addr);
	if (ends_in(in, V6_LABELS + ARPA_LABELS, ip6, sizeof(ip6)))
		return reverse6(in, addr);
	return 0;
}
