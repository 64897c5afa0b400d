// SPDX-License-Identifier: Apache-2.0
/* The client's resolv.conf, and the names that glibc and musl make out of one with it.
 *
 *              glibc 2.36                                    musl 1.2
 * as given     first, when it has ndots dots or more,        only, when it has ndots dots or more (no search then)
 *              else last
 * goes on      after NXDOMAIN, no data and SERVFAIL          after NXDOMAIN alone: no data and SERVFAIL end the walk
 * servers      one after the other, after a timeout          all at once, the first good answer counts
 * cut answer   asked again over TCP                          asked again over TCP since 1.2.4, before that taken as it is
 *
 * resolv.conf(5).  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

enum { RESOLV_FILE_MAX = 64 << 10 };

/* Read the file: servers are added to the world (port `port`).  What cannot be read is told in resolv.error. */
void resolv_load(struct observed_world *w, const char *path, uint16_t port);
/* Parse its text. */
void resolv_parse(struct observed_world *w, const char *text, uint16_t port);
/* Fill in the walks for a name as typed (a final dot: no search). */
void resolv_walks(struct observed_world *w, const char *typed);
/* After the candidates have been asked: which name of each walk ends it, world->asked, and the counts. */
void resolv_walks_end(struct observed_world *w);
