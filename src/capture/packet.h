// SPDX-License-Identifier: Apache-2.0
/* What a capture holds, from the outside in.  Each step is a pure reader over what the step before it left:
 *
 *   capture_frame (file.h, or a test)  -> capture_link_read -> capture_ip_read -> fragments -> UDP or TCP -> DNS message
 *
 * A capture may have been made with a snap length: `captured` bytes are there of `len` that were sent.  All readers use
 * what is there and say what is not; nothing beyond `captured` is ever touched.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "wire/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CAPTURE_END_TEXT_MAX = 64, CAPTURE_FILES_MAX = 16 };

/* One end of a conversation.  Unused bytes are zero, so that ends compare by memcmp. */
struct capture_end {
	uint8_t addr[16]; /* IPv4: the first four */
	uint16_t port; /* host order; 0 where it does not matter */
	uint8_t family; /* 4, 6; 0: none */
	uint8_t zero;
};

static inline bool capture_end_equal(const struct capture_end *a, const struct capture_end *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The same address, whatever the port. */
static inline bool capture_end_same_host(const struct capture_end *a, const struct capture_end *b)
{
	return a->family == b->family && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* "192.0.2.1"; with_port: "192.0.2.1:53", "[2001:db8::1]:53".  Returns out. */
const char *capture_end_text(const struct capture_end *e, bool with_port, char out[CAPTURE_END_TEXT_MAX]);

/* A packet as it stands in a file. */
struct capture_frame {
	const uint8_t *bytes;
	size_t captured, len;
	int64_t time_ns; /* since 1970, corrected for the file's clock */
	unsigned file; /* which of the files, from 0; < CAPTURE_FILES_MAX */
	uint32_t number; /* in its file, from 1: what other tools call it too */
	int link_type; /* LINKTYPE_* of the capture's header */
};

/* The part of the link layer that matters. */
struct capture_link {
	uint32_t ifindex; /* Linux cooked v2 has it; else 0 */
};

/* Link types, as the formats number them (pcap-linktype). */
enum capture_link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW_BSD = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_COOKED = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_COOKED_2 = 276,
};

bool capture_link_known(int link_type);

/* Step over the link layer's header (VLAN tags too): the reader stands at the IP header then.  0; -ENOENT: no IP;
 * ERR_TRUNCATED. */
int capture_link_read(struct wire_reader *r, int link_type, struct capture_link *ret) MUST_USE;

/* An IP packet's header, extension headers stepped over. */
struct capture_ip {
	struct capture_end src, dst; /* ports 0 */
	uint8_t protocol, hop_limit;
	bool is_fragment, more_fragments;
	uint32_t fragment_id;
	size_t fragment_off; /* bytes */
	const uint8_t *payload; /* into the frame */
	size_t captured, len; /* of the payload */
};

/* Read the IP header at the reader.  `len`: bytes that the packet had from there on, as sent.  0, -EBADMSG, or ERR_TRUNCATED
 * where the header itself is cut off. */
int capture_ip_read(struct wire_reader *r, size_t len, struct capture_ip *ret) MUST_USE;
