// SPDX-License-Identifier: Apache-2.0
/* Numbers as Go's Prometheus client writes them.  Part of base/metrics. */
#pragma once

enum { METRIC_NUMBER_MAX = 32 };

/* The shortest decimal that reads back as the same double: 0.00025, 8.192, +Inf, NaN; with an exponent below
 * 1e-04 and from 1e+06 on.  Any thread. */
void metric_number(double v, char out[METRIC_NUMBER_MAX]);
