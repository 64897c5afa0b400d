// SPDX-License-Identifier: Apache-2.0
/* The Prometheus text format 0.0.4, in the spelling of Go's client (numbers, order of families, series and
 * labels), so that the output can be compared line by line. */
#include "base/metrics.h"

#include "base/metrics_labels.h"
#include "base/metrics_number.h"
#include "base/metrics_registry.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One series at the time of the scrape.  They are gathered under the lock and written without it, so that who registers
 * meanwhile (a worker that counts a series for the first time) does not wait for the writing of thousands. */
struct seen {
	const struct series *series;
	bool was_read; /* `value` is a reader's */
	double value;
	struct series *own; /* of a live family: made for this scrape */
};

/* Where a live family's series go. */
struct metrics_live {
	struct family *family;
	struct seen *v;
	size_t n;
};

/* One sample: name, suffix, labels (with `extra` after them), value. */
static void put_sample(struct text *t, const struct series *s, const char *suffix, const char *extra,
		       const char *value)
{
	const char *comma = *s->labels && *extra ? "," : "";
	bool braces = *s->labels || *extra;

	text_put(t, "%s%s%s%s%s%s%s %s\n", s->family->desc->name, suffix, braces ? "{" : "", s->labels, comma,
	    extra, braces ? "}" : "", value);
}

static double scaled(const struct metric_desc *d, double cells)
{
	return d->scale != 0 ? cells / d->scale : cells;
}

static void put_histogram(struct text *t, const struct registry *r, const struct series *s)
{
	const struct metric_desc *d = s->family->desc;
	char number[METRIC_NUMBER_MAX], count[24], le[METRIC_NUMBER_MAX + 8];
	uint64_t sum = 0;

	for (uint32_t i = 0; i <= d->n_buckets; i++) {
		sum += registry_sum(r, s->id + i);
		metric_number(i < d->n_buckets ? d->buckets[i] : INFINITY, number);
		snprintf(le, sizeof(le), "le=\"%s\"", number);
		snprintf(count, sizeof(count), "%llu", (unsigned long long)sum);
		put_sample(t, s, "_bucket", le, count);
	}
	metric_number(scaled(d, (double)registry_sum(r, s->id + (uint32_t)d->n_buckets + 1)), number);
	put_sample(t, s, "_sum", "", number);
	put_sample(t, s, "_count", "", count);
}

/* A gauge's sum may be negative when one thread counts down what another counted up. */
static double counted(const struct registry *r, const struct series *s)
{
	uint64_t sum = registry_sum(r, s->id);

	return s->family->desc->kind == METRIC_GAUGE ? (double)(int64_t)sum : (double)sum;
}

static void put_value(struct text *t, const struct registry *r, const struct seen *e)
{
	const struct series *s = e->series;
	char number[METRIC_NUMBER_MAX];

	metric_number(e->was_read ? e->value : scaled(s->family->desc, counted(r, s)), number);
	put_sample(t, s, "", "", number);
}

/* A series of a vector appears once it was counted; a gauge stands for something that exists, at 0 too. */
static bool shown(const struct registry *r, const struct seen *e)
{
	const struct series *s = e->series;
	const struct metric_desc *d = s->family->desc;

	if (e->was_read || !*s->labels || d->kind == METRIC_GAUGE)
		return true;
	for (uint32_t i = 0; i < metric_cells(d); i++) {
		if (registry_sum(r, s->id + i))
			return true;
	}
	return false;
}

static int by_labels(const void *a, const void *b)
{
	const struct series *const *x = a, *const *y = b;

	return strcmp((*x)->labels, (*y)->labels);
}

static void sort_series(struct family *f)
{
	if (!f->sorted && f->n_series)
		qsort(f->series, f->n_series, sizeof(struct series *), by_labels);
	f->sorted = true;
}

static void put_help(struct text *t, const struct metric_desc *d)
{
	static const char *const kind[] = {"counter", "gauge", "histogram"};

	text_put(t, "# HELP %s ", d->name);
	for (const char *p = d->help; *p; p++) {
		if (*p == '\\' || *p == '\n')
			text_put(t, "\\%c", *p == '\n' ? 'n' : '\\');
		else
			text_put(t, "%c", *p);
	}
	text_put(t, "\n# TYPE %s %s\n", d->name, kind[d->kind]);
}

static void put_all(struct text *t, const struct registry *r, const struct seen *v, size_t n)
{
	const struct family *at = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct series *s = v[i].series;

		if (!shown(r, &v[i]))
			continue;
		if (s->family != at)
			put_help(t, s->family->desc);
		at = s->family;
		if (at->desc->kind == METRIC_HISTOGRAM)
			put_histogram(t, r, s);
		else
			put_value(t, r, &v[i]);
	}
}

void metrics_live_put(struct metrics_live *to, const char *const *values, double value)
{
	char *labels = to->n < METRICS_LIVE_MAX ? metric_labels(to->family->desc, values) : NULL;
	size_t len = labels ? strlen(labels) + 1 : 0;
	struct series *s = labels ? calloc(1, sizeof(*s) + len) : NULL;

	if (s) {
		memcpy(s->labels, labels, len);
		s->family = to->family;
		to->v[to->n++] = (struct seen){s, true, value, s};
	}
	free(labels);
}

static int seen_by_labels(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return strcmp(x->series->labels, y->series->labels);
}

static size_t gather_live(struct family *f, struct seen *v)
{
	struct metrics_live to = {f, v, 0};

	f->live(&to);
	qsort(v, to.n, sizeof(*v), seen_by_labels);
	return to.n;
}

static void free_seen(struct seen *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].own);
	free(v);
}

/* All series in order, the readers read.  Lock held.  A reader that was dropped has nothing to show. */
static size_t gather(struct registry *r, struct seen *v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_families; i++) {
		struct family *f = r->families[i];

		sort_series(f);
		if (f->live)
			n += gather_live(f, v + n);
		for (size_t k = 0; k < f->n_series; k++) {
			const struct series *s = f->series[k];

			if (s->readers)
				v[n++] = (struct seen){s, true, s->readers->read(s->readers->arg), NULL};
			else if (!s->was_read)
				v[n++] = (struct seen){.series = s};
		}
	}
	return n;
}

static struct seen *gather_all(struct registry *ret, size_t *ret_n)
{
	struct registry *r = registry_lock();
	struct seen *v = calloc(r->n_series + r->n_live * METRICS_LIVE_MAX + 1, sizeof(*v));

	*ret_n = v ? gather(r, v) : 0;
	*ret = *r; /* where the cells are: those stay */
	registry_unlock();
	return v;
}

static void run_hooks(void)
{
	const struct registry *r = registry_lock();
	void (*hooks[METRICS_MAX_HOOKS])(void);

	memcpy(hooks, r->hooks, sizeof(hooks));
	registry_unlock();
	for (size_t i = 0; i < METRICS_MAX_HOOKS && hooks[i]; i++)
		hooks[i]();
}

static struct seen *scrape(struct registry *ret, size_t *ret_n)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	struct seen *v;

	pthread_mutex_lock(&one_at_a_time);
	run_hooks();
	v = gather_all(ret, ret_n);
	pthread_mutex_unlock(&one_at_a_time);
	return v;
}

char *metrics_text(size_t *ret_len)
{
	struct registry r;
	struct text t = {0};
	size_t n;
	struct seen *v = scrape(&r, &n);

	t.failed = !v;
	text_add(&t, "", 0);
	put_all(&t, &r, v, n);
	free_seen(v, n);
	if (t.failed) {
		free(t.p);
		return NULL;
	}
	t.p[t.len] = '\0';
	*ret_len = t.len;
	return t.p;
}

static void look(const struct registry *r, const struct seen *e, metrics_look_fn fn, void *arg)
{
	const struct series *s = e->series;
	const struct metric_desc *d = s->family->desc;
	uint64_t n = 0;

	if (d->kind != METRIC_HISTOGRAM) {
		fn(arg, d, s->labels, e->was_read ? e->value : scaled(d, counted(r, s)), 0);
		return;
	}
	for (uint32_t i = 0; i <= d->n_buckets; i++)
		n += registry_sum(r, s->id + i);
	fn(arg, d, s->labels, (double)n, scaled(d, (double)registry_sum(r, s->id + (uint32_t)d->n_buckets + 1)));
}

int metrics_look(metrics_look_fn fn, void *arg)
{
	struct registry r;
	size_t n;
	struct seen *v = scrape(&r, &n);

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (shown(&r, &v[i]))
			look(&r, &v[i], fn, arg);
	}
	free_seen(v, n);
	return 0;
}
