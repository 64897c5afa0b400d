// SPDX-License-Identifier: Apache-2.0
/* What the server does now, as one JSON object: for `binnacle top` and whoever asks the admin socket.
 *
 *   {"who": {..who_report_json..}, "upstreams": [..], "cache": {..}, "trouble": {..}}
 *
 * All but `who` is read from the metrics, so it counts from the start of the process; a rate is the difference of two.  docs/top.md
 * has each member.  Thread: any but a worker's. */
#pragma once

#include "base/text.h"

enum { TOP_UPSTREAMS = 64 };

/* Appends it; without memory `t` has failed. */
void top_json(struct text *t);
