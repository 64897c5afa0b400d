// SPDX-License-Identifier: Apache-2.0
/* The picture of binnacle top: lines of text from the server's JSON. */
#pragma once

#include "base/text.h"

struct cJSON;

enum { TOP_HEADING = 1 }; /* the first byte of a line that is one */

/* Append lines, each with its '\n', at most `rows`, none longer than `cols`; printable ASCII only.  `before`: what was shown last, for
 * rates of now; NULL: nothing. */
void top_view(struct text *out, const struct cJSON *before, const struct cJSON *now, unsigned rows, unsigned cols);
