// SPDX-License-Identifier: Apache-2.0
/* Records -> a zone.  All records are gathered and sorted by owner and type, then nodes are made of them. */
#include "base/err.h"
#include "base/rng.h"
#include "wire/name.h"
#include "wire/rdata.h"
#include "zone/internal.h"
#include "zone/rr_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS_FIRST = 64, TYPE_NSEC3PARAM = 51 };

/* A record on its way.  In the zone's arena. */
struct record {
	const uint8_t *owner, *key;
	const uint8_t *rdata;
	uint32_t ttl_s, number; /* number: in the order in which they came */
	uint16_t key_len, type, covered, rdlen; /* covered: of an RRSIG the type that it signs, else its own type */
	uint8_t owner_len;
};

struct zone_builder {
	struct zone *z;
	struct record *v;
	size_t n, cap;
};

struct zone_builder *zone_builder_new(const uint8_t *origin)
{
	struct zone_builder *b = calloc(1, sizeof(*b));
	struct zone *z = b ? calloc(1, sizeof(*z)) : NULL;
	uint8_t lower[WIRE_NAME_MAX];

	if (!z) {
		free(b);
		return NULL;
	}
	arena_init(&z->arena, NULL, 0, NULL);
	b->z = z;
	z->origin_len = wire_name_len(origin);
	wire_name_lower(lower, origin, z->origin_len);
	z->origin = arena_copy(&z->arena, lower, z->origin_len);
	if (z->origin)
		return b;
	zone_builder_free(b);
	return NULL;
}

void zone_builder_free(struct zone_builder *b)
{
	if (!b)
		return;
	zone_free(b->z);
	free(b->v);
	free(b);
}

struct zone *zone_hold(struct zone *z)
{
	__atomic_fetch_add(&z->holds, 1, __ATOMIC_RELAXED);
	return z;
}

void zone_free(struct zone *z)
{
	if (!z || __atomic_fetch_sub(&z->holds, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	arena_fini(&z->arena);
	free(z);
}

/* ---------------------------------------------------------------- adding */

static struct record *grow(struct zone_builder *b)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : RECORDS_FIRST;
		struct record *v = realloc(b->v, cap * sizeof(*v));

		if (!v)
			return NULL;
		b->v = v;
		b->cap = cap;
	}
	return &b->v[b->n];
}

/* The owner and its key; mostly those of the record before. */
static bool set_owner(struct zone_builder *b, struct record *r, const struct zone_rr *rr)
{
	const struct record *before = b->n ? &b->v[b->n - 1] : NULL;
	uint8_t lower[WIRE_NAME_MAX], key[ZONE_KEY_MAX];

	wire_name_lower(lower, rr->owner, rr->owner_len);
	r->owner_len = rr->owner_len;
	if (before && before->owner_len == rr->owner_len && !memcmp(before->owner, lower, rr->owner_len)) {
		r->owner = before->owner;
		r->key = before->key;
		r->key_len = before->key_len;
		return true;
	}
	r->key_len = (uint16_t)zone_sort_key(lower, rr->owner_len, key);
	r->owner = arena_copy(&b->z->arena, lower, rr->owner_len);
	r->key = arena_copy(&b->z->arena, key, (size_t)r->key_len + 1);
	return r->owner && r->key;
}

/* Names in the rdata of these are shown in lower case, as the peer does; the names that SRV and others carry stay. */
static bool lowers_rdata(uint16_t type)
{
	return type == TYPE_NS || type == TYPE_SOA || type == TYPE_CNAME || type == TYPE_MX || type == TYPE_SVCB ||
	       type == TYPE_HTTPS;
}

static bool set_rdata(struct zone_builder *b, struct record *r, const struct zone_rr *rr)
{
	uint8_t *copy = arena_alloc(&b->z->arena, (size_t)rr->rdlen + 1);

	if (!copy)
		return false;
	if (rr->rdlen)
		memcpy(copy, rr->rdata, rr->rdlen);
	if (lowers_rdata(rr->type))
		wire_rdata_lower(wire_rdata_form(rr->type, rr->cls), copy, rr->rdlen);
	r->rdata = copy;
	r->rdlen = rr->rdlen;
	return true;
}

int zone_builder_add(struct zone_builder *b, const struct zone_rr *rr, const char **ret_why)
{
	struct record *r;

	*ret_why = "out of memory";
	if (rr->type == TYPE_NSEC3 || rr->type == TYPE_NSEC3PARAM) {
		*ret_why = "zones with NSEC3 are not supported; sign it with NSEC";
		return ERR_SYNTAX;
	}
	if (rr->cls != CLASS_IN) {
		*ret_why = "only class IN is supported";
		return ERR_SYNTAX;
	}
	if (!wire_name_in_zone(rr->owner, b->z->origin))
		return 0;
	r = grow(b);
	if (!r)
		return -ENOMEM;
	*r = (struct record){.type = rr->type, .covered = rr->type, .ttl_s = rr->ttl_s, .number = (uint32_t)b->n};
	if (rr->type == TYPE_RRSIG && rr->rdlen >= 2)
		r->covered = wire_u16(rr->rdata);
	if (!set_owner(b, r, rr) || !set_rdata(b, r, rr))
		return -ENOMEM;
	b->n++;
	return 0;
}

/* ---------------------------------------------------------------- nodes */

/* By owner, then by type with its RRSIGs behind it, then as they came. */
static int compare(const void *pa, const void *pb)
{
	const struct record *a = pa, *b = pb;
	int r = a->key == b->key ? 0 : zone_compare_keys(a->key, a->key_len, b->key, b->key_len);

	if (r)
		return r;
	if (a->covered != b->covered)
		return a->covered < b->covered ? -1 : 1;
	if (a->type != b->type)
		return a->type == TYPE_RRSIG ? 1 : -1;
	return a->number < b->number ? -1 : 1;
}

static bool same_set(const struct record *a, const struct record *b)
{
	return a->type == b->type && a->covered == b->covered &&
	       (a->key == b->key || !zone_compare_keys(a->key, a->key_len, b->key, b->key_len));
}

static bool same_owner(const struct record *a, const struct record *b)
{
	return a->key == b->key || !zone_compare_keys(a->key, a->key_len, b->key, b->key_len);
}

static bool is_in(const struct zone_rrset *s, const struct record *r)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->rd[i].len == r->rdlen && !memcmp(s->rd[i].data, r->rdata, r->rdlen))
			return true;
	}
	return false;
}

/* Doubles among a great many records are not looked for: it would take the square of their number. */
enum { DOUBLES_MAX = 2000 };

/* The set of the records that begin with v[0]; *ret_n: how many those are. */
static struct zone_rrset *make_set(struct zone *z, const struct record *v, size_t n, size_t *ret_n)
{
	struct zone_rrset *s;
	size_t count = 1;

	while (count < n && same_set(v, v + count))
		count++;
	s = arena_zalloc(&z->arena, sizeof(*s) + count * sizeof(s->rd[0]));
	*ret_n = count;
	if (!s)
		return NULL;
	s->type = v->type;
	for (size_t i = 0; i < count; i++) {
		if (count <= DOUBLES_MAX && is_in(s, &v[i]))
			continue;
		s->rd[s->n++] = (struct zone_rd){v[i].rdata, v[i].ttl_s, v[i].rdlen};
		z->n_records++;
	}
	if (s->type == TYPE_SOA) { /* a zone has one; the last counts */
		s->rd[0] = s->rd[s->n - 1];
		s->n = 1;
	}
	return s;
}

/* The owner's sets; RRSIGs hang at the set that they cover, those that cover nothing stand on their own. */
static int make_sets(struct zone *z, struct zone_node *node, const struct record *v, size_t n)
{
	struct zone_rrset *last = NULL;
	const struct zone_rrset **at = &node->sets;
	uint16_t last_type = 0;

	for (size_t i = 0, used; i < n; i += used) {
		struct zone_rrset *s = make_set(z, v + i, n - i, &used);

		if (!s)
			return -ENOMEM;
		if (s->type == TYPE_RRSIG && last && last_type == v[i].covered) {
			last->sigs = s;
			continue;
		}
		*at = s;
		at = &s->next;
		last = s;
		last_type = s->type;
	}
	return 0;
}

static struct zone_node *new_node(struct zone *z, const uint8_t *name, size_t len)
{
	struct zone_node *node = arena_zalloc(&z->arena, sizeof(*node));
	uint8_t key[ZONE_KEY_MAX];

	if (!node)
		return NULL;
	node->name = name;
	node->name_len = (uint8_t)len;
	node->key_len = (uint16_t)zone_sort_key(name, len, key);
	node->key = arena_copy(&z->arena, key, (size_t)node->key_len + 1);
	return node->key ? node : NULL;
}

/* Nodes as they are made: in order, as the records are. */
struct nodes {
	const struct zone_node **v;
	size_t n, cap;
};

static int push(struct nodes *l, const struct zone_node *node)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : RECORDS_FIRST;
		const struct zone_node **v = realloc(l->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = node;
	return 0;
}

static unsigned labels_in_common(const struct zone_node *a, const uint8_t *key, size_t key_len)
{
	unsigned n = 0;

	for (size_t i = 0; i < a->key_len && i < key_len && a->key[i] == key[i]; i++)
		n += a->key[i] == 0;
	return n;
}

/* The names between the apex and `name` that are not there yet: those that it does not share with the node before. */
static int push_between(struct zone *z, struct nodes *l, const struct record *r)
{
	unsigned have = l->n ? labels_in_common(l->v[l->n - 1], r->key, r->key_len) : 0;
	unsigned total = wire_name_labels(r->owner), at_apex = wire_name_labels(z->origin);

	for (unsigned want = l->n ? have + 1 : at_apex; want < total; want++) {
		const uint8_t *name = r->owner;
		struct zone_node *node;

		for (unsigned skip = total - want; skip; skip--)
			name += name[0] + 1u;
		node = new_node(z, name, r->owner_len - (size_t)(name - r->owner));
		if (!node || push(l, node))
			return -ENOMEM;
	}
	return 0;
}

static int push_owner(struct zone *z, struct nodes *l, const struct record *v, size_t n)
{
	struct zone_node *node;

	if (push_between(z, l, v))
		return -ENOMEM;
	node = new_node(z, v->owner, v->owner_len);
	if (!node || make_sets(z, node, v, n) || push(l, node))
		return -ENOMEM;
	node->cut = zone_set(node, TYPE_NS) && node->name_len > z->origin_len;
	return 0;
}

static int make_nodes(struct zone_builder *b, struct nodes *l)
{
	for (size_t i = 0, count; i < b->n; i += count) {
		for (count = 1; i + count < b->n && same_owner(&b->v[i], &b->v[i + count]);)
			count++;
		if (push_owner(b->z, l, b->v + i, count))
			return -ENOMEM;
	}
	return 0;
}

/* ---------------------------------------------------------------- index */

static int make_index(struct zone *z, const struct nodes *l)
{
	size_t cap = 8, n_nsecs = 0;

	while (cap < 2 * l->n)
		cap *= 2;
	z->nodes = arena_copy(&z->arena, l->v, l->n * sizeof(*l->v));
	z->nsecs = arena_alloc(&z->arena, l->n * sizeof(*l->v));
	z->table = arena_zalloc(&z->arena, cap * sizeof(*z->table));
	if (!z->nodes || !z->nsecs || !z->table)
		return -ENOMEM;
	z->n_nodes = l->n;
	z->table_mask = cap - 1;
	for (size_t i = 0; i < l->n; i++) {
		size_t at = hash_bytes(&z->hash, l->v[i]->name, l->v[i]->name_len) & z->table_mask;

		while (z->table[at])
			at = (at + 1) & z->table_mask;
		z->table[at] = l->v[i];
		if (zone_set(l->v[i], TYPE_NSEC))
			z->nsecs[n_nsecs++] = l->v[i];
	}
	z->n_nsecs = n_nsecs;
	return 0;
}

static int finish(struct zone *z, const struct nodes *l)
{
	const struct zone_rrset *soa = l->n ? zone_set(l->v[0], TYPE_SOA) : NULL;
	size_t numbers = 20; /* serial, refresh, retry, expire, minimum */

	if (!soa || l->v[0]->name_len != z->origin_len)
		return -ENOENT;
	z->apex = l->v[0];
	z->serial = wire_u32(soa->rd[0].data + soa->rd[0].len - numbers);
	return make_index(z, l);
}

int zone_build(struct zone_builder *b, struct zone **ret)
{
	struct nodes l = {0};
	struct rng rng;
	int err;

	rng_init(&rng);
	rng_bytes(&rng, &b->z->hash, sizeof(b->z->hash));
	if (b->n)
		qsort(b->v, b->n, sizeof(*b->v), compare);
	err = make_nodes(b, &l);
	if (!err)
		err = finish(b->z, &l);
	free(l.v);
	if (err)
		return err;
	*ret = b->z;
	b->z = NULL;
	return 0;
}
