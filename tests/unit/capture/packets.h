// SPDX-License-Identifier: Apache-2.0
/* Packets by hand, and what a decoder makes of them. */
#pragma once

#include "capture/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Bytes that grow at their end. */
struct bytes {
	uint8_t p[70000];
	size_t n;
};

void put8(struct bytes *b, unsigned v);
void put16(struct bytes *b, unsigned v);
void put32(struct bytes *b, uint32_t v);
void put_bytes(struct bytes *b, const void *p, size_t n);

/* A DNS message: name in presentation form. */
struct dns {
	uint16_t id, flags, qtype;
	const char *name;
	unsigned n_answer; /* A records, behind the CNAMEs */
	const char *cname; /* a CNAME to this comes first */
	unsigned edns; /* size in an OPT; 0: none */
	bool soa;
};
void put_dns(struct bytes *b, const struct dns *d);

/* Where a packet goes. */
struct way {
	int family; /* 4 or 6 */
	unsigned src, dst; /* last byte of the addresses 192.0.2.x, 2001:db8::x */
	uint16_t sport, dport;
	uint8_t hops;
};

/* UDP or TCP header with its payload. */
void put_udp(struct bytes *b, const struct way *w, const struct bytes *payload);
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };
void put_tcp(struct bytes *b, const struct way *w, unsigned flags, uint32_t seq, const void *payload,
	     size_t n);
/* IP header with its payload; `frag_off` in bytes. */
struct ip_extra {
	uint16_t id;
	size_t frag_off;
	bool more;
};
void put_ip(struct bytes *b, const struct way *w, uint8_t protocol, struct ip_extra x, const void *payload,
	    size_t n);

/* A decoder with what came out of it. */
struct decoded {
	struct capture_decoder *d;
	struct capture_message m[64];
	unsigned n;
	unsigned asked, accepted, reset;
	int64_t now_ns;
	uint32_t number;
};
void decoded_start(struct decoded *d);
/* A frame: link_type's header is part of it.  `captured` 0: all of it. */
void decoded_frame(struct decoded *d, int link_type, const struct bytes *b, size_t captured);
/* An IP packet, captured on raw IP. */
void decoded_ip(struct decoded *d, const struct bytes *ip, size_t captured);
void decoded_end(struct decoded *d);
