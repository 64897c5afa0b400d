// SPDX-License-Identifier: Apache-2.0
/* file: which zone a question is for. */
#include "plugin/file/file.h"

#include "base/err.h"
#include "base/rcu.h"
#include "plugin/file/zone_reply.h"
#include "plugin/file/zone_transfer.h"
#include "server/query.h"
#include "server/trail.h"
#include "server/transfer.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

static int setup(struct setup *s, void *state)
{
	return file_setup(s, state);
}

static void free_zones(void *state)
{
	struct file_plugin *p = state;

	for (struct file_zone *z = p->zones; z; z = z->next)
		file_zone_free(z);
}

static void stop(void *state)
{
	struct file_plugin *p = state;

	for (struct file_zone *z = p->zones; z; z = z->next)
		file_zone_stop(z);
}

static int start(struct generation *gen, void *state)
{
	struct file_plugin *p = state;

	for (struct file_zone *z = p->zones; z; z = z->next) {
		if (file_zone_start(z)) {
			stop(state);
			return -ENOMEM;
		}
	}
	return 0;
}

static bool in_zone(const struct file_zone *z, const struct wire_query *in)
{
	const struct cf_key key = {.zone = z->origin, .zone_len = (uint8_t)z->origin_len};

	return zone_key_has(&key, in);
}

/* The longest zone that has the name; of equal ones the last of the Corefile, as in the peer. */
static const struct file_zone *find(const struct file_plugin *p, const struct wire_query *in)
{
	const struct file_zone *best = NULL;

	for (const struct file_zone *z = p->zones; z; z = z->next) {
		if ((!best || z->origin_len >= best->origin_len) && in_zone(z, in))
			best = z;
	}
	return best;
}

static void say_zone(struct query *q, const struct file_zone *z)
{
	char text[WIRE_NAME_TEXT_MAX];

	wire_name_text(z->origin, text);
	trail_say(q, "has the zone %s", text);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct file_plugin *p = state;
	const struct file_zone *fz = find(p, &q->in);
	struct zone_reply_options o = {.wildcard = p->wildcard};
	const struct zone *z;

	if (!fz)
		return zone_reply_not_mine(q);
	if (unlikely(q->has_trail))
		say_zone(q, fz);
	if (zone_reply_refuses(q))
		return STEP_DONE;
	z = rcu_get(fz->zone);
	if (!z)
		return query_fail(q, RCODE_SERVFAIL, EDE_NOT_READY, "the zone has not been loaded", NULL);
	o.falls_through = p->falls_through && zone_list_has(&p->fall, &q->in);
	return zone_reply(q, z, &o);
}

static int transfer(const void *state, const uint8_t *zone, struct transfer *t)
{
	const struct file_plugin *p = state;
	const struct file_zone *found = NULL;

	for (const struct file_zone *z = p->zones; z; z = z->next) {
		if (wire_name_equal(z->origin, zone))
			found = z; /* as for questions, the last one */
	}
	return found ? zone_transfer(rcu_get(found->zone), t) : ERR_GONE;
}

const struct plugin plugin_file = {
	.name = "file",
	.state_size = sizeof(struct file_plugin),
	.setup = setup,
	.free = free_zones,
	.start = start,
	.stop = stop,
	.query = query,
	.transfer = transfer,
	.show = file_show,
	.makes_answers = true,
};
