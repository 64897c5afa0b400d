// SPDX-License-Identifier: Apache-2.0
/* What the tests of net/ share: a loop driven turn by turn in the test's thread, with clients that are plain
 * sockets of the same thread. */
#pragma once

#include "base/clock.h"
#include "net/addr.h"
#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { PATIENCE_S = 20 };

/* One turn that does not sleep. */
void turn(struct loop *l, void *receiver);
/* Turn until `condition` holds; fails the test after PATIENCE_S. */
#define UNTIL(l, condition)                                                                                  \
	do {                                                                                                 \
		uint64_t give_up = clock_mono_ns() + PATIENCE_S * NS_PER_S;                                  \
                                                                                                             \
		while (!(condition)) {                                                                       \
			if (clock_mono_ns() > give_up)                                                       \
				fail_msg("not within %d s: %s", PATIENCE_S, #condition);                     \
			turn(l, NULL);                                                                       \
		}                                                                                            \
	} while (0)

/* Is there ::1?  Some containers have none; what needs it is left out there. */
bool have_ipv6(void);
struct net_addr addr_of(const char *text, uint16_t port);
/* The port that the kernel gave. */
uint16_t port_of(int fd);
/* A non-blocking client socket, connected. */
int client(int type, const struct net_addr *to);
/* recv without waiting: the length, 0 at the end of a stream, -EAGAIN or another -errno. */
ssize_t got(int fd, void *buf, size_t cap);
