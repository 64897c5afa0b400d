// SPDX-License-Identifier: Apache-2.0
/* Finding out whom to ask: resolv.conf, the API server, the Corefile, and what was given.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

struct doctor_options;

/* Fill in servers, resolv, corefile, kube, names.  0, or -1 with what was wrong in the options printed to stderr. */
int discover(struct observed_world *w, const struct doctor_options *o) MUST_USE;

/* After asking: this machine is not part of the cluster, and none of the cluster's addresses found by the API has said a
 * word: they are not reachable from here, which is no fault. */
void discover_unreached(struct observed_world *w);

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT.  0 or -EINVAL. */
int discover_address(const char *text, uint16_t port, struct net_addr *ret) MUST_USE;
