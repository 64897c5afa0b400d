// SPDX-License-Identifier: Apache-2.0
/* What a Corefile says, as far as a diagnosis must know: blocks, forwards, cache, bufsize.  Upstreams become servers.
 *
 * It is another machine's Corefile: environment and imported files are not there to be read, and neither is the
 * /etc/resolv.conf that a forward names (it is the DNS pod's own, never this machine's).  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

/* Read it into world->corefile.  What is wrong with it is told in its `error`, and what could be read is kept. */
void facts_of_corefile(struct observed_world *w, enum corefile_origin origin, const char *where, const char *text,
		       size_t len);
/* A forward names a file instead of addresses; which one (NULL: none does). */
const char *facts_resolv_path(const struct observed_world *w);
/* From now on these servers are what stands behind that file. */
void facts_resolv_upstreams(struct observed_world *w, const int *servers, unsigned n);
