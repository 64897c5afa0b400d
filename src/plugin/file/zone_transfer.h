// SPDX-License-Identifier: Apache-2.0
/* A zone given away whole: for file, auto and secondary. */
#pragma once

struct transfer;
struct zone;

/* The records of `z`, which is read now and held until the transfer's end, for the hook plugin.transfer: the SOA, the apex's NS, then all
 * nodes in canonical order, each set followed by its signatures.  NULL: the zone is not loaded.  Thread: worker. */
int zone_transfer(struct zone *z, struct transfer *t);
