// SPDX-License-Identifier: Apache-2.0
/* The resolvers that a cloud's machines use.  Asked only where they are plausible: this machine is one of that cloud's, or
 * it is part of a cluster that runs there; elsewhere these link-local addresses mean nothing.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

/* Add them as servers; at most `max` indexes into `servers`.  How many; 0: no known cloud. */
unsigned cloud_resolvers(struct observed_world *w, int *servers, unsigned max);
/* Of the cloud whose name is in this text of the firmware. */
unsigned cloud_resolvers_of(struct observed_world *w, const char *vendor, int *servers, unsigned max);
