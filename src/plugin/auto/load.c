// SPDX-License-Identifier: Apache-2.0
/* Zones that come, change and go with their files. */
#include "plugin/auto/auto.h"

#include "base/err.h"
#include "base/log.h"
#include "base/rcu.h"
#include "server/transfer.h"
#include "wire/name.h"
#include "zone/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int auto_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return a_len != b_len ? (a_len < b_len ? -1 : 1) : memcmp(a, b, a_len);
}

static void free_zone(void *arg)
{
	struct auto_zone *z = arg;

	file_zone_free(&z->file);
	free(z);
}

void auto_set_free(struct auto_set *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		free_zone(s->v[i]);
	free(s);
}

/* ---------------------------------------------------------------- one zone */

static struct auto_zone *new_zone(struct auto_folder *f, const struct auto_found *from)
{
	size_t len = strlen(from->path) + 1;
	struct auto_zone *z = calloc(1, sizeof(*z) + len);

	if (!z)
		return NULL;
	memcpy(z->path, from->path, len);
	memcpy(z->origin, from->origin, from->origin_len);
	wire_name_text(z->origin, z->text);
	z->file.block = f->block;
	z->file.path = z->path;
	z->file.text = z->text;
	z->file.origin = z->origin;
	z->file.origin_len = from->origin_len;
	return z;
}

static void note(void *arg, const void *data, size_t len)
{
	struct setup *s = arg;

	s->note_content(s, data, len);
}

/* At setup: what is wrong is a warning of the Corefile's reader, and the file is looked at again later. */
static void read_first(const struct auto_folder *f, struct auto_zone *z, struct setup *s)
{
	char error[FILE_ERROR_MAX];

	note(s, z->path, strlen(z->path));
	if (file_zone_read(&z->file, note, s, &z->file.zone, error))
		cf_warning(s->in->errs, f->at->file, f->at->line, "plugin auto: %s; zone %s is not served", error, z->text);
}

static void read_later(struct auto_zone *z, const struct auto_zone *old)
{
	struct zone *before = old ? old->file.zone : NULL;

	if (!old)
		log_line(LOG_INFO, "plugin/auto: Inserting zone \"%s\" from \"%s\"", z->text, z->path);
	if (before)
		z->file.zone = zone_hold(before); /* serves until the other file's is read, if that has another serial */
	file_zone_look(&z->file);
}

/* ---------------------------------------------------------------- sets */

static struct auto_zone *find(const struct auto_set *s, const struct auto_found *like)
{
	size_t lo = 0, hi = s ? s->n : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = auto_compare(like->origin, like->origin_len, s->v[mid]->origin, s->v[mid]->file.origin_len);

		if (!c)
			return s->v[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* The zone for a file: the one that was there, read again if need be, or a new one. */
static struct auto_zone *zone_for(struct auto_folder *f, const struct auto_found *from, struct setup *s)
{
	struct auto_zone *old = find(f->set, from), *z;

	if (old && !strcmp(old->path, from->path)) {
		old->kept = true;
		file_zone_look(&old->file);
		return old;
	}
	z = new_zone(f, from);
	if (z && s)
		read_first(f, z, s);
	else if (z)
		read_later(z, old);
	return z;
}

static int by_origin(const void *a, const void *b)
{
	const struct auto_found *x = a, *y = b;
	int c = auto_compare(x->origin, x->origin_len, y->origin, y->origin_len);

	return c ? c : strcmp(x->path, y->path);
}

/* Of several files for one zone the first path counts. */
static struct auto_set *make_set(struct auto_folder *f, struct auto_list *l, struct setup *s)
{
	struct auto_set *set = malloc(sizeof(*set) + (l->n + 1) * sizeof(set->v[0]));
	unsigned told = f->doubles;

	if (!set)
		return NULL;
	set->n = 0;
	f->doubles = 0;
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_origin);
	for (size_t i = 0; i < l->n; i++) {
		struct auto_zone *last = set->n ? set->v[set->n - 1] : NULL, *z;

		if (last && wire_name_equal(last->origin, l->v[i].origin)) {
			if (++f->doubles > told)
				log_line(LOG_WARNING, "plugin/auto: Multiple zone files match origin \"%s\"; %s is left out", last->text,
					 l->v[i].path);
			continue;
		}
		z = zone_for(f, &l->v[i], s);
		if (z)
			set->v[set->n++] = z;
	}
	return set;
}

static bool same(const struct auto_set *a, const struct auto_set *b)
{
	return a && a->n == b->n && !memcmp((const void *)a->v, (const void *)b->v, a->n * sizeof(a->v[0]));
}

/* What is not in the new set goes, once no worker can see it. */
static void retire(struct auto_set *old, const struct auto_set *now)
{
	for (size_t i = 0; i < old->n; i++) {
		struct auto_zone *z = old->v[i];
		struct auto_found like = {.origin_len = (uint8_t)z->file.origin_len};

		if (z->kept)
			continue;
		memcpy(like.origin, z->origin, like.origin_len);
		if (!find(now, &like))
			log_line(LOG_INFO, "plugin/auto: Deleting zone \"%s\"", z->text);
		rcu_free_later(free_zone, z);
	}
	rcu_free_later(free, old);
}

static int tell_missing(struct auto_folder *f, struct setup *s, int err)
{
	if (s && err != -ENOENT)
		return err;
	if (!f->missing && s)
		cf_warning(s->in->errs, f->at->file, f->at->line, "plugin auto: Directory does not exist: %s", f->path);
	else if (!f->missing)
		log_line(LOG_WARNING, "plugin/auto: %s cannot be read: %s; its zones stay", f->path, err_text(err));
	f->missing = true;
	return 0;
}

int auto_look(struct auto_folder *f, struct setup *s)
{
	struct auto_list found = {0};
	struct auto_set *old = f->set, *set;
	int err = auto_walk(f, &found);

	if (err) {
		auto_list_free(&found);
		return tell_missing(f, s, err);
	}
	f->missing = false;
	for (size_t i = 0; old && i < old->n; i++)
		old->v[i]->kept = false;
	set = make_set(f, &found, s);
	auto_list_free(&found);
	if (!set)
		return -ENOMEM;
	if (same(old, set)) {
		free(set);
		return 0;
	}
	rcu_set(&f->set, set);
	if (old)
		retire(old, set);
	return 0;
}
