// SPDX-License-Identifier: Apache-2.0
/* What a Binnacle on this host says of itself through its admin socket (the request `status`, a JSON document): which
 * upstreams really stand behind the /etc/resolv.conf of its Corefile.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

/* One of the servers that are asked has an address of this machine. */
bool admin_data_applies(const struct observed_world *w);
/* No Corefile was to be had: make up its facts by what the server has loaded, as far as the document tells.  `where` names the
 * source for people. */
void admin_data_corefile(struct observed_world *w, const char *document, const char *where);
/* The upstreams of its forward rules, added as servers; at most `max` indexes.  How many. */
unsigned admin_data_upstreams(struct observed_world *w, const char *document, int *servers, unsigned max);
