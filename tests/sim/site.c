// SPDX-License-Identifier: Apache-2.0
#include "site.h"

#include "config.h"
#include "door.h"
#include "hostfile.h"
#include "truth.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COOKIE_OPTION = 4 + 8 + 8 }; /* the client's half, and the server's */
enum { MESSAGE_MAX = 65535, PIECE = 700, OPT_MAX = 11 + COOKIE_OPTION, FORGED_MAX = 12, PACED_MAX = 64, QUERY_S = 10 };

struct site sites[SITES_MAX];
unsigned n_sites;

/* ---------------------------------------------------------------- what leaves for them */

static struct {
	uint64_t at_ns[PACED_MAX];
	unsigned n;
} sent;

void site_paced(void)
{
	const struct config *c = &configs[0];
	uint64_t *place = &sent.at_ns[sent.n++ % PACED_MAX];

	*place = world.now_ns;
	if (n_configs != 1 || !c->pace || c->next || sent.n <= c->pace)
		return;
	place = &sent.at_ns[(sent.n - 1 - c->pace) % PACED_MAX];
	if (world.now_ns - *place < NS_PER_S)
		world_wrong("%u datagrams leave within %.3f s", c->pace + 1,
			    (double)(world.now_ns - *place) / 1e9);
}

/* ---------------------------------------------------------------- moods */

static void one_fault(struct mood *m)
{
	switch (world_below(14)) {
	case 0:
		m->udp = UDP_SILENT;
		m->tcp = world_percent(50) ? TCP_BLACKHOLE : TCP_FINE;
		break;
	case 1:
		m->udp = UDP_REFUSED;
		m->tcp = TCP_REFUSED;
		break;
	case 2:
	case 3:
		m->edns = (enum edns_mood)(1 + world_below(5));
		break;
	case 4:
	case 5:
	case 6:
		m->tcp = (enum tcp_mood)(1 + world_below(7));
		m->closes_after = 1 + world_below(4);
		m->always_cut = world_percent(50);
		break;
	case 7:
		m->always_cut = true;
		break;
	case 8:
		m->loss = (uint8_t)(1 + world_below(60));
		break;
	case 9:
		m->slow = (uint8_t)(5 + world_below(90));
		break;
	case 10:
		m->servfail = (uint8_t)(5 + world_below(95));
		break;
	case 11:
		m->lowers = true;
		break;
	case 12:
		m->broken = (uint8_t)(5 + world_below(95));
		break;
	default:
		m->forged = (uint8_t)(20 + world_below(80));
		break;
	}
}

void site_change_mood(struct site *s, unsigned trouble)
{
	struct mood m = {.cut_style = (enum cut_style)world_below(3), .doubled = world_percent(30) ? 20 : 0};

	m.cookies = world_percent(50);
	m.strict = m.cookies && world_percent(30);
	s->perfect = !world_percent(trouble);
	if (!s->perfect)
		one_fault(&m);
	if (!s->perfect && world_percent(25))
		one_fault(&m);
	s->mood = m;
	s->since_ns = world.now_ns;
	world_tell("site %u %s: udp %d edns %d tcp %d%s loss %u slow %u servfail %u broken %u forged %u",
		   s->index, s->text, m.udp, m.edns, m.tcp, m.always_cut ? " cuts" : "", m.loss, m.slow,
		   m.servfail, m.broken, m.forged);
}

void site_draw(unsigned n, uint8_t group, unsigned trouble)
{
	sent.n = 0;
	for (; n && n_sites < SITES_MAX; n--) {
		struct site *s = &sites[n_sites];

		*s = (struct site){.index = n_sites++, .group = group};
		snprintf(s->text, sizeof(s->text), "192.0.2.%u", 10 + s->index);
		if (net_addr_parse(s->text, 53, &s->addr))
			abort();
		s->rtt_ns = world_between(100 * NS_PER_US, 40 * NS_PER_MS);
		s->jitter_ns = world_percent(30) ? s->rtt_ns : s->rtt_ns / 10;
		site_change_mood(s, trouble);
		s->since_ns = 0;
	}
}

bool site_all_perfect(uint8_t group, uint64_t since_ns)
{
	for (unsigned i = 0; i < n_sites; i++) {
		if (sites[i].group == group && (!sites[i].perfect || sites[i].since_ns > since_ns))
			return false;
	}
	return true;
}

bool site_one_perfect(uint8_t group, uint64_t since_ns)
{
	unsigned n = 0, bad = 0;

	for (unsigned i = 0; i < n_sites; i++) {
		if (sites[i].group != group)
			continue;
		n++;
		bad += !sites[i].perfect || sites[i].since_ns > since_ns;
	}
	return n > bad && bad <= 1;
}

struct site *site_at(const struct net_addr *a)
{
	for (unsigned i = 0; i < n_sites; i++) {
		if (net_addr_equal(&sites[i].addr, a))
			return &sites[i];
	}
	return NULL;
}

/* One way. */
uint64_t site_delay_ns(struct site *s)
{
	return s->rtt_ns / 2 + world_between(0, s->jitter_ns / 2);
}

/* ---------------------------------------------------------------- a question that was heard */

struct site_conn {
	struct sim_end *end;
	struct site *site;
	unsigned n;
	uint8_t in[4096];
	size_t len;
};

struct heard {
	struct site *site;
	struct udp_client *udp;
	struct site_conn *conn; /* over TCP */
	uint16_t id, flags, qtype, question_len, size;
	uint8_t question[WIRE_NAME_MAX + 4];
	bool edns, do_bit, has_cookie, has_server_cookie;
	uint8_t cookie[8]; /* the client's */
	struct truth *truth; /* NULL: a probe */
};

/* The server sends one of its own options at most, and clients of this world none. */
static void hear_cookie(struct heard *h, const uint8_t *options, size_t len)
{
	h->has_cookie = len >= 12 && wire_u16(options) == OPTION_COOKIE && h->site->mood.cookies;
	if (!h->has_cookie)
		return;
	memcpy(h->cookie, options + 4, sizeof(h->cookie));
	h->has_server_cookie = len == COOKIE_OPTION && wire_u16(options + 2) == COOKIE_OPTION - 4;
}

static bool hear(struct heard *h, const uint8_t *msg, size_t len)
{
	const uint8_t *q = msg + WIRE_HEADER_LEN, *opt;
	size_t name_len;

	if (len < WIRE_HEADER_LEN + 5 || wire_u16(msg + 4) != 1)
		return false;
	name_len = wire_name_len(q);
	h->id = wire_u16(msg);
	h->flags = wire_u16(msg + 2);
	h->question_len = (uint16_t)(name_len + 4);
	memcpy(h->question, q, h->question_len);
	h->qtype = wire_u16(q + name_len);
	h->truth = truth_find(q, name_len);
	h->edns = wire_u16(msg + 10) == 1;
	h->size = WIRE_UDP_MIN;
	if (h->site->mood.lowers)
		wire_name_lower(h->question, h->question, name_len);
	opt = q + h->question_len;
	if (h->edns) {
		h->size = wire_u16(opt + 3);
		h->do_bit = opt[7] & 0x80;
		hear_cookie(h, opt + 11, wire_u16(opt + 9));
	}
	return h->truth || name_len == 1;
}

static unsigned key_of(const struct heard *h)
{
	return truth_key(h->qtype, h->do_bit, h->flags & FLAG_RD, h->flags & FLAG_CD);
}

struct arrived {
	struct truth *truth;
	unsigned key;
	struct delivery d;
};

static void arrived(void *arg)
{
	const struct arrived *a = arg;

	world_tell("  %s n%u %s version %u of site %u arrives", a->d.qtype == TYPE_A ? "A" : "other",
		   a->truth->index,
		   a->d.kind == DELIVERED_WHOLE ? "whole"
		   : a->d.kind == DELIVERED_CUT ? "cut"
						: "failure",
		   a->d.version, a->d.site);
	if (a->truth->asked[a->key])
		a->truth->asked[a->key]--;
	truth_delivered(a->truth, &a->d);
}

/* ---------------------------------------------------------------- sending */

static uint64_t answer_delay(const struct heard *h)
{
	uint64_t delay = site_delay_ns(h->site);

	if (world_percent(h->site->mood.slow))
		delay += world_between(300 * NS_PER_MS, 4000 * NS_PER_MS);
	if (h->conn && h->site->mood.tcp == TCP_SLOW)
		delay += world_between(200 * NS_PER_MS, 4000 * NS_PER_MS);
	return delay;
}

static void send_stream(const struct heard *h, const uint8_t *msg, size_t len, uint64_t delay,
			struct arrived *a)
{
	static uint8_t framed[2 + MESSAGE_MAX];
	size_t piece = h->site->mood.tcp == TCP_CHOPPED ? 1 + world_below(PIECE) : len + 2;

	wire_put_u16(framed, (unsigned)len);
	memcpy(framed + 2, msg, len);
	for (size_t at = 0; at < len + 2; at += piece) {
		size_t n = at + piece < len + 2 ? piece : len + 2 - at;
		bool last = at + n == len + 2;

		sim_end_write(h->conn->end, framed + at, n, delay, last && a ? arrived : NULL, a);
		if (!last)
			delay += world_between(0, NS_PER_MS);
	}
}

static void send_bytes(const struct heard *h, const uint8_t *msg, size_t len, struct arrived *a)
{
	uint64_t delay = answer_delay(h);

	if (h->conn) {
		send_stream(h, msg, len, delay, a);
		return;
	}
	if (world_percent(h->site->mood.loss)) {
		world_tell("  an answer of site %u is lost", h->site->index);
		return;
	}
	sim_udp_to_socket(h->udp, msg, len, delay, a ? arrived : NULL, a);
	if (world_percent(h->site->mood.doubled))
		sim_udp_to_socket(h->udp, msg, len, delay + world_between(0, 50 * NS_PER_MS), NULL, NULL);
}

static size_t add_opt(const struct heard *h, unsigned rcode, uint8_t *msg, size_t len)
{
	if (!h->edns || (h->site->mood.edns != EDNS_FINE && h->site->mood.edns != EDNS_BADVERS))
		return len;
	memset(msg + len, 0, 11);
	wire_put_u16(msg + len + 1, TYPE_OPT);
	wire_put_u16(msg + len + 3, 1232);
	msg[len + 5] = (uint8_t)(rcode >> 4);
	wire_put_u16(msg + 10, 1);
	if (!h->has_cookie)
		return len + 11;
	wire_put_u16(msg + len + 9, COOKIE_OPTION);
	msg += len + 11;
	wire_put_u16(msg, OPTION_COOKIE);
	wire_put_u16(msg + 2, COOKIE_OPTION - 4);
	memcpy(msg + 4, h->cookie, sizeof(h->cookie));
	memset(msg + 12, 0x53, 8);
	return len + 11 + COOKIE_OPTION;
}

static void send_rcode(const struct heard *h, unsigned rcode, struct arrived *a)
{
	uint8_t msg[512];
	size_t len = WIRE_HEADER_LEN + (size_t)h->question_len;

	memset(msg, 0, WIRE_HEADER_LEN);
	wire_put_u16(msg, h->id);
	wire_put_u16(msg + 2, FLAG_QR | FLAG_RA | (h->flags & FLAG_RD) | (rcode & 15));
	wire_put_u16(msg + 4, 1);
	memcpy(msg + WIRE_HEADER_LEN, h->question, h->question_len);
	send_bytes(h, msg, add_opt(h, rcode, msg, len), a);
}

/* ---------------------------------------------------------------- answers */

static struct arrived *arrival_of(const struct heard *h, enum delivery_kind kind)
{
	struct arrived *a = world_alloc(sizeof(*a));

	a->truth = h->truth;
	a->key = key_of(h);
	a->d = (struct delivery){
		.qtype = h->qtype,
		.group = h->site->group,
		.version = truth_version(h->truth, world.now_ns),
		.site = (uint8_t)h->site->index,
		.kind = kind,
	};
	return a;
}

static void whole_message(const struct heard *h, struct truth_message *m)
{
	*m = (struct truth_message){
		.truth = h->truth,
		.question = h->question,
		.question_len = h->question_len,
		.qtype = h->qtype,
		.group = h->site->group,
		.version = truth_version(h->truth, world.now_ns),
		.chain = h->truth->chain,
		.n = truth_n(h->truth, h->qtype),
	};
	m->negative = !m->n;
	m->rrsig = m->n && h->do_bit && h->site->mood.edns != EDNS_IGNORED && h->truth->is_signed;
}

/* Take away what does not fit, as its style is. */
static size_t cut(const struct heard *h, struct truth_message *m, uint16_t flags, uint8_t *out)
{
	m->negative = m->rrsig = false;
	flags &= (uint16_t)~FLAG_RCODE;
	if (h->site->mood.cut_style == CUT_EMPTY)
		m->chain = 0;
	if (h->site->mood.cut_style != CUT_PARTIAL)
		m->n = 0;
	else if (h->site->mood.always_cut)
		m->n /= 2;
	while (truth_compose(m, flags | FLAG_TC, out) + OPT_MAX > h->size && m->n)
		m->n -= 1 + m->n / 16;
	return truth_compose(m, flags | FLAG_TC, out);
}

static void answer(const struct heard *h)
{
	static uint8_t out[MESSAGE_MAX];
	struct truth_message m;
	struct arrived *a;
	uint16_t flags = FLAG_QR | FLAG_RA | (h->flags & FLAG_RD);
	enum delivery_kind kind = DELIVERED_WHOLE;
	size_t len;

	if (h->truth->kind == TRUTH_NXDOMAIN)
		flags |= RCODE_NXDOMAIN;
	whole_message(h, &m);
	len = truth_compose(&m, flags, out);
	if (!h->conn && (len + OPT_MAX > h->size || h->site->mood.always_cut)) {
		len = cut(h, &m, flags, out);
		kind = DELIVERED_CUT;
	}
	wire_put_u16(out, h->id);
	len = add_opt(h, 0, out, len);
	if (world_percent(h->site->mood.broken)) {
		world_tell("  site %u breaks its answer", h->site->index);
		wire_put_u16(out + 6, m.chain + m.n + m.rrsig + 3u);
		wire_put_u16(out + 2, wire_u16(out + 2) & ~(unsigned)FLAG_TC);
		send_bytes(h, out, len, NULL);
		return;
	}
	a = arrival_of(h, kind);
	a->d.is_signed = m.rrsig;
	a->d.plain = !h->edns;
	send_bytes(h, out, len, a);
}

/* Nobody who forges knows the id and the question both. */
static void forge(const struct heard *h)
{
	unsigned n = 1 + world_below(FORGED_MAX);
	uint8_t out[4096];

	world_tell("  %u forged answers", n);
	for (unsigned i = 0; i < n; i++) {
		struct truth_message m;
		struct heard other = *h;
		bool wrong_id = world_percent(70);
		size_t len;

		other.qtype = TYPE_A;
		whole_message(&other, &m);
		m.evil = true;
		m.negative = m.rrsig = false;
		m.n = 1;
		if (!wrong_id)
			other.question[2] = (uint8_t)('0' + (other.question[2] + 1 - '0') % 10);
		m.question = other.question;
		len = truth_compose(&m, FLAG_QR | FLAG_RA | FLAG_RD, out);
		wire_put_u16(out + WIRE_HEADER_LEN + h->question_len - 4, wrong_id ? h->qtype : TYPE_A);
		wire_put_u16(out, wrong_id ? h->id + 1 + world_below(65535) : h->id);
		sim_udp_to_socket(h->udp, out, len, world_between(10 * NS_PER_US, h->site->rtt_ns / 2), NULL,
				  NULL);
	}
}

static bool edns_trouble(const struct heard *h)
{
	if (!h->edns)
		return false;
	switch (h->site->mood.edns) {
	case EDNS_FORMERR:
		send_rcode(h, RCODE_FORMERR, NULL);
		return true;
	case EDNS_NOTIMP:
		send_rcode(h, RCODE_NOTIMP, NULL);
		return true;
	case EDNS_BADVERS:
		send_rcode(h, RCODE_BADVERS, NULL);
		return true;
	case EDNS_DROPPED:
		world_tell("  site %u drops what has EDNS", h->site->index);
		return true;
	case EDNS_FINE:
	case EDNS_IGNORED:
		break;
	}
	return false;
}

static void respond(const struct heard *h)
{
	const struct mood *m = &h->site->mood;

	if (!h->truth) {
		h->site->n_probes++;
		if (!edns_trouble(h))
			send_rcode(h, RCODE_NOERROR, NULL);
		return;
	}
	if (!h->conn && world_percent(m->forged))
		forge(h);
	if (edns_trouble(h))
		return;
	if (m->strict && m->edns == EDNS_FINE && !h->conn && h->has_cookie && !h->has_server_cookie) {
		world_tell("  site %u wants its cookie", h->site->index);
		h->truth->asked[key_of(h)]--;
		send_rcode(h, RCODE_BADCOOKIE, NULL);
		return;
	}
	if (world_percent(m->servfail))
		send_rcode(h, RCODE_SERVFAIL, arrival_of(h, DELIVERED_FAILURE));
	else
		answer(h);
}

/* A question that met the hosts file and was passed on is asked no longer than a query lives, and a bit. */
static void look_at_hosts(const struct heard *h)
{
	const struct config *c = &configs[0];

	if (h->truth && n_configs == 1 && c->hosts &&
	    !hostfile_lacked(c, h->truth, world.now_ns - QUERY_S * NS_PER_S, world.now_ns))
		world_wrong("site %u is asked n%u, which the hosts file has", h->site->index, h->truth->index);
}

static void note(const struct heard *h)
{
	look_at_hosts(h);
	world_digest(h->question, h->question_len);
	if (h->truth) {
		h->truth->n_asked++;
		h->truth->n_twice += h->truth->asked[key_of(h)]++ != 0;
	}
	if (h->truth)
		world_tell("  site %u is asked n%u type %u over %s%s", h->site->index, h->truth->index,
			   h->qtype, h->conn ? "tcp" : "udp", h->edns ? "" : " without EDNS");
	else
		world_tell("  site %u is probed", h->site->index);
}

/* ---------------------------------------------------------------- datagrams */

void site_udp_receive(struct site *s, struct udp_client *from, const uint8_t *data, size_t len)
{
	struct heard h = {.site = s, .udp = from};

	if (!hear(&h, data, len)) {
		world_wrong("site %u is asked what nobody asked", s->index);
		return;
	}
	note(&h);
	if (s->mood.udp == UDP_REFUSED)
		sim_udp_error(from, -ECONNREFUSED, site_delay_ns(s));
	else if (s->mood.udp == UDP_SILENT || world_percent(s->mood.loss))
		world_tell("  which is lost");
	else
		respond(&h);
}

/* ---------------------------------------------------------------- streams */

static void serve(struct site_conn *c, const uint8_t *msg, size_t len)
{
	struct site *s = c->site;
	struct heard h = {.site = s, .conn = c};

	if (!hear(&h, msg, len)) {
		world_wrong("site %u is asked what nobody asked", s->index);
		return;
	}
	note(&h);
	if (s->mood.tcp == TCP_HANGS)
		return;
	if (s->mood.tcp == TCP_RESETS) {
		sim_end_close(c->end, true, site_delay_ns(s));
		return;
	}
	respond(&h);
	if (s->mood.tcp == TCP_CLOSES && ++c->n >= s->mood.closes_after) {
		sim_end_close(c->end, false, site_delay_ns(s));
		c->end->closed = true;
	}
}

static void conn_data(struct sim_end *e, const uint8_t *data, size_t len)
{
	struct site_conn *c = e->arg;

	if (len > sizeof(c->in) - c->len) {
		world_wrong("site %u: %zu bytes at once", c->site->index, len);
		return;
	}
	memcpy(c->in + c->len, data, len);
	c->len += len;
	while (c->len >= 2 && c->len >= 2u + wire_u16(c->in) && !e->closed) {
		size_t n = 2u + wire_u16(c->in);

		serve(c, c->in + 2, n - 2);
		c->len -= n;
		memmove(c->in, c->in + n, c->len);
	}
}

static void conn_ended(struct sim_end *e, bool reset)
{
	if (!reset)
		sim_end_close(e, false, 0);
	e->closed = true;
}

static const struct sim_end_ops conn_ops = {.data = conn_data, .ended = conn_ended};

enum site_syn site_syn(struct site *s, struct sim_end *e)
{
	struct site_conn *c;

	if (s->mood.tcp == TCP_REFUSED)
		return SYN_REFUSED;
	if (s->mood.tcp == TCP_BLACKHOLE)
		return SYN_LOST;
	c = world_alloc(sizeof(*c));
	c->end = e;
	c->site = s;
	e->ops = &conn_ops;
	e->arg = c;
	return SYN_ACCEPTED;
}
