// SPDX-License-Identifier: Apache-2.0
/* A small upstream on real sockets of 127.0.0.1, in a thread of its own, at a port that the kernel chose. */
#pragma once

#include "net/addr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loopback_tcp { LOOPBACK_TCP, LOOPBACK_NO_TCP, LOOPBACK_BLACKHOLE };

struct loopback_query {
	bool tcp;
	const uint8_t *msg;
	size_t len;
	unsigned nth; /* on this transport, from 1 */
};

struct loopback {
	/* Write the answer (at most 65535 bytes) and return its length; 0: silence; -1 over TCP: close; -2: reset. */
	int (*answer)(const struct loopback_query *q, uint8_t *out);
	enum loopback_tcp tcp;

	struct net_addr addr;
	atomic_uint n_udp, n_tcp, n_conns;
	int udp_fd, tcp_fd, stop_fd[2], conns[16], fill[4];
	pthread_t thread;
};

void loopback_start(struct loopback *l);
void loopback_stop(struct loopback *l);
/* From now on the blackhole accepts. */
void loopback_open(struct loopback *l);

/* Header and question of `q` with rcode, flags and `n` A records; the length. */
int loopback_reply(const struct loopback_query *q, uint8_t *out, unsigned rcode, uint16_t flags, unsigned n);
/* One record of any type as the whole answer. */
int loopback_reply_rr(const struct loopback_query *q, uint8_t *out, uint16_t type, const uint8_t *rdata,
		      uint16_t len);
uint16_t loopback_type(const struct loopback_query *q);
