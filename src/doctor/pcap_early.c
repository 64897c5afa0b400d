// SPDX-License-Identifier: Apache-2.0
/* A denial that a cache keeps although the name has come to exist.
 *
 * NXDOMAIN of a cache is told by its SOA's TTL: it counts down with the clock, so that all such answers end at the same
 * moment; or it is shorter than another denial of the zone.  A fault is shown by
 *
 *   - an answer with records as soon as that moment has come: the name was made while it was denied (were it made
 *     afterwards, that would be in the time from then to the question: at most a quarter of the time it was seen denied);
 *   - records, before a denial of the same end, from a server behind the same address or from the one that denied it.
 *
 * Names that are denied anew after that come and go, or two upstreams do not agree: no matter of a cache. */
#include "base/clock.h"
#include "doctor/pcap_recall.h"

#include <string.h>

static const int64_t SECOND_NS = (int64_t)NS_PER_S;
/* TTLs are whole seconds, cut or rounded. */
static const int64_t SAME_END_NS = 3 * (int64_t)NS_PER_S / 2;
enum { DOWN_LEAST_S = 2 };

/* ---------------------------------------------------------------- zones */

/* The longest TTL of this zone's denials there, this one's included; 0: not known. */
static uint32_t zone_ttl_s(struct report *r, const struct exchange *e)
{
	const struct capture_detail *d = &e->answer->detail;
	const uint8_t *name = e->name + e->name_len - d->zone_len;
	struct report_memory *m = r->memory;
	struct report_zone *z = m->zones;

	if (!d->zone_len || d->zone_len > e->name_len)
		return 0;
	while (z < m->zones + m->n_zones &&
	       (z->name_len != d->zone_len || memcmp(z->name, name, z->name_len) ||
		!capture_end_equal(&z->server, recall_server(e))))
		z++;
	if (z == m->zones + RECALL_ZONES_MAX)
		return 0;
	if (z == m->zones + m->n_zones) {
		*z = (struct report_zone){.server = *recall_server(e), .name_len = d->zone_len};
		memcpy(z->name, name, z->name_len);
		m->n_zones++;
	}
	z->ttl_s = d->soa_ttl_s > z->ttl_s ? d->soa_ttl_s : z->ttl_s;
	return z->ttl_s;
}

/* ---------------------------------------------------------------- a denial */

/* The upstream that said the same because of the question; NULL: none was seen. */
static const struct capture_end *denied_by(const struct report_known *k)
{
	for (unsigned i = 0; i < k->n_caused; i++) {
		if (exchange_rcode(k->caused[i]) == RCODE_NXDOMAIN)
			return &k->caused[i]->server;
	}
	return NULL;
}

static bool is_kept(const struct recall_denial *d)
{
	return d->usual_ttl_s || (d->n >= 2 && d->first_ttl_s >= d->last_ttl_s + DOWN_LEAST_S);
}

static int64_t apart_ns(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void begin(struct report *r, struct recall_denial *d, const struct exchange *e,
		  const struct report_known *k)
{
	uint32_t ttl_s = e->answer->detail.soa_ttl_s, zone_s = zone_ttl_s(r, e);
	const struct capture_end *up = denied_by(k);
	bool again = d->comes_and_goes || d->ended.at.packet || d->exists.at.packet;
	bool old = zone_s >= ttl_s + DOWN_LEAST_S;

	*d = (struct recall_denial){
		.first = recall_seen(e),
		.last = recall_seen(e),
		.first_ttl_s = ttl_s,
		.last_ttl_s = ttl_s,
		.n = 1,
		.ends_ns = e->answer->at.time_ns + (int64_t)ttl_s * SECOND_NS,
		.usual_ttl_s = old ? zone_s : 0,
		.comes_and_goes = again,
	};
	if (up)
		d->upstream = *up;
}

void early_denied(struct report *r, const struct exchange *e, const struct report_known *k)
{
	uint32_t ttl_s = e->answer->detail.soa_ttl_s;
	int64_t ends_ns = e->answer->at.time_ns + (int64_t)ttl_s * SECOND_NS;
	struct recall_denial *d;

	/* Behind a CNAME the name's end was denied, and the CNAME has a TTL of its own. */
	if (!e->answer->has_soa || e->answer->n_records[1])
		return;
	d = &recall_take(r, e)->denial;
	if (!d->n || d->ended.at.packet || apart_ns(ends_ns, d->ends_ns) > SAME_END_NS) {
		begin(r, d, e, k);
		return;
	}
	d->n++;
	d->last = recall_seen(e);
	d->last_ttl_s = ttl_s;
	d->is_sign |= d->exists.at.packet && d->exists_surely && is_kept(d) && !d->comes_and_goes &&
		      d->exists.at.time_ns < e->asked.time_ns;
}

/* ---------------------------------------------------------------- records */

/* The upstream that said the same because of the question; NULL: none was seen. */
static const struct capture_end *found_at(const struct report_known *k)
{
	for (unsigned i = 0; i < k->n_caused; i++) {
		if (recall_is_good(k->caused[i]))
			return &k->caused[i]->server;
	}
	return NULL;
}

static bool is_behind(const struct report *r, const struct report_server *front, const struct capture_end *s)
{
	for (unsigned i = 0; i < front->n_behind; i++) {
		if (capture_end_equal(&r->servers[front->behind[i]].addr, s))
			return true;
	}
	return false;
}

/* Both stand behind one address, and so ought to say the same. */
static bool are_alike(const struct report *r, const struct capture_end *a, const struct capture_end *b)
{
	for (unsigned i = 0; i < r->n_servers; i++) {
		if (is_behind(r, &r->servers[i], a) && is_behind(r, &r->servers[i], b))
			return true;
	}
	return false;
}

/* Two upstreams that do not agree. */
static bool is_other(const struct recall_denial *d, const struct capture_end *up)
{
	return up && d->upstream.family && !capture_end_equal(up, &d->upstream);
}

/* Another server has records for what this one denied. */
static void exists_there(struct report *r, struct report_recall *i, const struct exchange *e,
			 const struct report_known *k)
{
	const struct report_recall *own = recall_find(r, e, recall_server(e));
	const struct capture_end *up = found_at(k);
	struct recall_denial *d = &i->denial;

	if (!d->n || d->ended.at.packet || e->answer->at.time_ns > d->ends_ns || d->exists_surely ||
	    is_other(d, up))
		return;
	if (!capture_end_equal(&d->upstream, recall_server(e)) && !are_alike(r, &i->server, recall_server(e)))
		return;
	d->exists = recall_seen(e);
	/* It is new where it was denied before, or comes from the upstream at this moment. */
	d->exists_surely = up || (own && own->denial.n);
}

/* This server has records for what it denied. */
static void exists_here(struct recall_denial *d, const struct exchange *e, const struct capture_end *up)
{
	int64_t after_ns = e->asked.time_ns - d->ends_ns;

	if (after_ns < -SAME_END_NS) {
		if (!d->exists.at.packet && !is_other(d, up)) {
			d->exists = recall_seen(
				e); /* another cache of its, or another server behind the address */
			d->exists_surely = up != NULL;
		}
		return;
	}
	d->ended = recall_seen(e);
	d->is_sign |= is_kept(d) && !d->comes_and_goes && !is_other(d, up) &&
		      ((d->exists.at.packet && d->exists.at.time_ns < d->last.at.time_ns) ||
		       (after_ns - SECOND_NS) * 4 <= d->ends_ns - d->first.at.time_ns);
}

void early_exists(struct report *r, const struct exchange *e, const struct report_known *k)
{
	struct report_recall *i = recall_find(r, e, recall_server(e));
	struct recall_denial *d = i ? &i->denial : NULL;

	recall_others(r, e, k, exists_there);
	if (d && d->n && !d->ended.at.packet)
		exists_here(d, e, found_at(k));
}

/* ---------------------------------------------------------------- the finding */

static const char *seconds(struct report *r, int64_t ns)
{
	return report_text(r, "%lld.%lld s", (long long)(ns / SECOND_NS),
			   (long long)(ns / (SECOND_NS / 10) % 10));
}

static const char *story(struct report *r, const struct report_recall *i)
{
	const struct recall_denial *d = &i->denial;
	const char *s =
		report_text(r, "%s: NXDOMAIN, to be kept %u s", recall_text(r, i, &d->first), d->first_ttl_s);

	if (d->usual_ttl_s)
		s = report_text(r, "%s; new denials of the zone are to be kept %u s: it comes from a cache",
				s, d->usual_ttl_s);
	if (d->exists.at.packet)
		s = report_text(r, "%s\n  meanwhile, %s: NOERROR, with records", s,
				recall_text(r, i, &d->exists));
	if (d->n >= 2)
		s = report_text(r,
				"%s\n  %s later, %s: NXDOMAIN, to be kept %u s: it comes from a cache (%u "
				"such answers)",
				s, seconds(r, d->last.at.time_ns - d->first.at.time_ns),
				recall_text(r, i, &d->last), d->last_ttl_s, d->n);
	if (d->ended.at.packet)
		s = report_text(r, "%s\n  when that has ended, %s after the first, %s: NOERROR, with records",
				s, seconds(r, d->ended.at.time_ns - d->first.at.time_ns),
				recall_text(r, i, &d->ended));
	return s;
}

void early_settle(struct report *r, const struct report_recall *i)
{
	static const struct capture_end nobody;
	const char **room;

	if (!i->denial.is_sign)
		return;
	room = report_sign(r, VERDICT_NXDOMAIN_CACHED_EARLY, SEVERITY_FAULT, &i->server, &nobody, false);
	if (room)
		*room = story(r, i);
}
