// SPDX-License-Identifier: Apache-2.0
/* The protobuf form of dnstap's messages: some ten fields, written by hand because a worker writes them, straight into its
 * ring.  Numbers are those of the dnstap schema. */
#include "plugin/dnstap/dnstap.h"

#include <string.h>

enum wire_type { VARINT = 0, BYTES = 2, FIXED32 = 5 };

enum { /* message Dnstap */
	TAP_IDENTITY = 1,
	TAP_VERSION = 2,
	TAP_EXTRA = 3,
	TAP_MESSAGE = 14,
	TAP_TYPE = 15,
	TAP_TYPE_MESSAGE = 1,
};

enum { /* message Message */
	MSG_TYPE = 1,
	MSG_FAMILY = 2,
	MSG_PROTOCOL = 3,
	MSG_QUERY_ADDRESS = 4,
	MSG_RESPONSE_ADDRESS = 5,
	MSG_QUERY_PORT = 6,
	MSG_RESPONSE_PORT = 7,
	MSG_QUERY_SEC = 8,
	MSG_QUERY_NSEC = 9,
	MSG_QUERY = 10,
	MSG_RESPONSE_SEC = 12,
	MSG_RESPONSE_NSEC = 13,
	MSG_RESPONSE = 14,
};

enum {
	FIXED_MAX = 128, /* all fields of fixed size, tags and lengths included */
	LENGTH_BYTES = 5, /* the inner message's length is written in so many, whatever it is */
	TEXT_MAX = 127,
	NS_PER_SEC = 1000000000,
};

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	while (v > 127) {
		*p++ = (uint8_t)(v | 128);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put_tag(uint8_t *p, unsigned field, enum wire_type t)
{
	return put_varint(p, field << 3 | t);
}

static uint8_t *put_number(uint8_t *p, unsigned field, uint64_t v)
{
	return put_varint(put_tag(p, field, VARINT), v);
}

static uint8_t *put_bytes(uint8_t *p, unsigned field, const void *data, size_t len)
{
	p = put_varint(put_tag(p, field, BYTES), len);
	memcpy(p, data, len);
	return p + len;
}

static uint8_t *put_fixed32(uint8_t *p, unsigned field, uint32_t v)
{
	p = put_tag(p, field, FIXED32);
	for (unsigned i = 0; i < 4; i++)
		*p++ = (uint8_t)(v >> 8 * i);
	return p;
}

static uint8_t *put_address(uint8_t *p, unsigned address, unsigned port, const struct net_addr *a)
{
	if (net_addr_family(a) == 1 && a->sa.sa_family == AF_INET6) /* v4-mapped */
		p = put_bytes(p, address, a->v6.sin6_addr.s6_addr + 12, 4);
	else if (a->sa.sa_family == AF_INET6)
		p = put_bytes(p, address, &a->v6.sin6_addr, 16);
	else
		p = put_bytes(p, address, &a->v4.sin_addr, 4);
	return put_number(p, port, net_addr_port(a));
}

static uint8_t *put_time(uint8_t *p, unsigned sec, unsigned nsec, uint64_t ns)
{
	p = put_number(p, sec, ns / NS_PER_SEC);
	return put_fixed32(p, nsec, (uint32_t)(ns % NS_PER_SEC));
}

static uint8_t *put_message(uint8_t *p, const struct dnstap_message *m)
{
	const struct net_addr *a = m->response ? m->response : m->query;

	p = put_number(p, MSG_TYPE, m->type);
	p = put_number(p, MSG_FAMILY, (uint64_t)net_addr_family(a));
	p = put_number(p, MSG_PROTOCOL, m->stream ? 2 : 1);
	if (m->query)
		p = put_address(p, MSG_QUERY_ADDRESS, MSG_QUERY_PORT, m->query);
	if (m->response)
		p = put_address(p, MSG_RESPONSE_ADDRESS, MSG_RESPONSE_PORT, m->response);
	if (m->query_ns)
		p = put_time(p, MSG_QUERY_SEC, MSG_QUERY_NSEC, m->query_ns);
	if (m->query_msg)
		p = put_bytes(p, MSG_QUERY, m->query_msg, m->query_len);
	if (m->response_ns)
		p = put_time(p, MSG_RESPONSE_SEC, MSG_RESPONSE_NSEC, m->response_ns);
	if (m->response_msg)
		p = put_bytes(p, MSG_RESPONSE, m->response_msg, m->response_len);
	return p;
}

size_t dnstap_encoded_max(const struct dnstap_message *m, size_t head_len)
{
	return head_len + FIXED_MAX + m->query_len + m->response_len + m->extra_len;
}

/* Of fixed width, so that it can be filled in afterwards: a long form is a varint too. */
static void put_length(uint8_t *p, size_t len)
{
	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		p[i] = (uint8_t)((len >> 7 * i & 127) | (i + 1 < LENGTH_BYTES ? 128u : 0u));
}

size_t dnstap_encode(const struct dnstap_message *m, const uint8_t *head, size_t head_len, uint8_t *out)
{
	uint8_t *p = out, *inner;

	memcpy(p, head, head_len);
	p += head_len;
	if (m->extra_len)
		p = put_bytes(p, TAP_EXTRA, m->extra, m->extra_len);
	inner = put_tag(p, TAP_MESSAGE, BYTES) + LENGTH_BYTES;
	p = put_message(inner, m);
	put_length(inner - LENGTH_BYTES, (size_t)(p - inner));
	p = put_number(p, TAP_TYPE, TAP_TYPE_MESSAGE);
	return (size_t)(p - out);
}

size_t dnstap_encode_head(const char *identity, const char *version, uint8_t *out)
{
	uint8_t *p = out;

	if (*identity)
		p = put_bytes(p, TAP_IDENTITY, identity, strnlen(identity, TEXT_MAX));
	if (*version)
		p = put_bytes(p, TAP_VERSION, version, strnlen(version, TEXT_MAX));
	return (size_t)(p - out);
}
