// SPDX-License-Identifier: Apache-2.0
#include "plugin/file/zone_transfer.h"

#include "server/transfer.h"
#include "wire/wire.h"
#include "zone/zone.h"

#include <errno.h>
#include <stdlib.h>

/* A walk over a zone: the apex's SOA (its signatures alone: the record itself has been given) and NS, then node by node. */
struct walk {
	struct zone *z;
	const struct zone_node *const *nodes;
	size_t n_nodes, node;
	enum { AT_SOA, AT_NS, AT_NODES } stage;
	const struct zone_rrset *set;    /* whose records, or signatures, are being given; NULL: none of this node any more */
	const struct zone_rrset *list;   /* one of both */
	uint32_t at;                     /* in the list */
};

static bool given_first(const struct walk *w, const struct zone_rrset *set)
{
	return w->node == 0 && (set->type == TYPE_SOA || set->type == TYPE_NS);
}

/* To the next set; w->set is NULL after the last node. */
static void next_set(struct walk *w)
{
	if (w->stage == AT_SOA) {
		w->stage = AT_NS;
		w->set = zone_set(w->nodes[0], TYPE_NS);
		if (w->set)
			return;
	}
	if (w->stage == AT_NS) {
		w->stage = AT_NODES;
		w->set = w->nodes[0]->sets;
	} else {
		w->set = w->set->next;
	}
	for (;;) {
		while (w->set && given_first(w, w->set))
			w->set = w->set->next;
		if (w->set || ++w->node == w->n_nodes)
			return;
		w->set = w->nodes[w->node]->sets;
	}
}

static void next_list(struct walk *w)
{
	bool signatures = w->list != w->set;

	w->at = 0;
	if (!signatures && w->set->sigs) {
		w->list = w->set->sigs;
		return;
	}
	next_set(w);
	w->list = w->set;
}

static bool next(void *arg, struct transfer_record *ret)
{
	struct walk *w = arg;
	const struct zone_rd *rd;

	while (w->list && w->at == w->list->n)
		next_list(w);
	if (!w->list)
		return false;
	rd = &w->list->rd[w->at++];
	*ret = (struct transfer_record){w->nodes[w->node]->name, rd->data, rd->ttl_s, w->list->type, rd->len};
	return true;
}

static void end(void *arg)
{
	struct walk *w = arg;

	zone_free(w->z);
	free(w);
}

static const struct transfer_source source = {.next = next, .end = end};

int zone_transfer(struct zone *z, struct transfer *t)
{
	const struct zone_rrset *soa = z ? zone_set(zone_apex(z), TYPE_SOA) : NULL;
	struct walk *w;
	int err;

	if (!soa)
		return -EAGAIN; /* not loaded yet: a zone is not built without one */
	err = transfer_rr(t, zone_origin(z), TYPE_SOA, soa->rd[0].ttl_s, soa->rd[0].data, soa->rd[0].len);
	if (err)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->z = zone_hold(z);
	w->n_nodes = zone_nodes(z, &w->nodes);
	w->set = w->list = soa;
	w->at = soa->n;
	transfer_from(t, &source, w);
	return 0;
}
