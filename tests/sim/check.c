// SPDX-License-Identifier: Apache-2.0
/* Is an answer right?  What it holds must be explained by what upstreams have delivered, under a
 * configuration that may have answered it. */
#include "client.h"
#include "config.h"
#include "hostfile.h"
#include "site.h"
#include "wire/name.h"
#include "wire/wire.h"
#include "world.h"

#include <string.h>

enum {
	CAP = 4096, /* of UDP answers, whatever the client says */
	SETTLED_S = 10, /* what upstreams did before that is forgotten by health checks */
	PROMPT_MS = 800, /* with all upstreams perfect */
	LIFE_MS = 4500, /* of a query */
	QUERY_MS = 10000, /* of what it leaves behind, too */
	UNKNOWN_TTL_S = 5, /* for which the cache keeps an answer with nothing in it */
	OPT_SIZE = 11,
	EDE_SIZE = 6,
	CACHED_MS = 50, /* nothing to wait for but a turn, and TCP for a late segment */
	VERIFY_MS = 1800 + 50, /* RFC 8767 5 */
};

/* ---------------------------------------------------------------- reading */

struct seen {
	uint16_t flags;
	unsigned rcode, chain, n;
	size_t len;
	bool has_opt, soa, rrsig, mixed;
	int group, version, ede;
	uint32_t ttl_s, chain_ttl_s, soa_ttl_s; /* UINT32_MAX: no such record */
	bool has[256];
};

static void take_mark(struct seen *s, int group, int version)
{
	if (s->group != -1 && (s->group != group || s->version != version))
		s->mixed = true;
	s->group = group;
	s->version = version;
}

/* A final record's mark: whose, which, when. */
static const char *take_final(const struct question *q, struct seen *s, const uint8_t *rd, size_t len)
{
	if (q->qtype == TYPE_TXT) {
		rd++;
		len--;
	}
	if (len < 4)
		return "a record without its mark";
	if (rd[0] == TRUTH_EVIL)
		return "a forger's record";
	if (rd[1] != q->truth->index)
		return "another name's record";
	if (s->has[rd[3]])
		return "a record twice";
	s->has[rd[3]] = true;
	take_mark(s, rd[0] - TRUTH_GROUP_BASE, rd[2]);
	s->n++;
	return NULL;
}

static const char *take_soa(const struct question *q, struct seen *s, const uint8_t *rd, size_t len)
{
	uint32_t serial;

	if (len < 20)
		return "a short SOA";
	serial = wire_u32(rd + len - 20);
	if ((serial >> 16 & 255) != q->truth->index)
		return "another name's SOA";
	s->soa = true;
	take_mark(s, (int)(serial >> 24), (int)(serial & 255));
	return NULL;
}

/* What is the next name of the chain, and is this record its? */
static const char *take_record(const struct question *q, struct seen *s, const uint8_t *owner, uint16_t type,
			       uint32_t ttl_s, const uint8_t *msg, size_t len, size_t rd_off, size_t rdlen)
{
	uint8_t name[WIRE_NAME_MAX], target[WIRE_NAME_MAX];

	truth_chain_name(q->truth, s->chain, name);
	if (type == TYPE_SOA) {
		s->soa_ttl_s = ttl_s;
		return take_soa(q, s, msg + rd_off, rdlen);
	}
	if (!wire_name_equal(owner, name))
		return "a record of a name that is not asked about";
	if (type == TYPE_CNAME) {
		if (s->n || wire_name_read(msg, len, &rd_off, target) < 0)
			return "a CNAME at the wrong place";
		s->chain++;
		s->chain_ttl_s = ttl_s;
		truth_chain_name(q->truth, s->chain, name);
		return wire_name_equal(target, name) ? NULL : "a CNAME to another name";
	}
	s->ttl_s = ttl_s;
	if (type == TYPE_RRSIG && q->do_bit && s->n && !s->rrsig) {
		s->rrsig = true;
		return NULL;
	}
	return type == q->qtype ? take_final(q, s, msg + rd_off, rdlen) : "a record of another type";
}

static void take_opt(struct seen *s, uint32_t ttl, const uint8_t *rd, size_t len)
{
	s->has_opt = true;
	s->rcode |= ttl >> 24 << 4;
	if (len >= 6 && wire_u16(rd) == OPTION_EDE)
		s->ede = wire_u16(rd + 4);
}

/* NULL, or what is wrong with its form. */
static const char *read_answer(const struct question *q, const uint8_t *msg, size_t len, struct seen *s)
{
	size_t off = WIRE_HEADER_LEN + (size_t)q->bytes_len;
	unsigned n;

	*s = (struct seen){.group = -1, .version = -1, .ede = -1, .len = len};
	s->ttl_s = s->chain_ttl_s = s->soa_ttl_s = UINT32_MAX;
	if (len < off || wire_u16(msg + 4) != 1)
		return "too short for the question";
	s->flags = wire_u16(msg + 2);
	s->rcode = s->flags & FLAG_RCODE;
	if (wire_u16(msg) != q->id)
		return "wrong id";
	if (memcmp(msg + WIRE_HEADER_LEN, q->bytes, q->bytes_len) != 0)
		return "not the question's own bytes";
	n = (unsigned)wire_u16(msg + 6) + wire_u16(msg + 8) + wire_u16(msg + 10);
	for (unsigned i = 0; i < n; i++) {
		uint8_t owner[WIRE_NAME_MAX];
		const char *why = NULL;
		uint16_t type, rdlen;
		uint32_t ttl_s;

		if (wire_name_read(msg, len, &off, owner) < 0 || off + 10 > len)
			return "a broken record";
		type = wire_u16(msg + off);
		ttl_s = wire_u32(msg + off + 4);
		rdlen = wire_u16(msg + off + 8);
		off += 10;
		if (off + rdlen > len)
			return "a broken record";
		if (type == TYPE_OPT)
			take_opt(s, ttl_s, msg + off, rdlen);
		else
			why = take_record(q, s, owner, type, ttl_s, msg, len, off, rdlen);
		if (why)
			return why;
		off += rdlen;
	}
	return off == len ? NULL : "bytes behind its end";
}

/* ---------------------------------------------------------------- what all answers must be */

static size_t limit_of(const struct question *q, const struct config *c)
{
	size_t limit = WIRE_UDP_MIN, cap = c->bufsize ? c->bufsize : CAP;

	if (q->tcp)
		return WIRE_MSG_MAX;
	if (cap > CAP)
		cap = CAP;
	if (q->edns && q->size > limit)
		limit = q->size;
	return limit < cap ? limit : cap;
}

/* A name of the hosts file that has no address of this kind: there is no SOA that could say so. */
static bool is_empty(const struct seen *s)
{
	return s->rcode == RCODE_NOERROR && !(s->flags & FLAG_TC) && !s->chain && !s->n && !s->soa;
}

static const char *header_wrong(const struct question *q, const struct seen *s)
{
	if (!(s->flags & FLAG_QR) || (s->flags & FLAG_OPCODE))
		return "no answer by its header";
	if (!(s->flags & FLAG_RD) != !q->rd)
		return "RD is not the question's";
	if (!(s->flags & FLAG_RA) && s->rcode != RCODE_REFUSED && s->group != HOSTFILE_GROUP && !is_empty(s))
		return "no RA";
	if (s->has_opt != q->edns)
		return q->edns ? "no OPT" : "an OPT for one who sent none";
	if (s->mixed)
		return "records of two answers";
	if ((s->flags & FLAG_TC) && q->tcp)
		return "TC over TCP";
	return NULL;
}

/* All that it asks, also by `next`. */
static bool all_perfect(const struct config *c, uint64_t since_ns)
{
	return site_all_perfect(c->group, since_ns) && (!c->next || site_all_perfect(!c->group, since_ns));
}

/* ---------------------------------------------------------------- whole answers */

static uint32_t life_s(const struct question *q, const struct config *c)
{
	uint32_t ttl_s = truth_ttl_s(q->truth, q->qtype);

	if (!truth_n(q->truth, q->qtype) && ttl_s > 1800)
		ttl_s = 1800;
	return ttl_s < c->max_ttl_s ? ttl_s : c->max_ttl_s;
}

static uint32_t lowest_ttl(const struct seen *s)
{
	uint32_t ttl_s = s->ttl_s < s->chain_ttl_s ? s->ttl_s : s->chain_ttl_s;

	return ttl_s < s->soa_ttl_s ? ttl_s : s->soa_ttl_s;
}

/* As it was delivered, without a cache between. */
static bool ttls_untouched(const struct question *q, const struct seen *s)
{
	return (s->ttl_s == UINT32_MAX || s->ttl_s == q->truth->ttl_s) &&
	       (s->chain_ttl_s == UINT32_MAX || s->chain_ttl_s == q->truth->chain_ttl_s) &&
	       (s->soa_ttl_s == UINT32_MAX || s->soa_ttl_s == q->truth->ttl_s);
}

/* By EDE, to those who can hear it, where records leave room for it. */
static bool says_stale(const struct question *q, const struct config *c, const struct seen *s)
{
	return !q->edns || s->ede == EDE_STALE_ANSWER || s->ede == EDE_STALE_NXDOMAIN ||
	       s->len + EDE_SIZE > limit_of(q, c);
}

/* CNAMEs make a success of it, as the class goes, or a denial, as the records go. */
static bool may_be_kept(const struct question *q, const struct config *c)
{
	bool some = truth_n(q->truth, q->qtype);

	if (!c->cache)
		return false;
	return some ? !c->no_success : q->truth->chain ? true : !c->no_denial;
}

static bool must_be_kept(const struct question *q, const struct config *c)
{
	return c->cache && (q->truth->chain ? !c->no_success && !c->no_denial : may_be_kept(q, c));
}

static bool fresh_enough(const struct question *q, const struct config *c, const struct seen *s,
			 const struct delivery *d)
{
	int64_t age_s = (int64_t)((world.now_ns - d->at_ns) / NS_PER_S), left = life_s(q, c) - age_s;
	int64_t ttl_s = lowest_ttl(s);

	/* The cache's limits are for what it does not keep too. */
	if (!must_be_kept(q, c) && d->at_ns >= q->sent_ns[0])
		return c->cache ? ttl_s == (int64_t)life_s(q, c) : ttls_untouched(q, s);
	if (!may_be_kept(q, c) || d->at_ns < truth_forgotten_ns(q->truth, q->sent_ns[0]))
		return false;
	if (c->keepttl && left >= 0 && ttl_s == (int64_t)life_s(q, c))
		return true;
	if (!c->keepttl && ttl_s >= left - 2 && ttl_s <= left + 1 && left >= 0)
		return true;
	return c->stale_s && ttl_s == (c->keepttl ? (int64_t)life_s(q, c) : 0) && age_s <= (int64_t)life_s(q, c) + c->stale_s + 1 &&
	       says_stale(q, c, s);
}

/* With DO, what was got without EDNS is for those who wait, and not kept. */
static bool signed_alike(const struct question *q, const struct seen *s, const struct delivery *d)
{
	if (!q->do_bit)
		return true;
	if (d->plain && d->at_ns < q->sent_ns[0])
		return false;
	return s->flags & FLAG_TC || d->is_signed == s->rrsig;
}

/* When it was asked for, the hosts file did not have the name. */
static bool passed_hosts(const struct question *q, const struct config *c, const struct delivery *d)
{
	return !c->hosts || hostfile_lacked(c, q->truth, d->at_ns - QUERY_MS * NS_PER_MS, d->at_ns);
}

static bool explained(const struct question *q, const struct config *c, const struct seen *s)
{
	for (const struct delivery *d = q->truth->deliveries; d; d = d->next) {
		if (d->kind == DELIVERED_WHOLE && d->qtype == q->qtype && config_asks(c, d->group) &&
		    d->group == s->group && d->version == s->version && signed_alike(q, s, d) &&
		    passed_hosts(q, c, d) && fresh_enough(q, c, s, d))
			return true;
	}
	return false;
}

static const char *whole_wrong(const struct question *q, const struct config *c, const struct seen *s)
{
	unsigned n = truth_n(q->truth, q->qtype);

	if (s->chain != q->truth->chain)
		return "the chain is not whole, and no TC";
	if (s->n != n)
		return "the records are not whole, and no TC";
	if (!n && !s->soa)
		return "a denial without SOA";
	if (s->rcode != (q->truth->kind == TRUTH_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR))
		return "wrong rcode";
	return explained(q, c, s) ? NULL : "no upstream has delivered it in time";
}

/* ---------------------------------------------------------------- the hosts file */

static uint32_t hosts_life_s(const struct config *c)
{
	return c->cache && c->max_ttl_s < c->hosts_ttl_s ? c->max_ttl_s : c->hosts_ttl_s;
}

/* Worlds may be younger than that. */
static uint64_t seconds_ago(uint32_t s)
{
	return world.now_ns > s * NS_PER_S ? world.now_ns - s * NS_PER_S : 0;
}

/* Was this state the file's then, and not forgotten since? */
static bool hosts_ago(const struct question *q, const struct config *c, unsigned state, uint32_t oldest_s,
		      uint32_t newest_s)
{
	uint64_t forgotten = truth_forgotten_ns(q->truth, q->sent_ns[0]);
	uint64_t from = seconds_ago(oldest_s), to = seconds_ago(newest_s);

	return to >= forgotten && hostfile_served(c, state, from > forgotten ? from : forgotten, to);
}

static bool hosts_in_time(const struct question *q, const struct config *c, const struct seen *s)
{
	uint32_t life = hosts_life_s(c), v = (uint32_t)s->version, age = life - s->ttl_s;

	if (s->ttl_s == life && hostfile_served(c, v, q->sent_ns[0], world.now_ns))
		return true;
	if (!c->cache || c->no_success || s->ttl_s > life)
		return false;
	if (c->keepttl && s->ttl_s == life && hosts_ago(q, c, v, life + 1, 0))
		return true;
	if (!c->keepttl && hosts_ago(q, c, v, age + 2, age > 2 ? age - 2 : 0))
		return true;
	return c->stale_s && s->ttl_s == (c->keepttl ? life : 0) && says_stale(q, c, s) &&
	       hosts_ago(q, c, v, life + c->stale_s + 1, life - 1);
}

static const char *hosts_wrong(const struct question *q, const struct config *c, const struct seen *s)
{
	if (!c->hosts)
		return "of a hosts file that this configuration does not have";
	if (s->flags & FLAG_TC || s->rcode != RCODE_NOERROR || s->chain || s->soa)
		return "not what a hosts file says";
	if (s->n != hostfile_count((unsigned)s->version, q->truth))
		return "not the addresses of one state of the hosts file";
	return hosts_in_time(q, c, s) ? NULL : "not of this state of the hosts file";
}

static const char *empty_wrong(const struct question *q, const struct config *c)
{
	uint64_t since = q->sent_ns[0];

	if (c->cache)
		since = seconds_ago(UNKNOWN_TTL_S + 1 + c->stale_s);
	if (!c->hosts || q->qtype == TYPE_A)
		return "nothing in it";
	return hostfile_had(c, q->truth, since, world.now_ns) ? NULL : "nothing in it, and not in the hosts file";
}

/* Without a cache before it, what the file has comes from there, and at once. */
static const char *past_hosts(const struct question *q, const struct config *c, const struct seen *s)
{
	uint64_t waited = world.now_ns - q->sent_ns[q->n_sent - 1];

	if (!c->hosts || c->cache || world.tight || hostfile_lacked(c, q->truth, q->sent_ns[0], world.now_ns))
		return NULL;
	if (s->group != HOSTFILE_GROUP && !is_empty(s))
		return "the hosts file has the name, and is not asked";
	return waited > CACHED_MS * NS_PER_MS ? "late, and the hosts file has the name" : NULL;
}

/* Who has seen a state sees no older one afterwards. */
static const char *back_in_time(const struct question *q, const struct seen *s)
{
	if (n_configs > 1 || configs[0].cache)
		return NULL;
	for (unsigned i = 0; i < n_questions; i++) {
		const struct question *p = &questions[i];

		if (p->hosts_state > (unsigned)s->version + 1 && p->answered_ns < q->sent_ns[0])
			return "an older state of the hosts file after a newer one";
	}
	return NULL;
}

/* ---------------------------------------------------------------- cut answers */

static bool delivered(const struct question *q, const struct config *c, enum delivery_kind kind,
		      uint64_t since_ns)
{
	for (const struct delivery *d = q->truth->deliveries; d && d->at_ns >= since_ns; d = d->next) {
		if (d->kind == kind && d->qtype == q->qtype && config_asks(c, d->group))
			return true;
	}
	return false;
}

static uint64_t before(const struct question *q, uint64_t ms)
{
	return q->sent_ns[0] - ms * NS_PER_MS;
}

static const char *cut_wrong(const struct question *q, const struct config *c, const struct seen *s)
{
	size_t whole = truth_size(q->truth, q->qtype, q->do_bit) + (q->edns ? OPT_SIZE : 0);
	bool too_large = whole > limit_of(q, c);
	bool cut_upstream = delivered(q, c, DELIVERED_CUT, before(q, LIFE_MS));

	if (s->n && s->chain != q->truth->chain)
		return "records without their chain";
	if (s->rrsig && s->n != truth_n(q->truth, q->qtype))
		return "a signature over what was cut";
	if (!too_large && !cut_upstream)
		return "TC, and it would fit";
	if (c->passthrough && cut_upstream)
		return NULL;
	/* That TCP did not work once is remembered for minutes. */
	if (!too_large && !c->pace && all_perfect(c, world.begin_ns))
		return "TC, and all upstreams have TCP";
	if (too_large && s->n && s->n < truth_n(q->truth, q->qtype) && !cut_upstream && s->ede == -1 &&
	    s->len + (q->qtype == TYPE_TXT ? 200 : 16) <= limit_of(q, c))
		return "TC, and one more record would fit";
	if (too_large && !s->n && !cut_upstream && truth_n(q->truth, q->qtype))
		return "TC without a record";
	if (s->group != -1 && !cut_upstream && !explained(q, c, s))
		return "no upstream has delivered it in time";
	return NULL;
}

/* ---------------------------------------------------------------- failures */

static const char *failure_wrong(const struct question *q, const struct config *c)
{
	uint64_t settled = before(q, SETTLED_S * 1000);

	if (world.tight || c->pace)
		return NULL;
	/* What CoreDNS would have passed on has no place on a stream. */
	if (q->tcp && c->passthrough && delivered(q, c, DELIVERED_CUT, before(q, LIFE_MS)))
		return NULL;
	/* That TCP did not work once is remembered for minutes; over a stream there is no TC. */
	if (q->tcp && delivered(q, c, DELIVERED_CUT, before(q, LIFE_MS)) &&
	    !all_perfect(c, world.begin_ns))
		return NULL;
	if (all_perfect(c, settled))
		return "SERVFAIL, and all upstreams are perfect";
	if (delivered(q, c, DELIVERED_FAILURE, before(q, (c->servfail_s + 6) * 1000)) && !c->failover)
		return NULL;
	if (!c->next && site_one_perfect(c->group, settled))
		return "SERVFAIL, and one upstream is perfect";
	return NULL;
}

static const char *refusal_wrong(const struct config *c)
{
	if (!c->max_concurrent)
		return "REFUSED";
	if (client_open() <= c->max_concurrent && !c->prefetch && !c->stale_s)
		return "REFUSED, and fewer wait than may";
	return NULL;
}

/* ---------------------------------------------------------------- what must be quick */

static bool same_key(const struct question *a, const struct question *b)
{
	return a->truth == b->truth &&
	       truth_key(a->qtype, a->do_bit, a->rd, a->cd) == truth_key(b->qtype, b->do_bit, b->rd, b->cd);
}

/* An earlier answer is in the cache, under the same configuration: nobody waits longer than for it. */
static const char *late_for_cached(const struct question *q)
{
	const struct config *c = &configs[n_configs - 1];
	uint64_t sent = q->sent_ns[q->n_sent - 1], waited = world.now_ns - sent;

	if (!must_be_kept(q, c) || !c->done_ns || waited <= CACHED_MS * NS_PER_MS || q->do_bit || !q->rd ||
	    q->second_port || q->n_sent > 1 || world.tight)
		return NULL;
	for (unsigned i = 0; i < n_questions; i++) {
		const struct question *p = &questions[i];

		if (!p->whole || p->second_port || !same_key(p, q) || p->sent_ns[0] < c->done_ns ||
		    p->answered_ns >= sent || p->sent_ns[0] <= truth_forgotten_ns(q->truth, world.now_ns) || c->keepttl)
			continue;
		/* TTLs are rounded up, and the question takes its way. */
		if (p->answered_ns + p->ttl_s * NS_PER_S > sent + NS_PER_S + 100 * NS_PER_MS)
			return "late, and it was in the cache";
		if (c->stale_s && (!c->verify || waited > VERIFY_MS * NS_PER_MS))
			return "late, and there was a stale answer";
	}
	return NULL;
}

/* ---------------------------------------------------------------- the whole */

static const char *wrong_under(const struct question *q, const struct config *c, const struct seen *s)
{
	uint64_t waited = world.now_ns - q->sent_ns[q->n_sent - 1];

	const char *why = past_hosts(q, c, s);

	if (why)
		return why;
	if (s->len > limit_of(q, c))
		return "longer than the client takes";
	if (s->group == HOSTFILE_GROUP)
		return hosts_wrong(q, c, s);
	if (is_empty(s))
		return empty_wrong(q, c);
	if (waited > PROMPT_MS * NS_PER_MS && !c->pace &&
	    all_perfect(c, before(q, SETTLED_S * 1000)))
		return "late, and all upstreams are perfect";
	if (s->rcode == RCODE_SERVFAIL)
		return failure_wrong(q, c);
	if (s->rcode == RCODE_REFUSED)
		return refusal_wrong(c);
	if (s->flags & FLAG_TC)
		return cut_wrong(q, c, s);
	return whole_wrong(q, c, s);
}

void check_answer(struct question *q, const uint8_t *msg, size_t len)
{
	struct seen s;
	const char *why = read_answer(q, msg, len, &s);

	if (!why)
		why = header_wrong(q, &s);
	if (!why)
		why = late_for_cached(q);
	if (!why && s.group == HOSTFILE_GROUP)
		why = back_in_time(q, &s);
	if (why) {
		world_wrong("question %u: %s", q->number, why);
		return;
	}
	q->whole = (s.rcode == RCODE_NOERROR || s.rcode == RCODE_NXDOMAIN) && !(s.flags & FLAG_TC) &&
		   s.group != HOSTFILE_GROUP && !is_empty(&s);
	q->hosts_state = s.group == HOSTFILE_GROUP ? (unsigned)s.version + 1 : 0;
	q->ttl_s = lowest_ttl(&s);
	/* Any configuration that may have been its. */
	for (unsigned i = 0; i < n_configs; i++) {
		bool replaced =
			i + 1 < n_configs && configs[i + 1].done_ns && configs[i + 1].done_ns < q->sent_ns[0];

		/* A port that is given up is served to its end by the configuration that had it. */
		if (replaced &&
		    !(q->second_port && config_second_port_closed(q->connected_ns, q->sent_ns[0])))
			continue;
		why = wrong_under(q, &configs[i], &s);
		if (!why)
			return;
	}
	world_wrong("question %u: %s (rcode %u, group %d, version %d, %u of %u records, TTL %u)", q->number,
		    why, s.rcode, s.group, s.version, s.n, truth_n(q->truth, q->qtype), lowest_ttl(&s));
}
