// SPDX-License-Identifier: Apache-2.0
/* What metrics.c (registering, counting) and metrics_text.c (scraping) share.  Not for other folders.
 * Everything here is guarded by the registry's lock, except the cells (relaxed atomics). */
#pragma once

#include "base/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One name.  `series` is sorted by label text when `sorted`. */
struct family {
	const struct metric_desc *desc;
	struct series **series;
	size_t n_series, cap;
	bool sorted;
	void (*live)(struct metrics_live *to); /* tells its series at each scrape; NULL: those above */
	bool overflowed; /* the limit was met here and has been logged */
};

/* Who gives a series its value.  The newest counts; when it goes the one before does again (a reload that fails). */
struct metric_reader {
	struct metric_reader *next; /* older */
	double (*read)(void *arg);
	void *arg;
};

struct series {
	struct series *hash_next;
	struct family *family;
	metric_id id;
	struct metric_reader *readers;
	bool was_read; /* never counted; without a reader there is nothing to show */
	char labels[];             /* `a="x",b="y"`, escaped, sorted by label name; "" for none */
};

struct registry {
	struct family **families; /* sorted by name */
	size_t n_families, cap;
	size_t n_series, n_live;  /* n_live: families with `live` */
	uint32_t n_cells;         /* given out */
	uint64_t *threads[METRICS_MAX_THREADS];
	bool lent[METRICS_MAX_THREADS];
	size_t n_threads;
	uint64_t *shared; /* of those who have no cells of their own; written under the lock */
	void (*hooks[METRICS_MAX_HOOKS])(void);
};

/* Take the registry's lock. */
struct registry *registry_lock(void);
void registry_unlock(void);

/* The sum of one cell over all threads.  Lock held. */
uint64_t registry_sum(const struct registry *r, uint32_t cell);

/* Cells that a series of this kind takes. */
uint32_t metric_cells(const struct metric_desc *d);
