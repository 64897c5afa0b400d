// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_header.h"

#include <errno.h>
#include <string.h>

static const uint8_t v1_start[] = {'P', 'R', 'O', 'X', 'Y', ' '};
static const uint8_t v2_start[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

enum {
	V2_FIXED = 16,
	V2_VERSION = 0x20,
	V2_LOCAL = 0,
	V2_PROXY = 1,
	V2_INET = 1,
	V2_INET6 = 2,
	V2_UNIX = 3,
	V2_STREAM = 1,
	V2_DGRAM = 2,
	V2_INET_LEN = 12,
	V2_INET6_LEN = 36,
	WORD_MAX = 45, /* the longest IPv6 address */
};

/* ---------------------------------------------------------------- version 1 */

/* The text of a line, read word by word. */
struct line {
	const char *at, *end;
};

/* The next word, copied; the words are apart by one space. */
static bool word(struct line *l, char out[WORD_MAX + 1])
{
	size_t n = 0;

	while (l->at < l->end && *l->at != ' ') {
		if (n == WORD_MAX)
			return false;
		out[n++] = *l->at++;
	}
	out[n] = '\0';
	if (l->at < l->end)
		l->at++;
	return n > 0;
}

/* Decimal, without sign or leading zero. */
static bool port(struct line *l, uint16_t *ret)
{
	char text[WORD_MAX + 1];
	unsigned n = 0;

	if (!word(l, text) || strlen(text) > 5 || (text[0] == '0' && text[1]))
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (unsigned)(*p - '0');
	}
	*ret = (uint16_t)n;
	return n <= UINT16_MAX;
}

static bool address(struct line *l, sa_family_t family, struct net_addr *ret)
{
	char text[WORD_MAX + 1];

	return word(l, text) && !strchr(text, '%') && net_addr_parse(text, 0, ret) == 0 && ret->sa.sa_family == family;
}

static bool read_line(struct line l, struct proxy_header *ret)
{
	char text[WORD_MAX + 1];
	uint16_t source, destination;
	sa_family_t family;

	if (!word(&l, text))
		return false;
	if (strcmp(text, "UNKNOWN") == 0)
		return true; /* what follows is of no meaning */
	family = strcmp(text, "TCP6") == 0 ? AF_INET6 : AF_INET;
	if (family == AF_INET && strcmp(text, "TCP4") != 0)
		return false;
	if (!address(&l, family, &ret->source) || !address(&l, family, &ret->destination) || !port(&l, &source) ||
	    !port(&l, &destination) || l.at != l.end || l.end[-1] == ' ')
		return false;
	net_addr_set_port(&ret->source, source);
	net_addr_set_port(&ret->destination, destination);
	ret->has_address = true;
	return true;
}

static int read_v1(const uint8_t *data, size_t len, struct proxy_header *ret)
{
	size_t most = len < PROXY_V1_MAX ? len : PROXY_V1_MAX;
	const uint8_t *end = memchr(data, '\n', most);
	const char *text = (const char *)data;

	if (!end)
		return len < PROXY_V1_MAX ? -EAGAIN : -EBADMSG;
	if (end[-1] != '\r' || memchr(data, '\0', (size_t)(end - data)))
		return -EBADMSG;
	ret->version = 1;
	if (!read_line((struct line){text + sizeof(v1_start), (const char *)end - 1}, ret))
		return -EBADMSG;
	return (int)(end + 1 - data);
}

/* ---------------------------------------------------------------- version 2 */

static void set_inet(struct net_addr *a, const uint8_t *addr, const uint8_t *port_at)
{
	*a = (struct net_addr){.v4 = {.sin_family = AF_INET}};
	memcpy(&a->v4.sin_addr, addr, 4);
	memcpy(&a->v4.sin_port, port_at, 2);
}

static void set_inet6(struct net_addr *a, const uint8_t *addr, const uint8_t *port_at)
{
	*a = (struct net_addr){.v6 = {.sin6_family = AF_INET6}};
	memcpy(&a->v6.sin6_addr, addr, 16);
	memcpy(&a->v6.sin6_port, port_at, 2);
}

/* 2.2: the addresses behind the fixed part. */
static int read_addresses(const uint8_t *at, size_t len, unsigned family, unsigned protocol, struct proxy_header *ret)
{
	if (family > V2_UNIX || protocol > V2_DGRAM)
		return -EBADMSG;
	if ((family != V2_INET && family != V2_INET6) || protocol == 0)
		return 0;
	if (len < (family == V2_INET ? V2_INET_LEN : V2_INET6_LEN))
		return -EBADMSG;
	if (family == V2_INET) {
		set_inet(&ret->source, at, at + 8);
		set_inet(&ret->destination, at + 4, at + 10);
	} else {
		set_inet6(&ret->source, at, at + 32);
		set_inet6(&ret->destination, at + 16, at + 34);
	}
	ret->has_address = true;
	ret->datagram = protocol == V2_DGRAM;
	return 0;
}

static int read_v2(const uint8_t *data, size_t len, struct proxy_header *ret)
{
	size_t more;
	int err;

	if (len < V2_FIXED)
		return -EAGAIN;
	more = (size_t)data[14] << 8 | data[15];
	if ((data[12] & 0xf0) != V2_VERSION || (data[12] & 0x0f) > V2_PROXY || V2_FIXED + more > PROXY_V2_MAX)
		return -EBADMSG;
	if (len < V2_FIXED + more)
		return -EAGAIN;
	ret->version = 2;
	if ((data[12] & 0x0f) == V2_LOCAL)
		return (int)(V2_FIXED + more);
	err = read_addresses(data + V2_FIXED, more, data[13] >> 4, data[13] & 0x0f, ret);
	return err ? err : (int)(V2_FIXED + more);
}

/* The bytes are the start of `start`, as far as they go. */
static bool begins(const uint8_t *data, size_t len, const uint8_t *start, size_t start_len)
{
	return memcmp(data, start, len < start_len ? len : start_len) == 0;
}

int proxy_header_read(const uint8_t *data, size_t len, struct proxy_header *ret)
{
	*ret = (struct proxy_header){0};
	if (begins(data, len, v2_start, sizeof(v2_start)))
		return len < sizeof(v2_start) ? -EAGAIN : read_v2(data, len, ret);
	if (begins(data, len, v1_start, sizeof(v1_start)))
		return len < sizeof(v1_start) ? -EAGAIN : read_v1(data, len, ret);
	return 0;
}
