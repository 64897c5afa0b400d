// SPDX-License-Identifier: Apache-2.0
/* auto: which zone a question is for. */
#include "plugin/auto/auto.h"

#include "base/err.h"
#include "base/rcu.h"
#include "plugin/file/zone_reply.h"
#include "plugin/file/zone_transfer.h"
#include "server/background.h"
#include "server/pattern.h"
#include "server/query.h"
#include "server/transfer.h"
#include "wire/name.h"

#include <errno.h>

static int setup(struct setup *s, void *state)
{
	return auto_setup(s, state);
}

static void free_folders(void *state)
{
	struct auto_plugin *p = state;

	for (struct auto_folder *f = p->folders; f; f = f->next) {
		auto_set_free(f->set);
		pattern_match_free(f->match);
		pattern_free(f->pattern);
	}
}

/* ---------------------------------------------------------------- looking */

static void look(void *arg)
{
	(void)auto_look(arg, NULL); /* without memory now: the next look tries again */
}

static void stop(void *state)
{
	struct auto_plugin *p = state;

	for (struct auto_folder *f = p->folders; f; f = f->next) {
		background_stop(f->task);
		f->task = NULL;
	}
}

static int start(struct generation *gen, void *state)
{
	struct auto_plugin *p = state;

	for (struct auto_folder *f = p->folders; f; f = f->next) {
		for (size_t i = 0; f->set && i < f->set->n; i++) {
			if (f->set->v[i]->file.zone)
				transfer_zone_changed(f->block, f->set->v[i]->origin);
		}
		if (!f->path || !f->reload_ms)
			continue;
		f->task = background_every(f->reload_ms, look, f);
		if (!f->task) {
			stop(state);
			return -ENOMEM;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- questions */

/* The zone of exactly this name; NULL: none that has been read. */
static struct zone *zone_of(const struct auto_set *s, const uint8_t *name, size_t len)
{
	size_t lo = 0, hi = s ? s->n : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = auto_compare(name, len, s->v[mid]->origin, s->v[mid]->file.origin_len);

		if (!c)
			return rcu_get(s->v[mid]->file.zone);
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* The longest zone that the name is in. */
static struct zone *longest(const struct auto_folder *f, const struct wire_query *in, unsigned *ret_labels)
{
	const struct auto_set *s = rcu_get(f->set);

	for (unsigned i = 0; s && i <= in->n_labels; i++) {
		struct zone *z = zone_of(s, in->qname + in->label_off[i], (size_t)in->qname_len - in->label_off[i]);

		*ret_labels = in->n_labels - i;
		if (z)
			return z;
	}
	return NULL;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	static const struct zone_reply_options none = {0};
	const struct auto_plugin *p = state;
	struct zone *best = NULL;
	unsigned best_labels = 0;

	for (const struct auto_folder *f = p->folders; f; f = f->next) {
		unsigned labels;
		struct zone *z = zone_list_has(&f->zones, &q->in) ? longest(f, &q->in, &labels) : NULL;

		if (z && (!best || labels > best_labels)) {
			best = z;
			best_labels = labels;
		}
	}
	if (!best)
		return zone_reply_not_mine(q);
	return zone_reply_refuses(q) ? STEP_DONE : zone_reply(q, best, &none);
}

static int transfer(const void *state, const uint8_t *zone, struct transfer *t)
{
	const struct auto_plugin *p = state;

	for (const struct auto_folder *f = p->folders; f; f = f->next) {
		struct zone *z = zone_of(rcu_get(f->set), zone, wire_name_len(zone));

		if (z)
			return zone_transfer(z, t);
	}
	return ERR_GONE;
}

const struct plugin plugin_auto = {
	.name = "auto",
	.state_size = sizeof(struct auto_plugin),
	.setup = setup,
	.free = free_folders,
	.start = start,
	.stop = stop,
	.query = query,
	.transfer = transfer,
	.makes_answers = true,
};
