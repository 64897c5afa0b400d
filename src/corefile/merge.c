// SPDX-License-Identifier: Apache-2.0
/* The second file, given by -extra: what CoreDNS does not know stands there, so that the Corefile itself stays
 * one that a rollback can use.  Its blocks find theirs by their keys, its directives by their arguments. */
#include "corefile/parse.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- blocks */

static int compare_keys(const void *pa, const void *pb)
{
	const struct cf_key *a = pa, *b = pb;
	int r = strcmp(a->scheme, b->scheme);

	if (!r)
		r = (int)a->has_port - (int)b->has_port;
	if (!r)
		r = (int)a->port - (int)b->port;
	if (!r)
		r = (int)a->zone_len - (int)b->zone_len;
	return r ? r : memcmp(a->zone, b->zone, a->zone_len);
}

/* The block's keys in a fixed order, each once; those that are no keys are reported elsewhere (errs NULL) or
 * here. */
static int sorted_keys(struct arena *a, const struct cf_block *b, struct cf_errors *errs, struct cf_keys *ret)
{
	size_t n = 0;

	*ret = (struct cf_keys){0};
	for (size_t i = 0; i < b->n_keys; i++) {
		if (cf_key_parse(a, &b->keys[i], errs, ret) == -ENOMEM)
			return -ENOMEM;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, compare_keys);
	for (size_t i = 0; i < ret->n; i++) {
		if (!n || compare_keys(&ret->v[n - 1], &ret->v[i]))
			ret->v[n++] = ret->v[i];
	}
	ret->n = n;
	return 0;
}

static bool same_keys(const struct cf_keys *a, const struct cf_keys *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (compare_keys(&a->v[i], &b->v[i]))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- directives */

/* Number of tokens on the directive's line, before its `{`. */
static size_t head_len(const struct cf_directive *d)
{
	size_t n = 1;

	while (n < d->n && !d->tokens[n].starts_line && !d->tokens[n].brace)
		n++;
	return n;
}

static bool same_head(const struct cf_directive *a, size_t na, const struct cf_directive *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++) {
		if (strcmp(a->tokens[i].text, b->tokens[i].text))
			return false;
	}
	return true;
}

/* The base's directive that `x` adds options to: the one with the same arguments; without arguments the only
 * one of that name.  NULL with *ret_n the number of those named so. */
static struct cf_directive *partner(struct cf_directive *v, size_t n, const struct cf_directive *x,
				    size_t *ret_n)
{
	struct cf_directive *found = NULL, *only = NULL;
	size_t nx = head_len(x);

	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].tokens[0].text, x->tokens[0].text))
			continue;
		++*ret_n;
		only = &v[i];
		if (!found && same_head(&v[i], head_len(&v[i]), x, nx))
			found = &v[i];
	}
	if (found)
		return found;
	return nx == 1 && *ret_n == 1 ? only : NULL;
}

/* `base` becomes its own line and options followed by those of `x`. */
static int join(struct arena *a, struct cf_directive *base, const struct cf_directive *x)
{
	size_t nx = head_len(x), nb = head_len(base);
	bool has_block = nb < base->n;
	size_t keep = has_block ? base->n - 1 : base->n; /* without the closing brace */
	size_t skip = has_block ? nx + 1 : nx; /* from the opening brace, or behind it */
	struct cf_token *v;

	if (nx == x->n)
		return 0; /* no options: it says what stands there already */
	v = arena_alloc(a, (keep + x->n - skip) * sizeof *v);
	if (!v)
		return -ENOMEM;
	memcpy(v, base->tokens, keep * sizeof *v);
	memcpy(v + keep, x->tokens + skip, (x->n - skip) * sizeof *v);
	if (has_block && x->n - skip > 1)
		v[keep].starts_line = true; /* an option on the line of the `{` left out */
	*base = (struct cf_directive){.tokens = v, .n = keep + x->n - skip};
	return 0;
}

static int merge_block(struct arena *a, struct cf_block *base, const struct cf_block *extra,
		       struct cf_errors *errs)
{
	size_t n = base->n_directives, own = n;
	struct cf_directive *v = arena_alloc(a, (n + extra->n_directives + 1) * sizeof *v);
	int r = 0;

	if (!v)
		return -ENOMEM;
	if (n)
		memcpy(v, base->directives, n * sizeof *v);
	for (size_t i = 0; !r && i < extra->n_directives; i++) {
		const struct cf_directive *x = &extra->directives[i];
		const struct cf_token *t = &x->tokens[0];
		size_t named;
		struct cf_directive *to = partner(v, own, x, &named);

		if (to)
			r = join(a, to, x);
		else if (named > 1 && head_len(x) == 1)
			token_error(errs, t,
				    "the block has \"%s\" %zu times; repeat the arguments of the one that is "
				    "meant",
				    t->text, named);
		else
			v[n++] = *x;
	}
	base->directives = v;
	base->n_directives = n;
	return r;
}

/* ---------------------------------------------------------------- files */

struct merge {
	struct arena *a;
	struct cf_block *blocks; /* of the base, being changed */
	struct cf_keys *keys; /* of each */
	size_t n;
	const struct corefile *extra;
	struct cf_keys *extra_keys;
	struct cf_errors *errs;
};

static int read_keys(struct merge *m)
{
	int r = 0;

	for (size_t i = 0; !r && i < m->n; i++)
		r = sorted_keys(m->a, &m->blocks[i], NULL, &m->keys[i]);
	for (size_t i = 0; !r && i < m->extra->n_blocks; i++)
		r = sorted_keys(m->a, &m->extra->blocks[i], m->errs, &m->extra_keys[i]);
	return r;
}

/* How many of `v` have these keys, and the place of number `nth` (from 0). */
static size_t with_keys(const struct cf_keys *v, size_t n, const struct cf_keys *k, size_t nth,
			size_t *ret_place)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (same_keys(&v[i], k) && found++ == nth)
			*ret_place = i;
	}
	return found;
}

static int place(struct merge *m, size_t i)
{
	const struct cf_block *x = &m->extra->blocks[i];
	const struct cf_keys *k = &m->extra_keys[i];
	size_t to = 0, unused = 0;
	size_t before =
		with_keys(m->extra_keys, i, k, 0, &unused); /* the same keys further up in this file */
	size_t of = with_keys(m->extra_keys, m->extra->n_blocks, k, 0, &unused);
	size_t n = with_keys(m->keys, m->n, k, 0, &to);

	if (!k->n)
		return 0; /* its keys are wrong, which was reported */
	if (n == 0) {
		token_error(m->errs, x,
			    "no server block of the Corefile has the keys of this one (\"%.100s\"%s); a "
			    "block here only adds to one that is there",
			    x->keys[0].text, x->n_keys > 1 ? ", ..." : "");
		return 0;
	}
	if (n > 1 && of != n) {
		token_error(m->errs, x,
			    "the Corefile has %zu server blocks with the keys of this one, here are %zu; "
			    "as many are needed, in the same order",
			    n, of);
		return 0;
	}
	if (n > 1)
		with_keys(m->keys, m->n, k, before, &to);
	return merge_block(m->a, &m->blocks[to], x, m->errs);
}

int corefile_merge(struct arena *a, struct corefile *base, const struct corefile *extra,
		   struct cf_errors *errs)
{
	struct merge m = {.a = a, .n = base->n_blocks, .extra = extra, .errs = errs};
	unsigned before = errs->n_errors;
	int r;

	m.blocks = arena_alloc(a, (m.n + 1) * sizeof *m.blocks);
	m.keys = arena_zalloc(a, (m.n + 1) * sizeof *m.keys);
	m.extra_keys = arena_zalloc(a, (extra->n_blocks + 1) * sizeof *m.extra_keys);
	if (!m.blocks || !m.keys || !m.extra_keys)
		return -ENOMEM;
	if (m.n)
		memcpy(m.blocks, base->blocks, m.n * sizeof *m.blocks);
	r = read_keys(&m);
	for (size_t i = 0; !r && i < extra->n_blocks; i++)
		r = place(&m, i);
	if (r)
		return r;
	base->blocks = m.blocks;
	return errs->n_errors > before ? ERR_SYNTAX : 0;
}
