// SPDX-License-Identifier: Apache-2.0
/* The records of a report's reply, each as a line "NAME TTL TYPE RDATA", for both forms of the report (trail_show.c).  Everything
 * that came from packets is escaped: names by wire_name_text, other bytes as RFC 3597 has it. */
#pragma once

struct trail_report;

enum { TRAIL_SECTIONS = 3 }; /* answer, authority, additional */

/* `fn` has each in its order; the OPT is none.  A message that ends early gives those before; without memory there are none. */
void trail_records(const struct trail_report *r, void (*fn)(void *arg, int section, const char *line), void *arg);
