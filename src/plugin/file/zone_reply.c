// SPDX-License-Identifier: Apache-2.0
#include "plugin/file/zone_reply.h"

#include "server/alias.h"
#include "server/generation.h"
#include "server/metadata.h"
#include "wire/name.h"
#include "zone/zone.h"

#include <errno.h>
#include <string.h>

static enum step no_memory(struct query *q)
{
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit", "out of query memory");
}

/* ---------------------------------------------------------------- records */

static int add_rd(struct query *q, const struct zone_part *p, const uint8_t *owner, const struct zone_rd *rd)
{
	const uint8_t *data = arena_copy(&q->arena, rd->data, rd->len);
	uint32_t ttl_s = rd->ttl_s < p->ttl_max_s ? rd->ttl_s : p->ttl_max_s;

	if (!data || reply_add(q, p->section, owner, p->set->type, ttl_s, data, rd->len))
		return -ENOMEM;
	if (p->required)
		reply_require(q, p->section);
	return 0;
}

static int add_part(struct query *q, const struct zone_part *p)
{
	const uint8_t *owner = NULL;
	int err = 0;

	if (p->owner) {
		owner = arena_copy(&q->arena, p->owner, wire_name_len(p->owner));
		if (!owner)
			return -ENOMEM;
	}
	for (uint32_t i = 0; !err && i < p->set->n; i++)
		err = add_rd(q, p, owner, &p->set->rd[i]);
	return err;
}

static int add_parts(struct query *q, const struct zone_answer *a)
{
	int err = 0;

	reply_begin(q, a->rcode, a->aa);
	for (const struct zone_part *p = a->parts; !err && p; p = p->next)
		err = add_part(q, p);
	return err;
}

/* ---------------------------------------------------------------- CNAMEs that lead elsewhere */

/* Of the two that may stand in authority, the SOA of what the target lacks counts. */
static void target_known(struct query *q, struct query *sub, void *arg)
{
	struct reply_rr **behind = q->reply.rr_last[SECTION_AUTHORITY];

	if (alias_complete(q, sub) && *behind)
		q->reply.rr[SECTION_AUTHORITY] = *behind;
	query_resume(q, STEP_DONE);
}

static enum step follow(struct query *q, const uint8_t *target)
{
	const uint8_t *name = arena_copy(&q->arena, target, wire_name_len(target));

	if (!name)
		return no_memory(q);
	if (alias_leads_back(q, name) || query_sub(q, QUERY_SERVER, name, q->in.qtype, target_known, NULL))
		return alias_loop(q);
	return STEP_WAIT;
}

/* ---------------------------------------------------------------- */

static void note_wildcard(struct query *q, const struct zone_answer *a, const struct metadata_label *label)
{
	char text[WIRE_NAME_TEXT_MAX];

	if (!a->wildcard || !label || !metadata_wanted(q, label))
		return;
	wire_name_text(a->wildcard, text);
	metadata_set(q, label, text);
}

enum step zone_reply(struct query *q, const struct zone *z, const struct zone_reply_options *o)
{
	struct zone_answer a;

	if (zone_lookup(z, q->in.qname, q->in.qname_len, q->in.qtype, q->in.do_bit, &q->arena, &a))
		return no_memory(q);
	if (a.name_missing && o->falls_through)
		return STEP_NEXT;
	if (a.loop)
		return alias_loop(q);
	if (add_parts(q, &a))
		return no_memory(q);
	note_wildcard(q, &a, o->wildcard);
	return a.target ? follow(q, a.target) : STEP_DONE;
}

bool zone_reply_refuses(struct query *q)
{
	if ((q->in.flags & FLAG_OPCODE) >> 11 == OPCODE_NOTIFY) {
		query_drop(q);
		return true;
	}
	if (q->in.qtype != TYPE_AXFR && q->in.qtype != TYPE_IXFR)
		return false;
	query_fail(q, RCODE_REFUSED, EDE_PROHIBITED, "zone transfers are not allowed", NULL);
	return true;
}

enum step zone_reply_not_mine(struct query *q)
{
	for (size_t i = (size_t)q->at + 1; i < q->block->n_chain; i++) {
		if (q->block->chain[i].plugin->query)
			return STEP_NEXT;
	}
	return query_fail(q, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "the name is in no zone of this server block", NULL);
}
