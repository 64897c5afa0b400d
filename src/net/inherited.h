// SPDX-License-Identifier: Apache-2.0
/* Listening sockets that the process was given when it was started (socket activation, control/sd.h).
 *
 * They stay here for the life of the process: a listener gets a copy of the descriptor, so that a reload that gives the
 * listener up and another that takes it again find the socket where it was.  Who gave it holds it too and will give it to
 * the next process, with what waits in its queue: it is never connected, drained or shut down, only left.
 * Thread: control or builder; inherited_holds: any, once serving. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stdbool.h>

enum { INHERITED_MAX = 256 };

/* Take a descriptor: a bound IP socket, datagrams or listening.  It becomes close-on-exec and non-blocking.  0, -EPROTOTYPE when
 * it is nothing that DNS can be served on (and stays the caller's), ERR_LIMIT, or -errno. */
int inherited_add(int fd) MUST_USE;

/* How many there are of this address and kind (SOCK_DGRAM, SOCK_STREAM). */
unsigned inherited_count(const struct net_addr *at, int type);
/* A copy of the i-th of them, ready to be served (options that a listener needs are set); or -errno. */
int inherited_open(const struct net_addr *at, int type, unsigned i);
/* Is this descriptor a copy of one of them? */
bool inherited_holds(int fd);

/* The next one that no listener has ever taken, from `*cursor` (0 at first); false: no more. */
bool inherited_unused(unsigned *cursor, struct net_addr *ret_at, int *ret_type);
