// SPDX-License-Identifier: Apache-2.0
/* The process-wide metric registry.
 *
 * Series are keyed by name and labels and outlive generations, so counters never fall back on reload.
 * A plugin resolves its series to dense cell indices at setup; while serving, a worker increments its
 * own `cells[i]` and nothing else.  Scraping sums the cells of all threads (relaxed atomic loads).
 *
 * Label values come from configuration and fixed enumerations, never from packets.  Beyond
 * METRICS_MAX_SERIES a registration yields the series with each label "other" and one log line.
 *
 * Thread: registering and scraping take the registry's lock (control, builder); counting: worker. */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum { METRICS_MAX_SERIES = 20000, METRICS_MAX_CELLS = 1 << 17, METRICS_MAX_THREADS = 80, METRICS_MAX_HOOKS = 8, METRICS_LIVE_MAX = 64 };

/* One metric name (family).  Define statically; registered on first use. */
struct metric_desc {
	const char *name, *help;
	enum metric_kind kind;
	const char *labels;       /* comma-separated label names (at most 16), "" for none */
	const double *buckets;    /* histogram upper bounds, ascending, without +Inf; in exposed units; at most 254 */
	size_t n_buckets;
	double scale;             /* histogram/gauge: cell units per exposed unit (1e9: ns -> seconds); 0 = 1 */
};

typedef uint32_t metric_id; /* first cell of a series */

/* Find or make a series.  `values`: one string per label, in the order of desc->labels.
 * Never fails: at the limit it answers the "other" series. */
metric_id metrics_series(const struct metric_desc *d, const char *const *values);

/* A thread's private cells; index with metric_id.  Each thread that counts takes one set once.
 * NULL when METRICS_MAX_THREADS are out (the caller refuses to start).
 * Cells 0..255 belong to no series: counting at an id of 0 goes nowhere. */
uint64_t *metrics_cells_new(void);
/* Give a set back when its thread ends.  What it counted stays in the sums; the next thread goes on with it. */
void metrics_cells_put(uint64_t *cells);

/* Counting, in the owner thread of `cells`.  Relaxed atomic store of a private cell: no lock prefix. */
static inline void metric_add(uint64_t *cells, metric_id id, uint64_t n)
{
	__atomic_store_n(&cells[id], cells[id] + n, __ATOMIC_RELAXED);
}
static inline void metric_inc(uint64_t *cells, metric_id id)
{
	metric_add(cells, id, 1);
}
/* A gauge is the sum over threads of what each has added and taken away (two's complement wraps right). */
static inline void metric_sub(uint64_t *cells, metric_id id, uint64_t n)
{
	__atomic_store_n(&cells[id], cells[id] - n, __ATOMIC_RELAXED);
}
/* Histogram: cells are [bucket 0 .. bucket n_buckets (= +Inf), sum]; not cumulative inside. */
void metric_observe(uint64_t *cells, metric_id id, const struct metric_desc *d, uint64_t value);

/* The same for what happens seldom and in threads without cells (a reload, a probe): takes the registry's lock.
 * Any thread. */
void metrics_count(metric_id id, uint64_t n);
void metrics_record(metric_id id, const struct metric_desc *d, uint64_t value);

/* A value that is read when scraped instead of counted (cache entries, queue depths, memory).
 * `read` is called under the registry's lock by the scraping thread and must not block.
 * Registering the same name and labels again takes the series over (reload); metrics_reader_drop gives
 * back what `arg` reads, and the reader before counts again if there is one.  Not for histograms.  Beyond the limit the "other" series shows one of them. */
void metrics_reader(const struct metric_desc *d, const char *const *values,
		    double (*read)(void *arg), void *arg);
void metrics_reader_drop(void *arg);

/* A gauge whose series are told anew at each scrape, for what changes too much to be registered: `tell` calls metrics_live_put for
 * each, at most METRICS_LIVE_MAX (more are left out), no two with the same labels.  It is called under the registry's lock by the
 * scraping thread and must not block.  NULL: there are none any more; after that it is not called. */
struct metrics_live;
void metrics_live(const struct metric_desc *d, void (*tell)(struct metrics_live *to));
void metrics_live_put(struct metrics_live *to, const char *const *values, double value);

/* Call `fn` before each scrape, without the registry's lock, one scrape at a time: for readers whose values come from files.
 * Once or more for the same `fn`; at most METRICS_MAX_HOOKS of them, for good. */
void metrics_before_scrape(void (*fn)(void));

/* The sum over all threads of one series' cell (tests, status pages). */
uint64_t metrics_sum(metric_id id);

/* Call `fn` with each series as it would be scraped, in the same order; hooks run before.  `labels`: as exposed (`a="x",b="y"`), valid
 * during the call; `value`: of a histogram the number of observations, `sum` theirs, both in exposed units; else `sum` is 0.
 * Any thread.  -ENOMEM. */
typedef void (*metrics_look_fn)(void *arg, const struct metric_desc *d, const char *labels, double value, double sum);
int metrics_look(metrics_look_fn fn, void *arg) MUST_USE;

/* Write the Prometheus text format 0.0.4 into malloc'ed memory that the caller frees.  Families stand in order
 * of name, series in order of labels.  Counters and histograms with labels that were never counted are left
 * out; gauges, and metrics without labels, stand at 0.  NULL: no memory. */
char *metrics_text(size_t *ret_len);
