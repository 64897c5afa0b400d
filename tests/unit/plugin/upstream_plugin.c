// SPDX-License-Identifier: Apache-2.0
#include "upstream_plugin.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "wire/name.h"

#include <string.h>

const struct upstream_row *upstream_rows;
unsigned n_upstream_asked;

static int setup(struct setup *s, void *state)
{
	while (cf_directive(s->in))
		;
	return 0;
}

static const struct upstream_row *find(const struct query *q)
{
	uint8_t name[WIRE_NAME_MAX];

	for (const struct upstream_row *r = upstream_rows; r && r->name; r++) {
		if (wire_name_from_text(r->name, name) > 0 && wire_name_equal(name, q->in.qname) && r->type == q->in.qtype)
			return r;
	}
	return NULL;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct upstream_row *r = find(q);
	uint8_t target[WIRE_NAME_MAX], *copy;
	int len;

	n_upstream_asked++;
	if (!r)
		return query_fail(q, RCODE_NXDOMAIN, EDE_NONE, NULL, NULL);
	if (r->rcode)
		return query_fail(q, r->rcode, r->ede, "says the upstream", "it failed");
	reply_begin(q, RCODE_NOERROR, false);
	if (!r->to)
		return STEP_DONE; /* NODATA */
	len = r->cname ? wire_name_from_text(r->to, target) : r->type == TYPE_A ? 4 : 16;
	copy = arena_copy(&q->arena, r->cname ? target : (const uint8_t *)r->to, (size_t)len);
	if (!copy || reply_add(q, SECTION_ANSWER, NULL, r->cname ? TYPE_CNAME : r->type, 60, copy, (uint16_t)len))
		return query_fail(q, RCODE_SERVFAIL, EDE_NONE, NULL, NULL);
	q->reply.cut = r->cut;
	return STEP_DONE;
}

const struct plugin plugin_upstream = {.name = "upstream", .setup = setup, .query = query, .recursion = true};
