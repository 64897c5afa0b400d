// SPDX-License-Identifier: Apache-2.0
/* Questions in flight of one rule on one worker: the same question is asked once, whoever comes meanwhile waits for
 * the same answer.  (Over all workers it is `cache` that merges.)
 *
 *   flight --- seat --- seat --- seat     one seat a waiting query, by handle; the first has asked
 *
 * The key is a 128-bit keyed fingerprint of the question and of all that shapes what is sent upstream; two
 * questions that share one without being equal would take 2^64 tries by somebody who does not know the secret.
 * Bounded by the queries that may wait (server/query_pool.c).  Thread: worker. */
#pragma once

#include "base/compiler.h"
#include "server/query.h"

#include <stdbool.h>
#include <stdint.h>

struct flights;
struct rng;

struct flight_key {
	uint64_t a, b;
};

struct flight_seat {
	struct query_handle who;
	bool again; /* it has already waited for one that failed */
	bool joined; /* another one began the exchange */
	struct flight_seat *next;
};

/* NULL: no memory. */
struct flights *flights_new(struct rng *rng);
void flights_free(struct flights *f);

/* False: this question is asked for itself alone (it carries options that are forwarded). */
bool flight_key_of(const struct flights *f, const struct query *q, struct flight_key *ret) MUST_USE;
/* There is a flight with that key. */
bool flight_under_way(const struct flights *f, const struct flight_key *k);
/* Join it: true, and the query waits.  False: there is none, or no memory. */
bool flight_join(struct flights *f, const struct flight_key *k, const struct query *q, bool again) MUST_USE;
/* Begin one with the query as its first seat; its tag for the exchange, or 0 without memory.  `k` NULL: nobody can join. */
uint64_t flight_begin(struct flights *f, const struct flight_key *k, const struct query *q, bool again);
/* The flight is over: its seats, first come first; give each back with flight_seat_free.  NULL for a tag that is over. */
struct flight_seat *flight_end(struct flights *f, uint64_t tag);
void flight_seat_free(struct flights *f, struct flight_seat *s);
/* Who is on it now. */
const struct flight_seat *flight_seats(const struct flights *f, uint64_t tag);
/* Somebody on it still waits. */
bool flight_wanted(const struct flights *f, struct worker *w, uint64_t tag);
