// SPDX-License-Identifier: Apache-2.0
/* The PROXY protocol's header, versions 1 (text) and 2 (binary): who really asks, told by a proxy in front.
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt          Pure; any thread; allocates nothing. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROXY_V1_MAX = 107,       /* section 2.1, with the line's end */
	PROXY_V2_MAX = 16 + 4096, /* addresses and TLVs; a longer one is refused.  TLVs are not looked at. */
};

struct proxy_header {
	unsigned version;         /* 1 or 2 */
	bool has_address;         /* else: LOCAL, UNKNOWN, or a family that is no IP; the connection's own counts */
	bool datagram;            /* of the address: UDP, else TCP */
	struct net_addr source, destination;
};

/* Read the header at the start of `data`.  Its length in bytes; 0: these bytes do not begin one; -EAGAIN: they could,
 * and more are needed; -EBADMSG: they do, and it is wrong. */
int proxy_header_read(const uint8_t *data, size_t len, struct proxy_header *ret) MUST_USE NONNULL;
