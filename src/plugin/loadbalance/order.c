// SPDX-License-Identifier: Apache-2.0
/* Records of a section into order.
 *
 * Each record gets three numbers (its class, its RRset's, its own) and the section is sorted by them, stably.  The
 * class is what the peer's order is made of: CNAMEs, others, addresses, MX.  An RRset stays in one piece, so that what is cut for a
 * small client is cut at a record that counts (RFC 2181 9).  In a signed section nothing but the members of an RRset
 * change places: their signatures stand behind them. */
#include "plugin/loadbalance/loadbalance.h"
#include "server/worker.h"
#include "wire/name.h"

#include <string.h>

struct item {
	struct item *next;
	struct reply_rr *rr;
	uint32_t class, set, member;
};

struct section {
	struct query *q;
	enum wire_section s;
	struct item *v;
	size_t n;
	bool is_signed;
};

static bool is_address(const struct reply_rr *rr)
{
	return rr->type == TYPE_A || rr->type == TYPE_AAAA;
}

static bool is_shuffled(const struct reply_rr *rr)
{
	return is_address(rr) || rr->type == TYPE_MX;
}

static const uint8_t *owner_of(const struct section *x, const struct reply_rr *rr)
{
	return rr->owner ? rr->owner : x->q->question;
}

static bool same_set(const struct section *x, const struct reply_rr *a, const struct reply_rr *b)
{
	return a->type == b->type &&
	       (a->owner == b->owner || wire_name_equal(owner_of(x, a), owner_of(x, b)));
}

/* False: nothing to order, or no memory. */
static bool take(struct section *x, struct query *q, enum wire_section s)
{
	size_t n = 0;
	uint32_t set = 0;

	for (const struct reply_rr *rr = q->reply.rr[s]; rr; rr = rr->next)
		n++;
	*x = (struct section){.q = q, .s = s};
	x->v = n > 1 ? arena_alloc(&q->arena, n * sizeof(*x->v)) : NULL;
	if (!x->v)
		return false;
	for (struct reply_rr *rr = q->reply.rr[s]; rr; rr = rr->next) {
		if (x->n && !same_set(x, rr, x->v[x->n - 1].rr))
			set++;
		x->v[x->n] = (struct item){.rr = rr, .set = set, .member = (uint32_t)x->n};
		x->is_signed |= rr->type == TYPE_RRSIG;
		x->n++;
	}
	return true;
}

static void set_classes(struct section *x, uint32_t (*class_of)(const struct reply_rr *rr))
{
	for (size_t i = 0; i < x->n && !x->is_signed; i++)
		x->v[i].class = class_of(x->v[i].rr);
}

static uint32_t usual_class(const struct reply_rr *rr)
{
	return rr->type == TYPE_CNAME ? 0 : is_address(rr) ? 2 : rr->type == TYPE_MX ? 3 : 1;
}

static uint32_t preferring_class(const struct reply_rr *rr)
{
	return rr->type == TYPE_CNAME ? 0 : is_address(rr) ? 1 : rr->type == TYPE_MX ? 2 : 3;
}

static bool before(const struct item *a, const struct item *b)
{
	if (a->class != b->class)
		return a->class < b->class;
	return a->set != b->set ? a->set < b->set : a->member <= b->member;
}

static struct item *merge(struct item *a, struct item *b)
{
	struct item *first, **at = &first;

	while (a && b) {
		struct item **from = before(a, b) ? &a : &b;

		*at = *from;
		at = &(*from)->next;
		*from = (*from)->next;
	}
	*at = a ? a : b;
	return first;
}

/* The items v[0..n) as a sorted list. */
static struct item *sorted(struct item *v, size_t n)
{
	if (n > 1)
		return merge(sorted(v, n / 2), sorted(v + n / 2, n - n / 2));
	v->next = NULL;
	return v;
}

static void put_back(struct section *x)
{
	struct reply *r = &x->q->reply;
	struct reply_rr **at = &r->rr[x->s];

	for (struct item *i = sorted(x->v, x->n); i; i = i->next) {
		*at = i->rr;
		at = &i->rr->next;
	}
	*at = NULL;
	r->rr_last[x->s] = at;
	r->wire = NULL;
}

/* ---------------------------------------------------------------- the policies */

void order_shuffled(struct query *q, enum wire_section s)
{
	struct rng *rng = loop_rng(q->w->loop);
	struct section x;
	uint32_t set = UINT32_MAX, key = 0;

	if (!take(&x, q, s))
		return;
	set_classes(&x, usual_class);
	for (size_t i = 0; i < x.n; i++) {
		struct item *it = &x.v[i];

		if (!is_shuffled(it->rr))
			continue;
		it->member = rng_u32(rng);
		if (x.is_signed)
			continue;
		if (it->set != set) {
			set = it->set;
			key = rng_u32(rng);
		}
		it->set = key;
	}
	put_back(&x);
}

/* The address that comes first, drawn by weight; x->n: there is none. */
static size_t draw(const struct section *x, const struct weights *w, struct rng *rng)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < x->n; i++)
		sum += is_address(x->v[i].rr) ? weights_of(w, owner_of(x, x->v[i].rr), x->v[i].rr) : 0;
	if (!sum)
		return x->n;
	at = ((uint64_t)rng_u32(rng) * sum) >> 32;
	for (size_t i = 0;; i++) {
		uint64_t weight = is_address(x->v[i].rr) ? weights_of(w, owner_of(x, x->v[i].rr), x->v[i].rr) : 0;

		if (at < weight)
			return i;
		at -= weight;
	}
}

static void swap(struct item *a, struct item *b)
{
	struct reply_rr *rr = a->rr;

	a->rr = b->rr;
	b->rr = rr;
}

void order_weighted(struct query *q, enum wire_section s, const struct weights *w)
{
	struct section x;
	size_t top, first;
	uint32_t set;

	if (!take(&x, q, s))
		return;
	set_classes(&x, usual_class);
	top = draw(&x, w, loop_rng(q->w->loop));
	if (top < x.n) {
		set = x.v[top].set;
		for (first = top; first > 0 && x.v[first - 1].set == set; first--)
			;
		swap(&x.v[first], &x.v[top]);
		/* Among addresses its RRset is the first. */
		for (size_t i = 0; i < x.n && !x.is_signed; i++)
			x.v[i].set = x.v[i].set == set ? 0 : x.v[i].set + 1;
	}
	put_back(&x);
}

static uint32_t rank_of(const struct loadbalance *lb, const struct reply_rr *rr)
{
	struct net_addr a = {0};
	size_t i = 0;

	if (rr->type == TYPE_A && rr->rdlen == 4) {
		a.v4.sin_family = AF_INET;
		memcpy(&a.v4.sin_addr, rr->rdata, 4);
	} else if (rr->type == TYPE_AAAA && rr->rdlen == 16) {
		a.v6.sin6_family = AF_INET6;
		memcpy(&a.v6.sin6_addr, rr->rdata, 16);
	} else {
		return (uint32_t)lb->n_prefer;
	}
	while (i < lb->n_prefer && !net_cidr_contains(&lb->prefer[i], &a))
		i++;
	return (uint32_t)i;
}

/* RRsets by their best member, members by rank; equals as they were. */
void order_preferred(struct query *q, enum wire_section s, const struct loadbalance *lb)
{
	struct section x;

	if (!take(&x, q, s))
		return;
	set_classes(&x, preferring_class);
	for (size_t i = 0, end; i < x.n; i = end) {
		uint32_t best = UINT32_MAX, set = x.v[i].set;

		for (end = i; end < x.n && x.v[end].set == set; end++) {
			uint32_t rank = rank_of(lb, x.v[end].rr);

			x.v[end].member += rank * (uint32_t)x.n;
			best = rank < best ? rank : best;
		}
		for (size_t k = i; k < end && !x.is_signed; k++)
			x.v[k].set = set + (is_address(x.v[k].rr) ? best * (uint32_t)x.n : 0);
	}
	put_back(&x);
}
