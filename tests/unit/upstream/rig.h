// SPDX-License-Identifier: Apache-2.0
/* One worker with a set of scripted upstreams, and what became of its questions. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "door.h"
#include "upstream/internal.h"

#include <string.h>

enum { RIG_ANSWERS = 512, RIG_SITES = 4 };

/* What `done` (and the late part) said; times since the question was asked. */
struct outcome {
	unsigned done; /* how often */
	int err, ede;
	unsigned rcode, n_answer, n_required;
	bool truncated, without_edns, has_late;
	uint16_t flags;
	char upstream[64], error[200];
	uint64_t asked_ns;
	unsigned ms;
	unsigned late_done;
	bool late_null;
	unsigned late_n;
};

struct rig {
	struct loop *loop;
	struct arena_pool arenas;
	struct wire_builder *builder;
	uint64_t *cells;
	struct upstream_config config; /* set before rig_start */
	struct upstream_target targets[RIG_SITES];
	struct upstream_set *set;
	struct upstream_worker *w;
	struct outcome out[RIG_ANSWERS];
	struct upstream_exchange *x[RIG_ANSWERS];
	unsigned n, n_done;
	bool gone[RIG_ANSWERS]; /* whose asker has left without a word */
	bool take_late; /* set late->done in the callback */
	unsigned holds, releases;
	/* of the next questions */
	bool stream, do_bit;
	uint16_t flags, udp_cap;
	const uint8_t *options;
	uint16_t options_len;
	uint64_t deadline_ms;
};

/* Defaults of the directive, and one target per site. */
void rig_begin(struct rig *r, struct site *sites, unsigned n);
void rig_start(struct rig *r);
/* Ends all; fails on what leaks. */
void rig_end(struct rig *r);
/* Ask for an A record; the index of its outcome.  `rig_ask` expects it to be accepted. */
unsigned rig_ask(struct rig *r, const char *name);
int rig_try(struct rig *r, const char *name);
/* Until all that was asked has ended; fails after 10 s. */
void rig_wait(struct rig *r);
/* Ask and wait. */
const struct outcome *rig_get(struct rig *r, const char *name);
/* A counter of server i since rig_start. */
#define rig_count(r, i, member) metrics_sum((r)->set->servers[i].series.member)
