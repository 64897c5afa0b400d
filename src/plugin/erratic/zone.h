// SPDX-License-Identifier: Apache-2.0
/* The small zone that `erratic` transfers, under whatever name was asked for. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

struct query;

/* Its records into the reply; without the closing SOA it looks cut off.  0; ERR_LIMIT: no memory. */
int erratic_zone_add(struct query *q, bool closed) MUST_USE;
