// SPDX-License-Identifier: Apache-2.0
/* The hosts file of a world: what it says and when it was written.
 *
 * A file in memory, reached by /proc/self/fd/N, with virtual times of modification: nothing is left behind, and seeds
 * replay.  Each of its addresses says by its bytes which state of the file it is of. */
#pragma once

#include "truth.h"

#include <stdbool.h>
#include <stdint.h>

struct config;

enum { TRUTH_HOSTS = 90, HOSTFILE_GROUP = TRUTH_HOSTS - TRUTH_GROUP_BASE };

/* A new world's: the first state is written, others are planned.  After truth_draw. */
void hostfile_draw(uint64_t span_ns);
const char *hostfile_path(void);

/* Addresses of a name in a state of the file; 0: it is not there, or that state never was. */
unsigned hostfile_count(unsigned state, const struct truth *t);
/* Was `state` what this configuration answers by at some time of these? */
bool hostfile_served(const struct config *c, unsigned state, uint64_t from_ns, uint64_t to_ns);
/* Did it have (or not have) the name at some time of these, as far as this configuration knew? */
bool hostfile_had(const struct config *c, const struct truth *t, uint64_t from_ns, uint64_t to_ns);
bool hostfile_lacked(const struct config *c, const struct truth *t, uint64_t from_ns, uint64_t to_ns);
