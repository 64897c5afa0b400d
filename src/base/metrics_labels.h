// SPDX-License-Identifier: Apache-2.0
/* The text form of a series' labels.  Part of base/metrics. */
#pragma once

#include "base/metrics.h"

/* `a="x",b="y"` in order of label names, values escaped, malloc'ed; "" without labels, NULL without memory.
 * `values` NULL: each value is "other". */
char *metric_labels(const struct metric_desc *d, const char *const *values);
