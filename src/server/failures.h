// SPDX-License-Identifier: Apache-2.0
/* The latest failures with their reasons, for the status page: answers other than NOERROR and NXDOMAIN, and attempts to reach an
 * upstream that came to nothing.
 *
 * Kept only while somebody wants them (failures_want).  Each worker has a ring of its own under its own lock, which good answers
 * never take; FAILURES_KEPT entries of some 600 bytes a worker, whatever is asked. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;
struct worker;

enum { FAILURES_KEPT = 48, FAILURE_TEXT_MAX = 200, FAILURE_UPSTREAM_MAX = 64 };

struct failure_seen {
	uint64_t wall_ns;
	struct net_addr client;   /* family AF_UNSPEC: an upstream's */
	char upstream[FAILURE_UPSTREAM_MAX]; /* "": an answer's */
	uint8_t name[WIRE_NAME_MAX];
	uint16_t type, rcode;     /* of answers */
	int32_t ede;              /* EDE_NONE: none */
	const char *plugin;       /* that answered (static); "": none */
	char reason[FAILURE_TEXT_MAX]; /* bytes of upstreams may be in it */
};

/* Begin to keep them, and stop when all who want them have said so.  -ENOMEM.  Thread: control. */
int failures_want(unsigned n_workers) MUST_USE;
void failures_unwant(void);
/* The newest ones of all workers first; how many.  Between want and unwant.  Thread: any but a worker's. */
size_t failures_copy(struct failure_seen *out, size_t max);

/* Thread: worker. */
void failures_note_slow(const struct query *q);
void failures_note_upstream(const struct worker *w, const char *upstream, const struct query *q, const char *reason);
bool failures_wanted(void);
