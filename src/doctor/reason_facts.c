// SPDX-License-Identifier: Apache-2.0
#include "doctor/reason.h"

#include "wire/name.h"

#include <errno.h>

static bool matches(const struct observation *o, const struct about *a)
{
	bool ordinary = o->tag <= TAG_LATER && !o->pair;

	return (a->server == ANY || o->server == a->server) && (a->tag ? o->tag == a->tag : ordinary) &&
	       (a->type == ANY || o->type == a->type) && (a->way == ANY || (int)o->way == a->way) &&
	       (a->bits == ANY || (int)o->bits == a->bits) && o->role != NAME_VERSION &&
	       (!a->name || wire_name_equal(o->name, a->name));
}

static void count(struct tries *t, const struct observation *o)
{
	/* A router on the way that knows no network like that says no more than that it is not reachable from here. */
	bool no_route = o->outcome == OUTCOME_NO_ROUTE ||
			(o->outcome == OUTCOME_UNREACHABLE && o->err == -ENETUNREACH);

	if (no_route || o->outcome == OUTCOME_NOT_SENT) {
		t->no_route += no_route;
		t->unsent += !no_route;
		return;
	}
	t->n++;
	t->answered += o->outcome == OUTCOME_ANSWERED;
	t->good += o->outcome == OUTCOME_ANSWERED &&
		   (o->reply.rcode == RCODE_NOERROR || o->reply.rcode == RCODE_NXDOMAIN);
	t->silent += o->outcome == OUTCOME_TIMEOUT;
	t->refused += o->outcome == OUTCOME_REFUSED_CONN;
	t->unreachable += o->outcome == OUTCOME_UNREACHABLE;
	t->closed += o->outcome == OUTCOME_CLOSED;
	t->wrong += o->outcome == OUTCOME_WRONG;
}

struct tries reason_tries(const struct reason *r, struct about a)
{
	struct tries t = {0};

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		if (!matches(&r->w->seen[i], &a))
			continue;
		count(&t, &r->w->seen[i]);
		if (t.n_seen < TRIES_KEPT)
			t.seen[t.n_seen++] = (int)i;
	}
	return t;
}

unsigned reason_lost(const struct tries *t)
{
	return t->silent + t->refused + t->unreachable + t->closed;
}

const struct observation *reason_at(const struct reason *r, int i)
{
	return &r->w->seen[i];
}

int reason_first(const struct reason *r, struct about a)
{
	for (unsigned i = 0; i < r->w->n_seen; i++) {
		if (r->w->seen[i].outcome == OUTCOME_ANSWERED && matches(&r->w->seen[i], &a))
			return (int)i;
	}
	return -1;
}

int reason_last(const struct reason *r, struct about a)
{
	for (unsigned i = r->w->n_seen; i-- > 0;) {
		if (r->w->seen[i].outcome == OUTCOME_ANSWERED && matches(&r->w->seen[i], &a))
			return (int)i;
	}
	return -1;
}

int reason_fullest(const struct reason *r, struct about a)
{
	int best = -1;

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];

		if (o->outcome == OUTCOME_ANSWERED && matches(o, &a) &&
		    (best < 0 || o->reply.n_wanted > r->w->seen[best].reply.n_wanted))
			best = (int)i;
	}
	return best;
}

/* ---------------------------------------------------------------- who stands where */

bool reason_asked(const struct reason *r, int s)
{
	return r->w->servers[s].same_as < 0 && r->w->servers[s].state == SERVER_ASKED;
}

bool reason_kind(const struct reason *r, int s, unsigned kinds)
{
	for (unsigned i = 0; i < r->w->n_servers; i++) {
		if (observe_asked_server(r->w, (int)i) == s && (kinds & 1u << r->w->servers[i].kind))
			return true;
	}
	return false;
}

bool reason_front(const struct reason *r, int s)
{
	return reason_asked(r, s) && reason_kind(r, s, KIND_FRONT);
}

static struct tries all_of(const struct reason *r, int s)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = ANY, .bits = ANY});
}

static struct tries plain_of(const struct reason *r, int s)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = WAY_UDP_PLAIN, .bits = 0});
}

bool reason_alive(const struct reason *r, int s)
{
	return all_of(r, s).answered > 0;
}

bool reason_dead(const struct reason *r, int s)
{
	struct tries t = all_of(r, s);

	return t.n >= TRIES_SURE && reason_lost(&t) == t.n;
}

bool reason_clean(const struct reason *r, int s)
{
	struct tries t = plain_of(r, s);

	return t.answered >= 3 && !reason_lost(&t);
}

struct tries reason_way(const struct reason *r, int s, enum ask_way way)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = way, .bits = ANY});
}

bool reason_all_lost(const struct tries *t)
{
	return t->n && reason_lost(t) == t->n;
}

bool reason_keeps(const struct tries *t)
{
	return t->answered && reason_lost(t) * (t->n < 10 ? 4 : 10) <= t->n;
}

bool reason_plain_well(const struct reason *r, int s)
{
	struct tries t = reason_way(r, s, WAY_UDP_PLAIN);

	return reason_asked(r, s) && reason_keeps(&t);
}

enum verdict_severity reason_severity(const struct reason *r, int s)
{
	if (reason_front(r, s))
		return SEVERITY_FAULT;
	for (int f = 0; f < (int)r->w->n_servers; f++) {
		for (enum ask_way way = WAY_UDP_512; way < WAY_N; way++) {
			struct tries t = reason_way(r, f, way);

			if (reason_front(r, f) && way != WAY_TCP && t.n - t.good > 1)
				return SEVERITY_FAULT;
		}
	}
	return SEVERITY_NOTE;
}

/* By the name that it answers itself: a loss of others may be its upstream's. */
bool reason_lossy(const struct reason *r, int s)
{
	struct tries t = reason_tries(
		r,
		(struct about){
			.server = s, .name = reason_small(r), .type = ANY, .way = WAY_UDP_PLAIN, .bits = 0});

	return t.answered && t.n >= 8 && reason_lost(&t) >= 2 && reason_lost(&t) * 5 >= t.n;
}

enum observed_software reason_software(const struct reason *r, int s)
{
	enum observed_software found = s < 0 ? SOFTWARE_UNKNOWN : r->w->servers[s].software;

	/* A service address speaks with its pods' voice. */
	for (unsigned i = 0; !found && i < r->w->n_servers; i++) {
		if (r->w->servers[i].kind == OBSERVED_POD &&
		    (s < 0 || reason_kind(r, s, KIND_SERVICE | KIND_RESOLVER)))
			found = r->w->servers[i].software;
	}
	if (found || (s >= 0 && !reason_kind(r, s, KIND_FRONT)))
		return found;
	if (r->w->corefile.origin == COREFILE_ADMIN)
		return SOFTWARE_BINNACLE;
	return r->w->corefile.origin == COREFILE_NONE ? SOFTWARE_UNKNOWN : SOFTWARE_COREDNS;
}

bool reason_edns(enum ask_way way)
{
	return way != WAY_UDP_PLAIN && way != WAY_TCP;
}

const uint8_t *reason_small(const struct reason *r)
{
	return r->w->control ? r->w->control : r->w->asked;
}

/* ---------------------------------------------------------------- names and where they go */

bool reason_in_cluster(const struct reason *r, const uint8_t *name)
{
	const struct observed_kube *k = &r->w->kube;

	if ((k->domain && wire_name_in_zone(name, k->domain)) ||
	    (k->target.applies && wire_name_equal(name, k->target.name)))
		return true;
	for (unsigned b = 0; b < r->w->corefile.n_blocks; b++) {
		const struct observed_block *block = &r->w->corefile.blocks[b];

		for (unsigned z = 0; z < block->n_kubernetes_zones; z++) {
			if (wire_name_in_zone(name, block->kubernetes_zones[z]))
				return true;
		}
	}
	return false;
}

const uint8_t *reason_outside(const struct reason *r)
{
	const struct observed_target *t = &r->w->kube.target;

	if (!reason_in_cluster(r, r->w->asked))
		return r->w->asked;
	if (t->applies && t->external_name && !reason_in_cluster(r, t->external_name))
		return t->external_name;
	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];

		if (o->outcome == OUTCOME_ANSWERED && o->reply.target &&
		    wire_name_equal(o->name, r->w->asked) && reason_front(r, o->server) &&
		    !reason_in_cluster(r, o->reply.target))
			return o->reply.target;
	}
	return NULL;
}

static void add_upstream(const struct reason *r, int s, int out[UPSTREAMS_MAX], unsigned *n)
{
	int asked = observe_asked_server(r->w, s);

	for (unsigned i = 0; i < *n; i++) {
		if (out[i] == asked)
			return;
	}
	if (*n < UPSTREAMS_MAX)
		out[(*n)++] = asked;
}

static bool in_some_forward(const struct reason *r, int s)
{
	for (unsigned b = 0; b < r->w->corefile.n_blocks; b++) {
		const struct observed_block *block = &r->w->corefile.blocks[b];

		for (unsigned f = 0; f < block->n_forwards; f++) {
			for (unsigned u = 0; u < block->forwards[f].n_upstreams; u++) {
				if (block->forwards[f].upstreams[u] == s)
					return true;
			}
		}
	}
	return false;
}

unsigned reason_upstreams(const struct reason *r, const uint8_t *name, int out[UPSTREAMS_MAX])
{
	const struct observed_forward *f = observe_forward_of(r->w, name);
	unsigned n = 0;

	if (r->w->corefile.n_blocks && !f)
		return 0;
	for (unsigned u = 0; f && u < f->n_upstreams; u++)
		add_upstream(r, f->upstreams[u], out, &n);
	/* Given by hand: without a Corefile, or for the file that stands in its line. */
	for (unsigned s = 0; (!f || f->resolv_conf) && s < r->w->n_servers; s++) {
		if (r->w->servers[s].kind == OBSERVED_UPSTREAM && !in_some_forward(r, (int)s))
			add_upstream(r, (int)s, out, &n);
	}
	return n;
}
