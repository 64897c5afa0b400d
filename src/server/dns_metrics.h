// SPDX-License-Identifier: Apache-2.0
/* The counters of queries, coredns_dns_*: by server, zone and view, and then by what kind of query and
 * answer.
 *
 * A *row* holds the cells of one (server, zone, view).  `prometheus` makes one for each zone of its
 * blocks; the core one a listener, zone "dropped", for what it answers itself.  Few rows have all usual
 * series resolved at the start; of many, and of what is rare, a series is resolved when it is first
 * counted, so that what nobody asks takes no place among the METRICS_MAX_SERIES.  Type, rcode and plugin
 * come from fixed lists, zone and view from the Corefile. Thread: rows are made by control or builder;
 * counted in by any worker, each in its own cells. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

struct arena;
struct block;
struct dns_row;
struct query;

/* `block` (may be NULL) has the plugins that answer.  The texts and the block live as long as the arena.
 * NULL: no memory. */
struct dns_row *dns_metrics_row(struct arena *a, const char *server, const char *zone, const char *view,
				const struct block *block);
/* Resolve what nearly every server counts. */
void dns_metrics_prefill(struct dns_row *r);
/* Count a query whose answer stands in q->reply. */
void dns_metrics_count(struct dns_row *r, struct query *q);
