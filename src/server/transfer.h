// SPDX-License-Identifier: Apache-2.0
/* Giving zones away (AXFR, RFC 5936; IXFR answered as such, RFC 1995 4).
 *
 *   plugin transfer   who may have which zone; asks the plugins of its block, in their order, for it
 *   plugin.transfer   gives the zone's SOA by transfer_rr, and then
 *                       - all other records likewise, in one turn: what it reads may change or go after that; or
 *                       - transfer_from: a source that gives more as the client takes it: a record at a time, or in steps
 *   transfer.c        makes messages of them and sends these
 *
 * The messages of the first way are all built before one goes out, in memory of their own, at most TRANSFER_BYTES_MAX for
 * all such transfers of the process.  The second way holds one message, or what a step gave.  Either way what is written and not yet taken is within
 * the connection's bound (net_reply_has_room), and a turn makes TRANSFER_TURN_MESSAGES messages or steps at most.
 * A client that takes nothing is closed as any other (net/dns_server.h), one that takes little after TRANSFER_TIME_S.
 * Thread: worker. */
#pragma once

#include "base/arena.h"
#include "server/query.h"

enum {
	TRANSFER_BYTES_MAX = 64 << 20,
	TRANSFER_MESSAGE_BYTES = 60000, /* of records, uncompressed, in a message */
	TRANSFER_TURN_MESSAGES = 4,
	TRANSFER_TIME_S = 120,          /* a client takes all of it in this time */
};

struct transfer;

/* One record, copied.  The first one is the zone's SOA; it is repeated at the end by itself.  0, or what
 * the plugin passes on at once: an error, or TRANSFER_ENOUGH. */
enum { TRANSFER_ENOUGH = 1 }; /* the client has this serial: the SOA says all */
int transfer_rr(struct transfer *t, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
		uint16_t rdlen) MUST_USE;

/* A record of a source; what it points to stays until the source's end. */
struct transfer_record {
	const uint8_t *owner, *rdata;
	uint32_t ttl_s;
	uint16_t type, rdlen;
};
enum { TRANSFER_MORE = 2 };
struct transfer_source {
	/* False: that was all. */
	bool (*next)(void *arg, struct transfer_record *ret);
	/* The transfer has ended, one way or another: give `arg` back. */
	void (*end)(void *arg);
	/* In place of `next`: give some records by transfer_rr, or none, in a small part of a turn; what it reads is read in that turn
	 * alone.  TRANSFER_MORE: to be called again; 0: that was all; an error ends the transfer. */
	int (*step)(void *arg, struct transfer *t);
};
/* What follows the SOA comes from there.  Takes `arg`. */
void transfer_from(struct transfer *t, const struct transfer_source *s, void *arg);

/* A zone of a plugin serves for the first time in this generation, or serves other data now: the transfer plugin of its block is told
 * (plugin.zone_changed).  Thread: control, background. */
void transfer_zone_changed(const struct block *b, const uint8_t *zone);

/* ---- for the plugin transfer */

/* Begin for q, an AXFR or IXFR over a stream.  NULL: no memory. */
struct transfer *transfer_begin(struct query *q, const uint32_t *have_serial);
/* All records were given (or TRANSFER_ENOUGH was returned): the hook's step.  `t` goes with the query. */
enum step transfer_send(struct transfer *t);
/* The query ends, sent or not; NULL is left alone. */
void transfer_end(struct transfer *t);
/* All of it was given to the connection, but for the last message, which is the reply. */
bool transfer_complete(const struct transfer *t);
bool transfer_up_to_date(const struct transfer *t);
unsigned transfer_records(const struct transfer *t);
uint32_t transfer_serial(const struct transfer *t);
