// SPDX-License-Identifier: Apache-2.0
/* Search paths, seen from outside: a client asks for name.suffix, is denied, asks for name.another suffix, ... until one exists.
 *
 * Two names belong to one walk when the first was denied, the second came within three seconds from the same client,
 * both begin alike, and the rest of one is a parent of the other's (ns.svc.cluster.local, svc.cluster.local, the root);
 * or both begin with the same two labels, whatever follows. */
#include "base/clock.h"
#include "doctor/pcap_report.h"
#include "wire/name.h"

#include <string.h>

static const int64_t PAUSE_NS = 3 * (int64_t)NS_PER_S;

static bool is_denial(const struct exchange *e)
{
	return e->answer && (exchange_rcode(e) == RCODE_NXDOMAIN || exchange_nodata(e));
}

static bool is_good(const struct exchange *e)
{
	return e->answer && exchange_rcode(e) == RCODE_NOERROR && !exchange_nodata(e);
}

static void end(struct report *r, struct report_walk *k)
{
	char name[REPORT_NAME_TEXT_MAX];
	struct report_item *i;

	if (k->n_names >= 2) {
		r->walks_done++;
		r->walks_questions += k->n_questions;
		r->walks_names += k->worked;
		i = report_item(r, &r->walk_list, &k->server, 0,
				report_write_name(k->name, k->name_len, false, name));
		if (i) {
			i->n += k->n_questions;
			i->n_good += k->worked;
		}
	}
	k->n_names = 0;
}

void report_walk_finish(struct report *r)
{
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		end(r, &r->walks[i]);
}

static void begin(struct report_walk *k, const struct exchange *e)
{
	*k = (struct report_walk){.client = e->client, .server = e->server, .n_names = 1};
	k->client.port = 0;
}

static void set_name(struct report_walk *k, const struct exchange *e)
{
	k->name_len = e->name_len;
	memcpy(k->name, e->name, e->name_len);
	k->failed = is_denial(e);
	k->worked = is_good(e);
}

static bool follows(const uint8_t *old, const uint8_t *new)
{
	unsigned common = 0;

	while (*old && *old == *new &&memcmp(old, new, 1 + *old) == 0) {
		old += 1 + *old;
		new += 1 + *new;
		common++;
	}
	return common >= 2 || (common && (wire_name_in_zone(old, new) || wire_name_in_zone(new, old)));
}

void report_walk_add(struct report *r, const struct exchange *e)
{
	struct {
		uint8_t addr[16], label[1 + WIRE_LABEL_MAX];
	} key = {0};
	struct report_walk *k;

	if (!e->question_known || e->name_len < 2)
		return;
	memcpy(key.addr, e->client.addr, sizeof(key.addr));
	memcpy(key.label, e->name, 1 + (size_t)e->name[0]);
	k = &r->walks[hash_bytes(&r->key, &key, sizeof(key)) % REPORT_WALKS_MAX];
	bool going = k->n_names && capture_end_same_host(&k->client, &e->client) &&
		     e->asked.time_ns - k->last_ns < PAUSE_NS;
	if (going && wire_name_equal(k->name, e->name)) {
		k->worked |= is_good(e);
		k->failed = !k->worked && (k->failed || is_denial(e));
	} else if (going && k->failed && follows(k->name, e->name)) {
		k->n_names++;
		set_name(k, e);
	} else {
		end(r, k);
		begin(k, e);
		set_name(k, e);
	}
	k->n_questions++;
	k->last_ns = e->asked.time_ns;
}
