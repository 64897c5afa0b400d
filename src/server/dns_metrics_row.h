// SPDX-License-Identifier: Apache-2.0
/* A row of series.  Part of server/dns_metrics: dns_metrics.c makes and resolves, dns_metrics_count.c counts. */
#pragma once

#include "base/metrics.h"
#include "server/dns_metrics.h"

#include <stdint.h>

enum { DNS_TYPES = 20, DNS_RCODES = 25 /* 0..23, and the rest */, DNS_RCODE_REST = DNS_RCODES - 1 };
enum { DNS_DURATIONS = 16, DNS_SIZES = 14 }; /* buckets */

struct dns_row {
	const char *server, *zone, *view;
	const struct block *block;
	/* Atomic (relaxed): 0 until resolved, then the same for good. */
	metric_id duration, dos, request_size[2], response_size[2];
	metric_id requests[2][2][DNS_TYPES];
	metric_id responses[]; /* [plugin][rcode]; plugin 0: none, then by place in the chain */
};

/* The cell of a series, resolved on first use. */
metric_id dns_row_request(struct dns_row *r, unsigned proto, unsigned family, unsigned type);
metric_id dns_row_response(struct dns_row *r, unsigned plugin, unsigned rcode);
metric_id dns_row_duration(struct dns_row *r);
metric_id dns_row_do(struct dns_row *r);
metric_id dns_row_request_size(struct dns_row *r, unsigned proto);
metric_id dns_row_response_size(struct dns_row *r, unsigned proto);
