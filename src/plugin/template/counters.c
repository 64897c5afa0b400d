// SPDX-License-Identifier: Apache-2.0
/* What templates count, by listener, zone, class and type. */
#include "plugin/template/template.h"
#include "server/block_series.h"

#include <errno.h>

static const struct metric_desc matches_desc = {
	.name = "coredns_template_matches_total",
	.help = "Questions that a template's expression matched.",
	.labels = "server,zone,view,class,type",
};
static const struct metric_desc template_failures_desc = {
	.name = "coredns_template_template_failures_total",
	.help = "Templates that could not be run.",
	.labels = "server,zone,view,class,type,section,template",
};
static const struct metric_desc rr_failures_desc = {
	.name = "coredns_template_rr_failures_total",
	.help = "Templates whose text is not a record.",
	.labels = "server,zone,view,class,type,section,template",
};

/* A template for ANY counts these types apart and all others as "other"; one for a type counts that type alone. */
static const uint16_t types[TEMPLATE_TYPES - 1] = {TYPE_A,   TYPE_AAAA,	 TYPE_CNAME, TYPE_HTTPS, TYPE_MX, TYPE_NS,
						   TYPE_PTR, TYPE_SOA,	 TYPE_SRV,   TYPE_TXT,	 TYPE_ANY};
static const uint16_t classes[TEMPLATE_CLASSES - 1] = {CLASS_IN};

static const char *const section_text[] = {"answer", "authority", "additional"};

static size_t place(const uint16_t *list, size_t n, uint16_t what)
{
	size_t i = 0;

	while (i < n && list[i] != what)
		i++;
	return i;
}

static size_t type_place(const struct template *t, uint16_t type)
{
	return t->qtype != TYPE_ANY ? 0 : place(types, ARRAY_LEN(types), type);
}

static size_t class_place(const struct template *t, uint16_t cls)
{
	return t->qclass != CLASS_ANY ? 0 : place(classes, ARRAY_LEN(classes), cls);
}

/* The label for a place; NULL: no such place for this template. */
static const char *type_label(const struct template *t, size_t i, char buf[16])
{
	if (t->qtype != TYPE_ANY)
		return i ? NULL : wire_type_text(t->qtype, buf);
	return i < ARRAY_LEN(types) ? wire_type_text(types[i], buf) : "other";
}

static const char *class_label(const struct template *t, size_t i, char buf[16])
{
	if (t->qclass != CLASS_ANY)
		return i ? NULL : wire_class_text(t->qclass, buf);
	return i < ARRAY_LEN(classes) ? wire_class_text(classes[i], buf) : "other";
}

static int start_matches(const struct templates *all, struct generation *gen, const struct template *t,
			 struct template_zone *z)
{
	char type[16], cls[16];

	for (size_t c = 0; c < TEMPLATE_CLASSES && class_label(t, c, cls); c++) {
		for (size_t i = 0; i < TEMPLATE_TYPES && type_label(t, i, type); i++) {
			const char *values[] = {NULL, z->text, block_view(all->block), class_label(t, c, cls),
						type_label(t, i, type)};

			z->matches[c][i] = block_series(gen, all->block, &matches_desc, values);
			if (!z->matches[c][i])
				return -ENOMEM;
		}
	}
	return 0;
}

/* Failures are counted under the template's own class and type. */
static int start_failures(const struct templates *all, struct generation *gen, const struct template *t,
			  struct template_record *r, int section)
{
	char type[16], cls[16];

	r->template_failures = arena_zalloc(&gen->arena, (t->n_zones + 1) * sizeof(*r->template_failures));
	r->rr_failures = arena_zalloc(&gen->arena, (t->n_zones + 1) * sizeof(*r->rr_failures));
	if (!r->template_failures || !r->rr_failures)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_zones; i++) {
		const char *values[] = {NULL,
					t->zones[i].text,
					block_view(all->block),
					wire_class_text(t->qclass, cls),
					wire_type_text(t->qtype, type),
					section_text[section],
					r->text};

		r->template_failures[i] = block_series(gen, all->block, &template_failures_desc, values);
		r->rr_failures[i] = block_series(gen, all->block, &rr_failures_desc, values);
		if (!r->template_failures[i] || !r->rr_failures[i])
			return -ENOMEM;
	}
	return 0;
}

static int start_one(const struct templates *all, struct generation *gen, struct template *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < t->n_zones; i++)
		err = start_matches(all, gen, t, &t->zones[i]);
	for (int s = 0; s < 3; s++) {
		for (struct template_record *r = t->records[s]; !err && r; r = r->next)
			err = start_failures(all, gen, t, r, s);
	}
	return err;
}

int template_counters_start(struct templates *all, struct generation *gen)
{
	int err = 0;

	for (struct template *t = all->first; !err && t; t = t->next)
		err = start_one(all, gen, t);
	return err;
}

void template_count_match(const struct template_data *d)
{
	const struct wire_query *in = &d->q->in;

	block_count(d->q, d->zone->matches[class_place(d->t, in->qclass)][type_place(d->t, in->qtype)]);
}

void template_count_failure(const struct template_data *d, const struct template_record *r, bool rr)
{
	metric_id **series = rr ? r->rr_failures : r->template_failures;

	block_count(d->q, series[d->zone - d->t->zones]);
}
