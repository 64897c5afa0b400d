// SPDX-License-Identifier: Apache-2.0
/* Link layers.  https://www.tcpdump.org/linktypes.html */
#include "capture/packet.h"

#include <errno.h>

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
	ETHERNET_ADDRESSES = 12,
	VLAN_TAGS_MAX = 4, /* two are usual; more is a way to keep a reader busy */
};

bool capture_link_known(int link_type)
{
	switch (link_type) {
	case LINK_NULL:
	case LINK_ETHERNET:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_RAW:
	case LINK_LOOP:
	case LINK_COOKED:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_COOKED_2:
		return true;
	default:
		return false;
	}
}

static bool is_tag(unsigned type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/* VLAN tags, as many as there are: two bytes of tag, then the next type. */
static int read_type(struct wire_reader *r, unsigned type)
{
	for (unsigned n = 0; is_tag(type) && n < VLAN_TAGS_MAX; n++) {
		(void)wire_reader_u16(r); /* the tag; the error, if any, stays in r */
		type = wire_reader_u16(r);
	}
	if (r->err)
		return r->err;
	return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 ? 0 : -ENOENT;
}

static int read_ethernet(struct wire_reader *r)
{
	(void)wire_reader_bytes(r, ETHERNET_ADDRESSES); /* checked with the type */
	return read_type(r, wire_reader_u16(r));
}

/* Type of packet, kind of device, length of address, address (8), protocol. */
static int read_cooked(struct wire_reader *r)
{
	(void)wire_reader_bytes(r, 14);
	return read_type(r, wire_reader_u16(r));
}

/* Protocol, zero (2), interface (4), kind of device (2), type of packet, length of address, address (8). */
static int read_cooked_2(struct wire_reader *r, struct capture_link *ret)
{
	unsigned type = wire_reader_u16(r);

	(void)wire_reader_u16(r);
	ret->ifindex = wire_reader_u32(r);
	(void)wire_reader_bytes(r, 12);
	return read_type(r, type);
}

int capture_link_read(struct wire_reader *r, int link_type, struct capture_link *ret)
{
	*ret = (struct capture_link){0};
	switch (link_type) {
	case LINK_ETHERNET:
		return read_ethernet(r);
	case LINK_COOKED:
		return read_cooked(r);
	case LINK_COOKED_2:
		return read_cooked_2(r, ret);
	case LINK_NULL: /* a family's number, in the order and by the numbers of the machine: the IP header tells too */
	case LINK_LOOP:
		(void)wire_reader_u32(r);
		return r->err;
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_IPV4:
	case LINK_IPV6:
		return r->err;
	default:
		return -ENOENT;
	}
}
