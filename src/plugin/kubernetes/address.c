// SPDX-License-Identifier: Apache-2.0
/* Addresses within names: dashed host labels. */
#include "plugin/kubernetes/kubernetes.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* A decimal number up to 255 without leading zeros, or -1. */
static int octet(const uint8_t *s, unsigned len)
{
	int v = 0;

	if (len == 0 || len > 3 || (len > 1 && s[0] == '0'))
		return -1;
	for (unsigned i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v <= 255 ? v : -1;
}

static unsigned dashed4(const uint8_t *s, unsigned len, uint8_t addr[16])
{
	unsigned at = 0;

	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *dash = memchr(s + at, '-', len - at);
		unsigned end = i < 3 && dash ? (unsigned)(dash - s) : len;
		int v = octet(s + at, end - at);

		if (v < 0)
			return 0;
		addr[i] = (uint8_t)v;
		at = end < len ? end + 1 : len;
	}
	return 4;
}

unsigned k8s_dashed_addr(const uint8_t *label, unsigned len, uint8_t addr[16])
{
	char text[WIRE_LABEL_MAX + 1];
	unsigned dashes = 0;
	bool twice = false;

	for (unsigned i = 0; i < len; i++) {
		text[i] = label[i] == '-' ? ':' : (char)label[i];
		dashes += label[i] == '-';
		twice |= i && label[i] == '-' && label[i - 1] == '-';
		if (label[i] == '.' || label[i] == '\0' || label[i] == ':')
			return 0;
	}
	if (dashes == 3 && !twice)
		return dashed4(label, len, addr);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, addr) != 1)
		return 0;
	if (memcmp(addr, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return 16;
	memmove(addr, addr + sizeof(mapped_prefix), 4);
	return 4;
}

/* Three places for the digits of a number below 256, and how many it has. */
#define OCTET(v)                                                                                                       \
	{                                                                                                              \
		'0' + ((v) >= 100 ? (v) / 100 : (v) >= 10 ? (v) / 10 : (v)),                                           \
			'0' + ((v) >= 100 ? (v) / 10 % 10 : (v) % 10), '0' + (v) % 10,                                 \
			(v) >= 100 ? 3 : (v) >= 10 ? 2 : 1                                                             \
	}
#define OCTETS_4(v)  OCTET(v), OCTET((v) + 1), OCTET((v) + 2), OCTET((v) + 3)
#define OCTETS_16(v) OCTETS_4(v), OCTETS_4((v) + 4), OCTETS_4((v) + 8), OCTETS_4((v) + 12)
#define OCTETS_64(v) OCTETS_16(v), OCTETS_16((v) + 16), OCTETS_16((v) + 32), OCTETS_16((v) + 48)
static const char octets[256][4] = {OCTETS_64(0), OCTETS_64(64), OCTETS_64(128), OCTETS_64(192)};

/* Writes four bytes, whatever it returns. */
static inline char *put_octet(char *p, unsigned v)
{
	memcpy(p, octets[v], sizeof(octets[v]));
	return p + octets[v][3];
}

static char *put_group(char *p, unsigned v)
{
	static const char digits[] = "0123456789abcdef";
	int shift = v >= 0x1000 ? 12 : v >= 0x100 ? 8 : v >= 0x10 ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*p++ = digits[v >> shift & 15];
	return p;
}

/* The longest run of zero groups, the first of equals, of at least two.  RFC 5952 4.2. */
static unsigned zero_run(const uint8_t *a, unsigned *ret_at)
{
	unsigned best = 1, run = 0;

	*ret_at = 8;
	for (unsigned i = 0; i < 8; i++) {
		run = a[2 * i] || a[2 * i + 1] ? 0 : run + 1;
		if (run > best) {
			best = run;
			*ret_at = i + 1 - run;
		}
	}
	return best > 1 ? best : 0;
}

static unsigned dashed6(const uint8_t *a, char *out)
{
	unsigned at, run = zero_run(a, &at);
	char *p = out;

	for (unsigned i = 0; i < 8; i++) {
		if (i == at) {
			*p++ = '-';
			*p++ = '-';
			i += run - 1;
			continue;
		}
		if (p > out && p[-1] != '-')
			*p++ = '-';
		p = put_group(p, (unsigned)a[2 * i] << 8 | a[2 * i + 1]);
	}
	if (p[-1] == '-')
		*p++ = '0'; /* a label cannot end in a dash */
	return (unsigned)(p - out);
}

unsigned k8s_dashed_text(const uint8_t *addr, unsigned addr_len, char out[K8S_DASHED_MAX])
{
	char *p = out;

	if (addr_len == 16)
		return dashed6(addr, out);
	for (unsigned i = 0; i < 4; i++) {
		p = put_octet(p, addr[i]);
		*p++ = '-';
	}
	return (unsigned)(p - out) - 1;
}

unsigned k8s_peer_addr(const struct query *q, uint8_t addr[16])
{
	const struct net_addr *peer = net_return_peer(&q->from);

	if (peer->sa.sa_family == AF_INET) {
		memcpy(addr, &peer->v4.sin_addr, 4);
		return 4;
	}
	memcpy(addr, peer->v6.sin6_addr.s6_addr, 16);
	if (!IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr))
		return 16;
	memmove(addr, addr + sizeof(mapped_prefix), 4);
	return 4;
}
