// SPDX-License-Identifier: Apache-2.0
/* Registering and counting.  Cells 0..N_SINK-1 belong to nobody and are never exposed: an id that was never
 * set, or a series for which there was no memory, counts there and does no harm. */
#include "base/metrics.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/metrics_labels.h"
#include "base/metrics_registry.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { N_SINK = 256 };
/* Kept back for the "other" series of families that meet the limit. */
enum { N_RESERVED = 16384 };
enum { N_BUCKETS = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct registry reg = {.n_cells = N_SINK};
static struct series *table[N_BUCKETS];

struct registry *registry_lock(void)
{
	pthread_mutex_lock(&lock);
	return &reg;
}

void registry_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

uint32_t metric_cells(const struct metric_desc *d)
{
	return d->kind == METRIC_HISTOGRAM ? (uint32_t)d->n_buckets + 2 : 1;
}

/* Where the family stands, or where it would: families are few, kept sorted for the exposition. */
static size_t family_place(const char *name, bool *ret_found)
{
	size_t lo = 0, hi = reg.n_families;

	*ret_found = false;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(name, reg.families[mid]->desc->name);

		if (c == 0) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* An array of pointers with room for one more: the same, a larger one, or NULL (then `v` is still good). */
static void *reserve(void *v, size_t n, size_t *cap)
{
	size_t want = *cap ? *cap * 2 : 8;
	void *bigger;

	if (n < *cap)
		return v;
	bigger = reallocarray(v, want, sizeof(void *));
	if (bigger)
		*cap = want;
	return bigger;
}

static struct family *family_get(const struct metric_desc *d)
{
	struct family **v, *f;
	bool found;
	size_t i = family_place(d->name, &found);

	if (found)
		return reg.families[i];
	v = reserve(reg.families, reg.n_families, &reg.cap);
	if (!v)
		return NULL;
	reg.families = v;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->desc = d;
	memmove(v + i + 1, v + i, (reg.n_families - i) * sizeof(struct family *));
	v[i] = f;
	reg.n_families++;
	return f;
}

/* Labels come from configuration, so the table needs no secret key. */
static struct series **bucket(const struct family *f, const char *labels)
{
	struct hash_key key = {0};

	key.k0 = hash_bytes(&key, f->desc->name, strlen(f->desc->name));
	return &table[hash_bytes(&key, labels, strlen(labels)) % N_BUCKETS];
}

static struct series *series_find(const struct family *f, const char *labels)
{
	for (struct series *s = *bucket(f, labels); s; s = s->hash_next) {
		if (s->family == f && strcmp(s->labels, labels) == 0)
			return s;
	}
	return NULL;
}

static struct series *series_new(struct family *f, const char *labels)
{
	size_t len = strlen(labels) + 1;
	struct series **at = bucket(f, labels);
	struct series **v, *s;

	v = reserve(f->series, f->n_series, &f->cap);
	if (!v)
		return NULL;
	f->series = v;
	s = calloc(1, sizeof(*s) + len);
	if (!s)
		return NULL;
	memcpy(s->labels, labels, len);
	s->family = f;
	s->id = reg.n_cells;
	s->hash_next = *at;
	*at = s;
	f->series[f->n_series++] = s;
	f->sorted = false;
	reg.n_cells += metric_cells(f->desc);
	reg.n_series++;
	return s;
}

static bool at_limit(const struct family *f, uint32_t reserved)
{
	return reg.n_series >= METRICS_MAX_SERIES + (reserved ? 0 : N_RESERVED) ||
	       reg.n_cells + metric_cells(f->desc) + reserved > METRICS_MAX_CELLS;
}

/* The series for everything beyond the limit.  `*ret_warn`: say so, once a family. */
static struct series *series_other(struct family *f, bool *ret_warn)
{
	char *labels = metric_labels(f->desc, NULL);
	struct series *s = labels ? series_find(f, labels) : NULL;

	if (labels && !s && !at_limit(f, 0))
		s = series_new(f, labels);
	free(labels);
	*ret_warn = !f->overflowed;
	f->overflowed = true;
	return s;
}

static struct series *series_get(const struct metric_desc *d, const char *const *values, bool *ret_warn)
{
	struct family *f = family_get(d);
	char *labels = metric_labels(d, values);
	struct series *s = NULL;

	*ret_warn = false;
	assert(metric_cells(d) <= N_SINK);
	if (f && labels) {
		s = series_find(f, labels);
		if (!s && at_limit(f, N_RESERVED))
			s = series_other(f, ret_warn);
		else if (!s)
			s = series_new(f, labels);
	}
	free(labels);
	return s;
}

static void warn_limit(const struct metric_desc *d)
{
	log_line(LOG_WARNING, "metrics: limit of %d series reached, new series of %s count as \"other\"",
		 METRICS_MAX_SERIES, d->name);
}

metric_id metrics_series(const struct metric_desc *d, const char *const *values)
{
	struct series *s;
	metric_id id;
	bool warn;

	registry_lock();
	s = series_get(d, values, &warn);
	id = s ? s->id : 0;
	registry_unlock();
	if (warn)
		warn_limit(d);
	return id;
}

/* Where the reader of `arg` stands in the series, or the end of the list. */
static struct metric_reader **reader_place(struct series *s, const void *arg)
{
	struct metric_reader **at = &s->readers;

	while (*at && (*at)->arg != arg)
		at = &(*at)->next;
	return at;
}

static void reader_put(struct series *s, double (*read)(void *arg), void *arg)
{
	struct metric_reader **at = reader_place(s, arg), *r = *at;

	if (r)
		*at = r->next;
	else
		r = calloc(1, sizeof(*r));
	s->was_read = true;
	if (!r)
		return; /* the one before goes on */
	*r = (struct metric_reader){.next = s->readers, .read = read, .arg = arg};
	s->readers = r;
}

void metrics_reader(const struct metric_desc *d, const char *const *values, double (*read)(void *arg),
		    void *arg)
{
	struct series *s;
	bool warn;

	assert(d->kind != METRIC_HISTOGRAM);
	registry_lock();
	s = series_get(d, values, &warn);
	if (s)
		reader_put(s, read, arg);
	registry_unlock();
	if (warn)
		warn_limit(d);
}

void metrics_reader_drop(void *arg)
{
	registry_lock();
	for (size_t i = 0; i < N_BUCKETS; i++) {
		for (struct series *s = table[i]; s; s = s->hash_next) {
			struct metric_reader **at = reader_place(s, arg), *r = *at;

			if (r) {
				*at = r->next;
				free(r);
			}
		}
	}
	registry_unlock();
}

/* A set that its thread gave back goes on counting in the sums and is lent again before a new one is made. */
static uint64_t *lend_again(void)
{
	for (size_t i = 0; i < reg.n_threads; i++) {
		if (!reg.lent[i]) {
			reg.lent[i] = true;
			return reg.threads[i];
		}
	}
	return NULL;
}

/* Only the pages of cells that are counted in become resident. */
static uint64_t *map_cells(void)
{
	void *p;

	if (reg.n_threads == METRICS_MAX_THREADS)
		return NULL;
	p = mmap(NULL, METRICS_MAX_CELLS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	reg.lent[reg.n_threads] = true;
	reg.threads[reg.n_threads++] = p;
	return p;
}

uint64_t *metrics_cells_new(void)
{
	uint64_t *cells;

	registry_lock();
	cells = lend_again();
	if (!cells)
		cells = map_cells();
	registry_unlock();
	return cells;
}

void metrics_cells_put(uint64_t *cells)
{
	registry_lock();
	for (size_t i = 0; i < reg.n_threads; i++) {
		if (reg.threads[i] == cells)
			reg.lent[i] = false;
	}
	registry_unlock();
}

static uint64_t *shared_cells(void)
{
	if (!reg.shared)
		reg.shared = map_cells();
	return reg.shared;
}

void metrics_count(metric_id id, uint64_t n)
{
	registry_lock();
	if (shared_cells())
		metric_add(reg.shared, id, n);
	registry_unlock();
}

void metrics_record(metric_id id, const struct metric_desc *d, uint64_t value)
{
	registry_lock();
	if (shared_cells())
		metric_observe(reg.shared, id, d, value);
	registry_unlock();
}

void metrics_live(const struct metric_desc *d, void (*tell)(struct metrics_live *to))
{
	struct family *f;

	registry_lock();
	f = family_get(d);
	if (f) {
		reg.n_live += (tell != NULL) - (size_t)(f->live != NULL);
		f->live = tell;
	}
	registry_unlock();
}

void metrics_before_scrape(void (*fn)(void))
{
	size_t i = 0;

	registry_lock();
	while (i < METRICS_MAX_HOOKS && reg.hooks[i] && reg.hooks[i] != fn)
		i++;
	assert(i < METRICS_MAX_HOOKS);
	reg.hooks[i] = fn;
	registry_unlock();
}

/* Dividing, not multiplying the bound, keeps a value that equals a bound in its bucket: the quotient of two
 * exact integers is rounded as the bound's literal was. */
void metric_observe(uint64_t *cells, metric_id id, const struct metric_desc *d, uint64_t value)
{
	double v = d->scale != 0 ? (double)value / d->scale : (double)value;
	uint32_t i = 0;

	while (i < d->n_buckets && v > d->buckets[i])
		i++;
	metric_inc(cells, id + i);
	metric_add(cells, id + (uint32_t)d->n_buckets + 1, value);
}

uint64_t registry_sum(const struct registry *r, uint32_t cell)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->n_threads; i++)
		sum += __atomic_load_n(&r->threads[i][cell], __ATOMIC_RELAXED);
	return sum;
}

uint64_t metrics_sum(metric_id id)
{
	uint64_t sum = registry_sum(registry_lock(), id);

	registry_unlock();
	return sum;
}
