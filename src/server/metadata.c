// SPDX-License-Identifier: Apache-2.0
#include "server/metadata.h"

#include "server/generation.h"
#include "server/query.h"
#include "server/zone_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct metadata_value {
	struct metadata_value *next;
	const struct metadata_label *label;
	const char *text;
};

/* ---------------------------------------------------------------- labels */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metadata_label *all; /* lock */

struct metadata_label *metadata_label(const char *text)
{
	static unsigned n;
	size_t size = strlen(text) + 1;
	struct metadata_label *l;

	pthread_mutex_lock(&lock);
	for (l = all; l && strcmp(l->text, text) != 0; l = l->next)
		;
	if (!l && n < METADATA_LABELS_MAX) {
		l = calloc(1, sizeof(*l) + size);
		if (l) {
			memcpy(l->text, text, size);
			l->next = all;
			all = l;
			n++;
		}
	}
	pthread_mutex_unlock(&lock);
	return l;
}

struct metadata_label *metadata_want(const char *text)
{
	struct metadata_label *l = metadata_label(text);

	if (l)
		__atomic_store_n(&l->wanted, true, __ATOMIC_RELAXED);
	return l;
}

bool metadata_wanted_below(const char *prefix)
{
	size_t len = strlen(prefix);
	bool wanted = false;

	pthread_mutex_lock(&lock);
	for (const struct metadata_label *l = all; l && !wanted; l = l->next)
		wanted = !strncmp(l->text, prefix, len) && __atomic_load_n(&l->wanted, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
	return wanted;
}

/* ---------------------------------------------------------------- values */

/* Whose values they are: the query that the rest of a chain was asked for. */
static struct query *holder(struct query *q)
{
	while (q->kind == QUERY_CHAIN && q->parent)
		q = q->parent;
	return q;
}

/* Decided by the name that came in: what `rewrite` makes of it later does not matter. */
static bool covered(struct query *q)
{
	const struct zone_list *zones = q->block ? q->block->metadata : NULL;

	if (!zones)
		return false;
	if (q->metadata_zone == METADATA_ZONE_UNKNOWN)
		q->metadata_zone = zone_list_has(zones, &q->in) ? METADATA_ZONE_IN : METADATA_ZONE_OUT;
	return q->metadata_zone == METADATA_ZONE_IN;
}

void metadata_begin(struct query *q)
{
	(void)covered(q); /* which it remembers */
}

bool metadata_wanted(struct query *q, const struct metadata_label *l)
{
	return q->block && q->block->metadata && l && __atomic_load_n(&l->wanted, __ATOMIC_RELAXED);
}

static struct metadata_value *find_value(const struct query *q, const struct metadata_label *l, unsigned *ret_n)
{
	struct metadata_value *v = q->metadata;

	for (*ret_n = 0; v && v->label != l; v = v->next)
		(*ret_n)++;
	return v;
}

void metadata_set(struct query *q, const struct metadata_label *l, const char *text)
{
	struct metadata_value *v;
	const char *copy;
	unsigned n;

	if (!metadata_wanted(q, l))
		return;
	q = holder(q);
	copy = arena_strndup(&q->arena, text, strnlen(text, METADATA_TEXT_MAX));
	v = find_value(q, l, &n);
	if (!v && n < METADATA_VALUES_MAX) {
		v = arena_alloc(&q->arena, sizeof(*v));
		if (!v)
			return;
		*v = (struct metadata_value){.next = q->metadata, .label = l};
		q->metadata = v;
	}
	if (v)
		v->text = copy;
}

static const char *ask_providers(struct query *q, const struct metadata_label *l)
{
	const struct block *b = q->block;

	for (size_t i = 0; i < b->n_all; i++) {
		const struct instance *in = &b->all[i];
		const char *text = in->plugin->metadata ? in->plugin->metadata(in->state, q, l) : NULL;

		if (text)
			return text;
	}
	return NULL;
}

const char *metadata_get(struct query *q, const struct metadata_label *l)
{
	const struct metadata_value *v;
	unsigned n;

	if (!metadata_wanted(q, l))
		return NULL;
	q = holder(q);
	v = find_value(q, l, &n);
	if (v)
		return v->text;
	return covered(q) ? ask_providers(q, l) : NULL;
}
