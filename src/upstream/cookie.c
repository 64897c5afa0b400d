// SPDX-License-Identifier: Apache-2.0
/* DNS cookies towards upstreams (RFC 7873): 64 bits more that a forger off the path has to guess, and a token by which
 * an upstream knows that our address is ours.
 *
 * Each worker has a client cookie of its own for each upstream: random, so it tells nothing and fits nobody else,
 * and renewed every hour.  The server cookie is what the upstream sent last.
 *
 * An upstream that has sent a cookie once is expected to go on: an answer over UDP without one is not taken but asked for
 * again over TCP (5.3), and only an answer over TCP without one tells that cookies have been switched off there.  One that
 * never sends any, answers only without (FORMERR, silence), or has lapsed three times within an hour (several servers
 * behind one address, of which some know cookies) is left in peace for an hour. */

#include "upstream/exchange.h"

#include <string.h>

enum {
	RENEW_S = 3600,
	/* Answers to the last client cookie that may still be on their way. */
	BEFORE_S = 10,
	OFF_S = 3600,
	MISSING_MAX = 8,
	STRIKES_MAX = 3,
	LAPSES_MAX = 3,
	CLIENT_LEN = 8,
	SERVER_MIN = 8,
	/* BADCOOKIE: once more with the new cookie, then over TCP, then without a cookie. */
	BAD_MAX = 2,
};

static uint64_t now_of(const struct upstream_peer *p)
{
	return worker_now(p->w);
}

static void count(const struct upstream_peer *p, enum cookie_trouble t)
{
	metric_inc(p->w->env.cells, p->server->series.cookies[t]);
}

static void renew(struct upstream_peer *p, uint64_t now)
{
	struct cookie_memory *m = &p->cookie;

	memcpy(m->client_before, m->client, CLIENT_LEN);
	rng_bytes(loop_rng(p->w->env.loop), m->client, CLIENT_LEN);
	if (!m->made_ns)
		memcpy(m->client_before, m->client, CLIENT_LEN);
	m->server_len = 0;
	m->lapses = 0;
	m->made_ns = now;
}

size_t upstream_cookie_put(struct upstream_peer *p, uint8_t *out)
{
	struct cookie_memory *m = &p->cookie;
	uint64_t now = now_of(p);

	if (m->off_until_ns > now)
		return 0;
	if (!m->made_ns || now - m->made_ns >= RENEW_S * NS_PER_S)
		renew(p, now);
	wire_put_u16(out, OPTION_COOKIE);
	wire_put_u16(out + 2, CLIENT_LEN + m->server_len);
	memcpy(out + 4, m->client, CLIENT_LEN);
	memcpy(out + 4 + CLIENT_LEN, m->server, m->server_len);
	return 4u + CLIENT_LEN + m->server_len;
}

static void turn_off(struct cookie_memory *m, uint64_t now)
{
	m->off_until_ns = now + OFF_S * NS_PER_S;
	m->missing = m->strikes = m->lapses = 0;
	m->expected = false;
	m->server_len = 0;
}

/* The COOKIE option's data; NULL: none. */
static const uint8_t *find(const struct wire_ingest *in, size_t *ret_len)
{
	for (size_t at = 0; at + 4 <= in->options_len;) {
		size_t len = wire_u16(in->options + at + 2);

		if (len > in->options_len - at - 4)
			break;
		if (wire_u16(in->options + at) == OPTION_COOKIE) {
			*ret_len = len;
			return in->options + at + 4;
		}
		at += 4 + len;
	}
	return NULL;
}

static bool is_ours(const struct cookie_memory *m, const uint8_t *cookie, uint64_t now)
{
	if (!memcmp(cookie, m->client, CLIENT_LEN))
		return true;
	return now - m->made_ns < BEFORE_S * NS_PER_S && !memcmp(cookie, m->client_before, CLIENT_LEN);
}

/* There is one. */
static enum cookie_verdict judge_present(struct upstream_peer *p, const uint8_t *cookie, size_t len,
					 unsigned rcode)
{
	struct cookie_memory *m = &p->cookie;

	/* A server that echoes what it was sent knows nothing of cookies (8 octets: our own alone). */
	if (len == CLIENT_LEN && is_ours(m, cookie, now_of(p)))
		return COOKIE_FINE;
	if (len < CLIENT_LEN + SERVER_MIN || len > CLIENT_LEN + sizeof(m->server) ||
	    !is_ours(m, cookie, now_of(p))) {
		count(p, COOKIE_LABEL_FORGED);
		return COOKIE_FORGED;
	}
	if (!memcmp(cookie, m->client, CLIENT_LEN)) {
		m->server_len = (uint8_t)(len - CLIENT_LEN);
		memcpy(m->server, cookie + CLIENT_LEN, m->server_len);
	}
	m->expected = true;
	m->missing = m->strikes = 0;
	return rcode == RCODE_BADCOOKIE ? COOKIE_BAD : COOKIE_FINE;
}

static enum cookie_verdict judge_missing(struct upstream_peer *p, enum leg leg, unsigned rcode)
{
	struct cookie_memory *m = &p->cookie;

	if (leg == LEG_TCP) {
		if (m->expected && ++m->lapses >= LAPSES_MAX) {
			turn_off(m, now_of(p));
			return COOKIE_FINE;
		}
		m->expected = false; /* nobody can have forged that */
	} else if (m->expected) {
		count(p, COOKIE_LABEL_MISSING);
		return COOKIE_MISSING;
	}
	if (rcode == RCODE_FORMERR)
		return COOKIE_REFUSED;
	if (++m->missing >= MISSING_MAX)
		turn_off(m, now_of(p));
	return COOKIE_FINE;
}

enum cookie_verdict upstream_cookie_judge(struct upstream_exchange *x, const struct attempt *a, enum leg leg,
					  const struct wire_ingest *in)
{
	struct upstream_peer *p = a->peer;
	const uint8_t *cookie;
	size_t len;

	if (!a->cookie) {
		/* It answers without what it did not answer with. */
		if ((x->no_cookie_mask & server_bit(p->server)) && !x->bad_cookies && a->edns &&
		    in->rcode != RCODE_FORMERR && ++p->cookie.strikes >= STRIKES_MAX)
			turn_off(&p->cookie, now_of(p));
		return COOKIE_FINE;
	}
	cookie = find(in, &len);
	return cookie ? judge_present(p, cookie, len, in->rcode) : judge_missing(p, leg, in->rcode);
}

enum leg upstream_cookie_trouble(struct upstream_exchange *x, const struct attempt *a, enum leg leg,
				 enum cookie_verdict v)
{
	uint64_t bit = server_bit(a->peer->server);

	if (v == COOKIE_MISSING)
		return LEG_TCP;
	if (v == COOKIE_BAD) {
		count(a->peer, COOKIE_LABEL_BAD);
		if (++x->bad_cookies <= BAD_MAX)
			return x->bad_cookies == BAD_MAX ? LEG_TCP : leg;
	}
	x->no_cookie_mask |= bit;
	return leg;
}

void upstream_cookie_silence(struct upstream_exchange *x, const struct attempt *a)
{
	struct cookie_memory *m = &a->peer->cookie;

	if (m->expected) /* where cookies are known to work it is something else */
		return;
	x->no_cookie_mask |= server_bit(a->peer->server);
	if (++m->strikes >= STRIKES_MAX)
		turn_off(m, now_of(a->peer));
}
