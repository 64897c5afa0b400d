// SPDX-License-Identifier: Apache-2.0
/* The core's own counters, resolved once at start.  Rule: frozen (the cells are the workers'). */
#pragma once

#include "base/metrics.h"

struct server_metrics {
	metric_id malformed;    /* answered FORMERR or dropped by the wire check */
	metric_id not_routed;   /* REFUSED: no block has the name, or its class */
	metric_id cut_answers;  /* sent with TC because the client takes no more */
	metric_id subset_answers; /* sent without TC by `fit subset` */
	metric_id client_gone;  /* the answer found no connection any more */
	metric_id shed;         /* given up at the in-flight limit */
	metric_id deadline;     /* answered SERVFAIL by the core's deadline */
	metric_id sub_queries;
	metric_id panics;       /* kept for dashboards; stays 0 */
};
extern struct server_metrics server_metrics;

/* coredns_build_info and binnacle_build_info.  The texts are static.  Control. */
void server_metrics_build(const char *version, const char *revision, const char *compiler);

/* Any number of times; control. */
void server_metrics_init(void);
