// SPDX-License-Identifier: Apache-2.0
/* The slots that queries live in, and who of the waiting ones goes when there are too many.
 *
 * A slot is 2 KiB: struct query and the first block of its arena.  Slots are made in chunks and never given
 * back; handles (slot, serial) stay harmless after a query's end.  Waiting queries are listed by client
 * address (hashed into 256 buckets): at the limit the newest query of the fullest bucket is shed, so that the one who
 * asks most pays first.  Thread: worker. */
#pragma once

#include "server/query.h"

/* A slot with cleared fields (the parsed question excepted) and a fresh arena; NULL: no memory at all. */
struct query *query_pool_take(struct query_pool *p);
void query_pool_put(struct query_pool *p, struct query *q);
uint32_t query_pool_slots(const struct query_pool *p);
struct query *query_pool_at(const struct query_pool *p, uint32_t slot);

/* List a query that begins to wait.  Returns the query to shed if the limit is passed (maybe `q` itself, which
 * is then not listed), or NULL. */
struct query *query_pool_list(struct query_pool *p, struct query *q);
