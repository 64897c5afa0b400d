// SPDX-License-Identifier: Apache-2.0
/* Giving zones away (AXFR, RFC 5936; IXFR answered as such, RFC 1995 4).
 *
 *   plugin transfer   who may have which zone; asks the plugins of its block, in their order, for it
 *   plugin.transfer   gives all records of a zone that is its own, by transfer_rr, in one turn
 *   transfer.c        makes messages of them and sends these, as fast as the client takes them
 *
 * The messages of a zone are built before the first goes out: what a plugin reads may change or go after
 * this turn. They live in memory of their own, at most TRANSFER_BYTES_MAX a transfer.  Thread: worker. */
#pragma once

#include "base/arena.h"
#include "server/query.h"

enum {
	TRANSFER_BYTES_MAX = 64 << 20,
	TRANSFER_MESSAGE_BYTES = 60000, /* of records, uncompressed, in a message */
	TRANSFER_TIME_S = 120, /* a client takes all of it in this time */
};

struct transfer;

/* One record, copied.  The first one is the zone's SOA; it is repeated at the end by itself.  0, or what
 * the plugin passes on at once: an error, or TRANSFER_ENOUGH. */
enum { TRANSFER_ENOUGH = 1 }; /* the client has this serial: the SOA says all */
int transfer_rr(struct transfer *t, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
		uint16_t rdlen) MUST_USE;

/* ---- for the plugin transfer */

/* Begin for q, an AXFR or IXFR over a stream.  NULL: no memory. */
struct transfer *transfer_begin(struct query *q, const uint32_t *have_serial);
/* All records were given (or TRANSFER_ENOUGH was returned): the hook's step.  `t` goes with the query. */
enum step transfer_send(struct transfer *t);
/* Nothing is sent. */
void transfer_free(struct transfer *t);
/* From the plugin's reply(): the query ends, sent or not. */
void transfer_end(struct transfer *t);
unsigned transfer_records(const struct transfer *t);
uint32_t transfer_serial(const struct transfer *t);
