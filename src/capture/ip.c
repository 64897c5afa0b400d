// SPDX-License-Identifier: Apache-2.0
/* IP headers.  RFC 791, RFC 8200. */
#include "capture/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	IPV4_MORE = 0x2000,
	IPV4_OFFSET = 0x1fff,
	HEADER_HOP_BY_HOP = 0,
	HEADER_ROUTING = 43,
	HEADER_FRAGMENT = 44,
	HEADER_AUTHENTICATION = 51,
	HEADER_DESTINATION = 60,
	EXTENSIONS_MAX = 8, /* a packet with more is nobody's DNS */
};

const char *capture_end_text(const struct capture_end *e, bool with_port, char out[CAPTURE_END_TEXT_MAX])
{
	char addr[INET6_ADDRSTRLEN] = "?";

	if (e->family)
		inet_ntop(e->family == 4 ? AF_INET : AF_INET6, e->addr, addr, sizeof(addr));
	if (with_port)
		snprintf(out, CAPTURE_END_TEXT_MAX, e->family == 6 ? "[%s]:%u" : "%s:%u", addr, e->port);
	else
		snprintf(out, CAPTURE_END_TEXT_MAX, "%s", addr);
	return out;
}

static void set_addr(struct capture_end *e, uint8_t family, const uint8_t *addr)
{
	*e = (struct capture_end){.family = family};
	memcpy(e->addr, addr, family == 4 ? 4 : 16);
}

/* What is left of the reader's bytes belongs to the payload, but never more than the header says. */
static void set_payload(const struct wire_reader *r, size_t len, struct capture_ip *ret)
{
	size_t there = r->len - r->off;

	ret->payload = r->msg + r->off;
	ret->len = len;
	ret->captured = there < len ? there : len;
}

static int read_ipv4(struct wire_reader *r, size_t len, struct capture_ip *ret)
{
	size_t start = r->off;
	const uint8_t *p = wire_reader_bytes(r, IPV4_HEADER);

	if (!p)
		return r->err;
	size_t head = (size_t)(p[0] & 15) * 4, total = wire_u16(p + 2);
	unsigned frag = wire_u16(p + 6);
	if (total == 0)
		total = len; /* segmentation left to the device: the length comes later */
	if (head < IPV4_HEADER || total < head || total > len)
		return -EBADMSG;
	set_addr(&ret->src, 4, p + 12);
	set_addr(&ret->dst, 4, p + 16);
	ret->hop_limit = p[8];
	ret->protocol = p[9];
	ret->fragment_id = wire_u16(p + 4);
	ret->fragment_off = (size_t)(frag & IPV4_OFFSET) * 8;
	ret->more_fragments = frag & IPV4_MORE;
	ret->is_fragment = ret->more_fragments || ret->fragment_off;
	(void)wire_reader_bytes(r, start + head - r->off); /* options */
	if (r->err)
		return r->err;
	set_payload(r, total - head, ret);
	return 0;
}

static int read_fragment_header(struct wire_reader *r, struct capture_ip *ret, uint8_t *next)
{
	*next = wire_reader_u8(r);
	(void)wire_reader_u8(r);
	unsigned off = wire_reader_u16(r);
	ret->fragment_id = wire_reader_u32(r);
	ret->fragment_off = off & 0xfff8;
	ret->more_fragments = off & 1;
	ret->is_fragment = ret->more_fragments || ret->fragment_off; /* an "atomic" one is whole, RFC 6946 */
	return r->err;
}

/* Step over extension headers; ret->protocol is what comes behind them. */
static int read_extensions(struct wire_reader *r, struct capture_ip *ret)
{
	uint8_t next = ret->protocol;

	for (unsigned n = 0; n < EXTENSIONS_MAX; n++) {
		ret->protocol = next;
		if (next == HEADER_FRAGMENT) {
			if (read_fragment_header(r, ret, &next))
				return r->err;
			if (ret->fragment_off) { /* what is in front was in the first fragment */
				ret->protocol = next;
				return 0;
			}
		} else if (next == HEADER_HOP_BY_HOP || next == HEADER_ROUTING ||
			   next == HEADER_DESTINATION || next == HEADER_AUTHENTICATION) {
			bool auth = next == HEADER_AUTHENTICATION; /* counts in fours, the others in eights */
			next = wire_reader_u8(r);
			size_t units = wire_reader_u8(r);
			(void)wire_reader_bytes(r, auth ? units * 4 + 6 : units * 8 + 6);
			if (r->err)
				return r->err;
		} else {
			return 0;
		}
	}
	return -EBADMSG;
}

static int read_ipv6(struct wire_reader *r, size_t len, struct capture_ip *ret)
{
	const uint8_t *p = wire_reader_bytes(r, IPV6_HEADER);

	if (!p)
		return r->err;
	size_t total = wire_u16(p + 4), start = r->off;
	if (total == 0)
		total = len - IPV6_HEADER; /* left to the device, as above */
	if (total + IPV6_HEADER > len)
		return -EBADMSG;
	set_addr(&ret->src, 6, p + 8);
	set_addr(&ret->dst, 6, p + 24);
	ret->protocol = p[6];
	ret->hop_limit = p[7];
	int err = read_extensions(r, ret);
	if (err)
		return err;
	if (r->off - start > total)
		return -EBADMSG;
	set_payload(r, total - (r->off - start), ret);
	return 0;
}

int capture_ip_read(struct wire_reader *r, size_t len, struct capture_ip *ret)
{
	*ret = (struct capture_ip){0};
	if (r->err || r->off == r->len)
		return r->err ? r->err : ERR_TRUNCATED;
	if (len < r->len - r->off)
		return -EBADMSG;
	switch (r->msg[r->off] >> 4) {
	case 4:
		return read_ipv4(r, len, ret);
	case 6:
		return len < IPV6_HEADER ? -EBADMSG : read_ipv6(r, len, ret);
	default:
		return -EBADMSG;
	}
}
