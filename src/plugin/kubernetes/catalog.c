// SPDX-License-Identifier: Apache-2.0
#include "plugin/kubernetes/catalog.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	GATHER_STEP = 512, /* names: some 50 us */
	MERGE_STEP = 2048, /* likewise */
};

/* Bytes of all catalogs. */
static size_t all_counted;

void k8s_catalog_init(struct k8s_catalog *c, const struct kube_store *store, bool imports)
{
	*c = (struct k8s_catalog){.store = store, .imports = imports, .walk = kube_names(store, imports)};
}

void k8s_catalog_fini(struct k8s_catalog *c)
{
	free(c->text);
	free(c->v);
	free(c->other);
	__atomic_fetch_sub(&all_counted, c->counted, __ATOMIC_RELAXED);
}

static int grow(struct k8s_catalog *c, void *at, uint32_t *cap, uint32_t need, size_t size)
{
	uint32_t to = *cap ? *cap : 4096;
	void *p;

	while (to < need)
		to *= 2;
	if (to == *cap)
		return 0;
	c->counted += (to - *cap) * size;
	if (__atomic_add_fetch(&all_counted, (to - *cap) * size, __ATOMIC_RELAXED) > CATALOG_BYTES_MAX)
		return ERR_LIMIT;
	memcpy(&p, at, sizeof(p));
	p = realloc(p, to * size);
	if (!p)
		return -ENOMEM;
	memcpy(at, &p, sizeof(p));
	*cap = to;
	return 0;
}

/* ---------------------------------------------------------------- gathering */

static int add(struct k8s_catalog *c, const struct kube_name *n)
{
	uint32_t len = 2u + n->name_len + n->ns->name_len, cap = c->cap;
	int err = grow(c, &c->text, &c->text_cap, c->text_len + len, 1);
	uint8_t *p;

	if (!err)
		err = grow(c, &c->v, &cap, c->n + 1, sizeof(*c->v));
	if (!err)
		err = grow(c, &c->other, &c->cap, c->n + 1, sizeof(*c->other));
	if (err)
		return err;
	p = c->text + c->text_len;
	p[0] = n->name_len;
	p[1] = n->ns->name_len;
	memcpy(p + 2, n->name, n->name_len);
	memcpy(p + 2 + n->name_len, n->ns->name, n->ns->name_len);
	c->v[c->n++] = c->text_len;
	c->text_len += len;
	return 0;
}

static void begin_merge(struct k8s_catalog *c, uint32_t lo)
{
	c->lo = c->left = c->out = lo;
	c->mid = c->right = lo + c->width < c->n ? lo + c->width : c->n;
	c->hi = c->mid + c->width < c->n ? c->mid + c->width : c->n;
}

static int gather(struct k8s_catalog *c)
{
	const struct kube_name *n;
	int err = 0;

	if (!kube_names_go_on(c->store, c->imports, &c->walk)) {
		c->n = c->text_len = 0;
		c->walk = kube_names(c->store, c->imports);
	}
	for (unsigned i = 0; i < GATHER_STEP && !err; i++) {
		n = kube_name_next(&c->walk);
		if (!n) {
			c->stage = c->n > 1 ? CATALOG_SORTS : CATALOG_SORTED;
			c->width = 1;
			begin_merge(c, 0);
			return c->stage == CATALOG_SORTS;
		}
		err = add(c, n);
	}
	return err ? err : 1;
}

/* ---------------------------------------------------------------- sorting: runs of `width` are merged into the other array */

static int compare_text(const uint8_t *a, unsigned a_len, const uint8_t *b, unsigned b_len)
{
	int d = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return d ? d : (int)a_len - (int)b_len;
}

static int compare(const struct k8s_catalog *c, uint32_t x, uint32_t y)
{
	const uint8_t *a = c->text + x, *b = c->text + y;
	int d = compare_text(a + 2, a[0], b + 2, b[0]);

	return d ? d : compare_text(a + 2 + a[0], a[1], b + 2 + b[0], b[1]);
}

/* To the next two runs, if these are merged; false: all is sorted. */
static bool next_merge(struct k8s_catalog *c)
{
	uint32_t *merged = c->other;

	if (c->out < c->hi)
		return true;
	if (c->hi < c->n) {
		begin_merge(c, c->hi);
		return true;
	}
	c->other = c->v;
	c->v = merged;
	c->width *= 2;
	begin_merge(c, 0);
	return c->width < c->n;
}

static int sort(struct k8s_catalog *c)
{
	for (unsigned i = 0; i < MERGE_STEP; i++) {
		bool take_left = c->right == c->hi ||
				 (c->left < c->mid && compare(c, c->v[c->left], c->v[c->right]) <= 0);

		c->other[c->out++] = c->v[take_left ? c->left++ : c->right++];
		if (!next_merge(c)) {
			c->stage = CATALOG_SORTED;
			return 0;
		}
	}
	return 1;
}

int k8s_catalog_step(struct k8s_catalog *c)
{
	switch (c->stage) {
	case CATALOG_GATHERS:
		return gather(c);
	case CATALOG_SORTS:
		return sort(c);
	case CATALOG_SORTED:
		break;
	}
	return 0;
}

bool k8s_catalog_next(struct k8s_catalog *c, const struct kube_name **ret)
{
	const uint8_t *p;

	while (c->at && c->at < c->n && compare(c, c->v[c->at - 1], c->v[c->at]) == 0)
		c->at++; /* it went and came again while they were gathered */
	if (c->at >= c->n)
		return false;
	p = c->text + c->v[c->at++];
	*ret = c->imports ? kube_import_find(c->store, (const char *)p + 2 + p[0], p[1], (const char *)p + 2, p[0])
			  : kube_name_find(c->store, (const char *)p + 2 + p[0], p[1], (const char *)p + 2, p[0]);
	return true;
}
