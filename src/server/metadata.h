// SPDX-License-Identifier: Apache-2.0
/* Metadata: what plugins know of a query beyond the question, under labels such as "geoip/country/code", for those
 * that want to show or test it (log, rewrite, view, dnstap, trace).  Only in blocks with the `metadata` directive.
 *
 * A label is found once, at setup, and compared by its address from then on:
 *
 *   provider                                           consumer
 *     setup: s->l = metadata_label("view/name");         setup: c->l = metadata_want("view/name");
 *     either gives a value when it is asked              later: text = metadata_get(q, c->l);
 *       .metadata = fn(state, q, label) -> text or NULL
 *     or leaves one on the way
 *       if (metadata_wanted(q, s->l))
 *               metadata_set(q, s->l, text);
 *
 * Asked is better: it costs nothing until somebody asks, works before the chain has begun (view's expressions) and sees the
 * query as it is then.  Left on the way is for what only the way tells (which upstream answered).  The value left last
 * wins, also over one that would be given.
 *
 * The directive's ZONES limit who is asked; what is left on the way counts for all names, as in the peer.
 * A query whose block has no `metadata`, and a label that no loaded Corefile wants, cost one comparison.
 * Values live in the query's arena; at its limit they are missing, never wrong.
 * What is left in the rest of a chain (QUERY_CHAIN) counts for the query that waits for it.  Thread: worker, but for
 * labels: builder. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

struct query;

enum {
	METADATA_VALUES_MAX = 32,  /* left on one query's way */
	METADATA_LABELS_MAX = 4096,/* of a process, over all Corefiles that it ever loaded */
	METADATA_TEXT_MAX = 254,   /* bytes of a value; the rest is cut */
};

/* Life: the process's.  `text` is frozen. */
struct metadata_label {
	struct metadata_label *next;
	bool wanted; /* atomic: some consumer has asked for it */
	char text[];
};

/* Find or make one; NULL: no memory, or too many.  `text` is copied, case matters.  Any thread. */
struct metadata_label *metadata_label(const char *text);
/* The same for somebody who will call metadata_get. */
struct metadata_label *metadata_want(const char *text);

/* Has somebody asked for a label that begins like this?  From the start() of a plugin on.  Thread: any. */
bool metadata_wanted_below(const char *prefix);

/* The name that came in decides whether its zone has metadata, before anything changes it (plugin metadata, first in the
 * chain). */
void metadata_begin(struct query *q);
/* Would a value be looked at?  Ask before making one. */
bool metadata_wanted(struct query *q, const struct metadata_label *l);
/* Leave a value (copied); an unwanted one is dropped. */
void metadata_set(struct query *q, const struct metadata_label *l, const char *text);
/* The value now, in the query's arena or frozen; NULL: none.  An empty text is a value. */
const char *metadata_get(struct query *q, const struct metadata_label *l);
