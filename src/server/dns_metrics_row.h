// SPDX-License-Identifier: Apache-2.0
/* A row of series.  Part of server/dns_metrics: dns_metrics.c makes and resolves, dns_metrics_count.c
 * counts. */
#pragma once

#include "base/metrics.h"
#include "server/dns_metrics.h"

#include <stdint.h>

enum { DNS_TYPES = 20, DNS_RCODES = 25 /* 0..23, and the rest */, DNS_RCODE_REST = DNS_RCODES - 1 };
enum { DNS_DURATIONS = 16, DNS_SIZES = 14 }; /* buckets */

struct dns_row {
	const char *server, *zone, *view;
	const struct block *block;
	bool ready; /* atomic: set after the plain ones, which are frozen then */
	metric_id duration, dos, request_size[2], response_size[2];
	/* Atomic (relaxed): 0 until resolved, then the same for good. */
	metric_id requests[2][2][DNS_TYPES];
	metric_id responses[]; /* [plugin][rcode]; plugin 0: none, then by place in the chain */
};

/* Resolve what is not yet: the plain ones (then `ready`), or one request's or response's series. */
void dns_row_prepare(struct dns_row *r);
metric_id dns_row_resolve_request(struct dns_row *r, unsigned proto, unsigned family, unsigned type);
metric_id dns_row_resolve_response(struct dns_row *r, unsigned plugin, unsigned rcode);

static inline metric_id dns_row_request(struct dns_row *r, unsigned proto, unsigned family, unsigned type)
{
	metric_id id = __atomic_load_n(&r->requests[proto][family][type], __ATOMIC_RELAXED);

	return likely(id) ? id : dns_row_resolve_request(r, proto, family, type);
}

static inline metric_id dns_row_response(struct dns_row *r, unsigned plugin, unsigned rcode)
{
	metric_id id = __atomic_load_n(&r->responses[plugin * DNS_RCODES + rcode], __ATOMIC_RELAXED);

	return likely(id) ? id : dns_row_resolve_response(r, plugin, rcode);
}
