// SPDX-License-Identifier: Apache-2.0
#include "doctor/reason.h"

#include "base/text.h"
#include "wire/name.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *vtext(struct reason *r, const char *fmt, va_list ap) PRINTF(2, 0);
static const char *vtext(struct reason *r, const char *fmt, va_list ap)
{
	char line[1024];
	char *kept;

	(void)vsnprintf(line, sizeof(line), fmt, ap); /* what is longer is cut: a line for a person */
	kept = arena_strdup(r->w->arena, line);
	if (!kept)
		r->err = -ENOMEM;
	return kept ? kept : "";
}

const char *reason_text(struct reason *r, const char *fmt, ...)
{
	va_list ap;
	const char *s;

	va_start(ap, fmt);
	s = vtext(r, fmt, ap);
	va_end(ap);
	return s;
}

/* Without the final dot, as all of doctor prints names. */
const char *reason_name(struct reason *r, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT_MAX];
	size_t len = wire_name_text(name, text);

	return reason_text(r, "%.*s", (int)(len > 1 ? len - 1 : len), text);
}

const char *reason_label(const struct reason *r, int s)
{
	return r->w->servers[s].label;
}

const char *reason_type(struct reason *r, uint16_t type)
{
	char buf[16];

	return reason_text(r, "%s", wire_type_text(type, buf));
}

const char *reason_told(struct reason *r, const struct observation *o)
{
	const struct observed_reply *y = &o->reply;
	char rcode[16], type[16];

	if (o->outcome != OUTCOME_ANSWERED)
		return observe_outcome_text(o->outcome);
	return reason_text(r, "%s%s, %u CNAME, %u %s, %u bytes%s%s", wire_rcode_text(y->rcode, rcode),
			   y->flags & FLAG_TC ? ", TC" : "", y->n_cname, y->n_wanted,
			   wire_type_text(o->type, type), y->size, y->ede_text ? ", EDE: " : "",
			   y->ede_text ? y->ede_text : "");
}

/* ---------------------------------------------------------------- verdicts */

struct verdict *reason_judge(struct reason *r, enum verdict_slug slug, enum verdict_severity sev, int server,
			     const char *fmt, ...)
{
	struct verdict *v;
	va_list ap;

	if (r->out->n == VERDICTS_MAX)
		return NULL;
	v = &r->out->v[r->out->n++];
	*v = (struct verdict){.slug = slug, .severity = sev, .server = server};
	va_start(ap, fmt);
	v->summary = vtext(r, fmt, ap);
	va_end(ap);
	v->remedy = reason_remedy(r, slug, server);
	return v;
}

static void add_evidence(struct reason *r, struct verdict *v, const int *seen, unsigned n, const char *text)
{
	int *kept = n ? arena_copy(r->w->arena, seen, n * sizeof(*seen)) : NULL;

	if (n && !kept)
		r->err = -ENOMEM;
	v->evidence[v->n_evidence++] =
		(struct verdict_evidence){.text = text, .observations = kept, .n_observations = kept ? n : 0};
}

void reason_because(struct reason *r, struct verdict *v, const struct tries *t, const char *fmt, ...)
{
	va_list ap;

	if (!v || v->n_evidence == VERDICT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	add_evidence(r, v, t ? t->seen : NULL, t ? t->n_seen : 0, vtext(r, fmt, ap));
	va_end(ap);
}

void reason_because_of(struct reason *r, struct verdict *v, int seen, const char *fmt, ...)
{
	va_list ap;

	if (!v || v->n_evidence == VERDICT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	add_evidence(r, v, &seen, seen >= 0, vtext(r, fmt, ap));
	va_end(ap);
}

bool reason_also(struct reason *r, enum verdict_slug slug, int server, const struct tries *t)
{
	for (unsigned i = 0; i < r->out->n; i++) {
		if (r->out->v[i].slug != slug)
			continue;
		reason_because(r, &r->out->v[i], t, "%s: the same", reason_label(r, server));
		return true;
	}
	return false;
}

bool reason_judged(const struct reason *r, enum verdict_slug slug, int server)
{
	for (unsigned i = 0; i < r->out->n; i++) {
		if (r->out->v[i].slug == slug && (server == ANY || r->out->v[i].server == server))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- wishes */

static bool same_wish(const struct wish *a, const struct wish *b)
{
	return a->tag == b->tag && a->server == b->server && a->type == b->type && a->way == b->way &&
	       a->bits == b->bits && a->pair == b->pair && wire_name_equal(a->name, b->name);
}

/* Tries of it that stand in the table; all of them once one was not granted, for it would not be the next time either. */
static unsigned have(const struct reason *r, const struct wish *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];

		if (o->server != w->server ||
		    (w->tag > TAG_AGAIN ? o->tag != w->tag : o->tag > TAG_AGAIN || o->pair))
			continue;
		if (!w->pair && !w->unique &&
		    (o->type != w->type || o->way != w->way || o->bits != w->bits ||
		     !wire_name_equal(o->name, w->name)))
			continue;
		if (o->outcome == OUTCOME_NOT_SENT)
			return w->count;
		n++;
	}
	return w->pair ? n / 2 : n;
}

void reason_want(struct reason *r, struct wish w)
{
	unsigned had;

	w.type = w.type ? w.type : r->w->type;
	had = have(r, &w);
	if (had >= w.count || !w.name || w.server < 0)
		return;
	w.count -= had;
	for (unsigned i = 0; i < r->wishes->n; i++) {
		struct wish *old = &r->wishes->v[i];

		if (same_wish(old, &w)) {
			old->count = old->count > w.count ? old->count : w.count;
			return;
		}
	}
	if (r->wishes->n < WISHES_MAX)
		r->wishes->v[r->wishes->n++] = w;
}

void reason_again(struct reason *r, int s, const uint8_t *name, uint16_t type, enum ask_way way,
		  unsigned total, const char *why)
{
	reason_want(r, (struct wish){.tag = TAG_AGAIN,
				     .server = s,
				     .name = name,
				     .type = type,
				     .way = way,
				     .count = total,
				     .per_second = AGAIN_PER_S,
				     .why = why});
}
