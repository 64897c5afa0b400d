// SPDX-License-Identifier: Apache-2.0
/* Frames in, DNS messages out: the whole way of a packet (packet.h) with the memory that it needs (fragments, streams).
 * Takes any bytes; what it cannot read it counts.  Thread: one. */
#pragma once

#include "base/hash.h"
#include "capture/fragment.h"
#include "capture/message.h"
#include "capture/tcp.h"

enum { CAPTURE_PORTS_MAX = 8 };

struct capture_connection_event {
	int64_t time_ns;
	unsigned file;
	uint32_t packet;
	enum capture_tcp_event event;
	struct capture_end src, dst;
};

struct capture_sink {
	void (*message)(void *arg, const struct capture_message *m);
	void (*connection)(void *arg, const struct capture_connection_event *e); /* of a DNS port */
	void *arg;
};

struct capture_decode_counts {
	uint64_t packets;
	uint64_t cut; /* had fewer bytes than were sent */
	uint64_t not_ip, broken, other_protocol, other_port;
	uint64_t messages, messages_cut, messages_broken, not_dns;
	uint64_t too_short; /* the snap length left not even a DNS header */
};

struct capture_decoder;

/* ports: those that DNS is on (0-terminated, host order).  NULL: no memory. */
struct capture_decoder *capture_decoder_new(const uint16_t ports[CAPTURE_PORTS_MAX],
					    const struct hash_key *key, const struct capture_sink *sink);
void capture_decoder_free(struct capture_decoder *d);
void capture_decoder_add(struct capture_decoder *d, const struct capture_frame *f);
/* All files have ended: what waits (fragments, streams) goes out as it is. */
void capture_decoder_finish(struct capture_decoder *d);

const struct capture_decode_counts *capture_decoder_counts(const struct capture_decoder *d);
const struct capture_fragment_counts *capture_decoder_fragments(const struct capture_decoder *d);
const struct capture_tcp_counts *capture_decoder_tcp(const struct capture_decoder *d);
