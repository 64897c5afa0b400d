// SPDX-License-Identifier: Apache-2.0
/* TCP streams to and from a DNS port put together, and the messages in them (length, message; RFC 1035 4.2.2).
 *
 * Segments may come twice and in any order.  A stream that the capture meets in its middle is read from the first segment
 * that begins like a message; so is one with a hole, once what is missing has not come for a second or 64 segments.  With a
 * snap length messages are cut like datagrams.  Bounds: 4,096 connections (the one that was quiet longest gives way), 256 KiB
 * waiting in a stream, 32 MiB in all.  Thread: one. */
#pragma once

#include "base/hash.h"
#include "capture/packet.h"

struct capture_tcp;

/* A message in a stream. */
struct capture_tcp_message {
	const uint8_t *bytes; /* during the call */
	size_t captured, len;
};

/* What a connection does, as its packets show it. */
enum capture_tcp_event {
	TCP_ASKED, /* SYN, also again */
	TCP_ACCEPTED, /* SYN and ACK */
	TCP_RESET,
};

struct capture_tcp_sink {
	/* ip: addresses with ports, direction as sent. */
	void (*message)(void *arg, const struct capture_frame *frame, uint32_t ifindex,
			const struct capture_ip *ip, const struct capture_tcp_message *m);
	void (*event)(void *arg, const struct capture_frame *frame, const struct capture_ip *ip,
		      enum capture_tcp_event e);
	void *arg;
};

struct capture_tcp_counts {
	uint64_t segments, repeated, out_of_order, holes,
		joined; /* holes given up; streams met in their middle */
	uint64_t evicted, dropped_bytes;
};

/* NULL: no memory. */
struct capture_tcp *capture_tcp_new(const struct capture_tcp_sink *sink, const struct hash_key *key);
void capture_tcp_free(struct capture_tcp *t);
const struct capture_tcp_counts *capture_tcp_counts(const struct capture_tcp *t);

/* Add a segment: ip->payload begins with the TCP header.  0, -EBADMSG, ERR_TRUNCATED. */
int capture_tcp_add(struct capture_tcp *t, const struct capture_frame *frame, uint32_t ifindex,
		    const struct capture_ip *ip);

/* The capture has ended: what waits for missing segments waits no longer. */
void capture_tcp_finish(struct capture_tcp *t);
