// SPDX-License-Identifier: Apache-2.0
#include "doctor/answer.h"

#include "base/hash.h"
#include "wire/option.h"
#include "wire/rdata.h"
#include "wire/reader.h"
#include "wire/wire.h"

#include <string.h>

enum { CHAIN_MAX = 32, TTL_MAX = 0x7fffffff };

/* One message being read. */
struct reading {
	struct wire_reader r;
	const struct answer_expect *e;
	struct observed_reply *ret;
	struct answer_texts *texts;
	size_t cname[CHAIN_MAX]; /* where the first CNAME records start */
	unsigned n_cname;
	uint8_t end[WIRE_NAME_MAX]; /* of the chain */
};

static uint32_t ttl_of(const struct wire_rr_head *h)
{
	return h->ttl_s > TTL_MAX ? 0 : h->ttl_s; /* RFC 2181 8 */
}

/* ---------------------------------------------------------------- header and question */

/* Rcodes of servers that do not understand the question and so need not repeat it. */
static bool may_lack_question(unsigned flags)
{
	unsigned rcode = flags & FLAG_RCODE;

	return rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP || rcode == RCODE_SERVFAIL ||
	       rcode == RCODE_REFUSED;
}

static bool read_question(struct reading *in, unsigned n)
{
	uint8_t name[WIRE_NAME_MAX];
	uint16_t type, cls;

	if (n == 0)
		return may_lack_question(in->ret->flags | in->ret->rcode);
	(void)wire_reader_name(&in->r, name);
	type = wire_reader_u16(&in->r);
	cls = wire_reader_u16(&in->r);
	return n == 1 && !in->r.err && type == in->e->type && cls == in->e->cls &&
	       wire_name_equal(name, in->e->name);
}

/* ---------------------------------------------------------------- the answer section */

/* Records until the section's end, an error, or false from `take`. */
static void each_record(struct reading *in, unsigned n,
			void (*take)(struct reading *in, size_t at, const uint8_t *owner,
				     const struct wire_rr_head *h))
{
	for (unsigned i = 0; i < n; i++) {
		size_t at = in->r.off;
		uint8_t owner[WIRE_NAME_MAX];
		struct wire_rr_head h;

		(void)wire_reader_name(&in->r, owner);
		h = wire_reader_rr(&in->r);
		if (in->r.err)
			return;
		take(in, at, owner, &h);
	}
}

static void note_cname(struct reading *in, size_t at, const uint8_t *owner, const struct wire_rr_head *h)
{
	if (h->type == TYPE_CNAME && in->n_cname < CHAIN_MAX)
		in->cname[in->n_cname++] = at;
}

/* The target of the CNAME that `name` owns. */
static bool next_in_chain(const struct reading *in, const uint8_t *name, uint8_t *target)
{
	for (unsigned i = 0; i < in->n_cname; i++) {
		struct wire_reader r = wire_reader_at(in->r.msg, in->r.len, in->cname[i]);
		uint8_t owner[WIRE_NAME_MAX];
		struct wire_rr_head h;

		(void)wire_reader_name(&r, owner);
		h = wire_reader_rr(&r);
		r.off = h.rdata_off;
		if (!r.err && wire_name_equal(owner, name) && wire_reader_name(&r, target))
			return true;
	}
	return false;
}

static void follow_chain(struct reading *in)
{
	uint8_t target[WIRE_NAME_MAX];
	unsigned steps = 0;

	memcpy(in->end, in->e->name, wire_name_len(in->e->name));
	if (in->e->type == TYPE_CNAME)
		return;
	while (steps <= in->n_cname && next_in_chain(in, in->end, target)) {
		memcpy(in->end, target, wire_name_len(target));
		steps++;
	}
	in->ret->cname_loop = steps > in->n_cname;
	if (steps) {
		in->texts->has_target = true;
		memcpy(in->texts->target, in->end, wire_name_len(in->end));
	}
}

static void note_address(struct reading *in, const struct wire_rr_head *h)
{
	struct observed_reply *ret = in->ret;
	struct net_addr *a = &ret->addrs[ret->n_addrs];
	const uint8_t *rdata = in->r.msg + h->rdata_off;

	if (ret->n_addrs == OBSERVED_ADDRS_KEPT || h->type != in->e->type)
		return;
	if (h->type == TYPE_A && h->rdlen == 4) {
		a->v4 = (struct sockaddr_in){.sin_family = AF_INET};
		memcpy(&a->v4.sin_addr, rdata, 4);
		ret->n_addrs++;
	} else if (h->type == TYPE_AAAA && h->rdlen == 16) {
		a->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
		memcpy(&a->v6.sin6_addr, rdata, 16);
		ret->n_addrs++;
	}
}

/* Adds up, so that the order of the records does not matter. */
static void note_wanted(struct reading *in, const struct wire_rr_head *h)
{
	static const struct hash_key key = {0x62696e6e61636c65, 0x646f63746f72};
	static _Thread_local uint8_t plain[RDATA_READ_MAX];
	const uint8_t *rdata;
	int len = wire_rdata_read(in->r.msg, h->rdata_off, h->rdlen, h->type, h->cls, plain, &rdata);

	in->ret->n_wanted++;
	if (len < 0) {
		in->ret->broken = true;
		return;
	}
	in->ret->set_hash += hash_bytes(&key, rdata, (size_t)len) | 1;
	note_address(in, h);
	if (h->type == TYPE_TXT && !in->texts->txt && len > 0 && len > rdata[0]) {
		in->texts->txt = in->r.msg + h->rdata_off + 1;
		in->texts->txt_len = rdata[0];
	}
}

static void note_signature(struct reading *in, const struct wire_rr_head *h)
{
	struct observed_reply *ret = in->ret;
	const uint8_t *rdata = in->r.msg + h->rdata_off;
	uint32_t expiration, inception;

	ret->n_rrsig++;
	if (h->rdlen < 18)
		return;
	expiration = wire_u32(rdata + 8); /* RFC 4034 3.1 */
	inception = wire_u32(rdata + 12);
	if (!ret->sig_expiration || expiration < ret->sig_expiration)
		ret->sig_expiration = expiration;
	if (inception > ret->sig_inception)
		ret->sig_inception = inception;
}

static void take_answer(struct reading *in, size_t at, const uint8_t *owner, const struct wire_rr_head *h)
{
	struct observed_reply *ret = in->ret;
	bool wanted = (h->type == in->e->type || in->e->type == TYPE_ANY) && wire_name_equal(owner, in->end);

	ret->n_answer++;
	if (ttl_of(h) < ret->min_ttl_s)
		ret->min_ttl_s = ttl_of(h);
	if (wanted)
		note_wanted(in, h);
	if (h->type == TYPE_A || h->type == TYPE_AAAA)
		ret->n_address++;
	else if (h->type == TYPE_CNAME)
		ret->n_cname++;
	else if (h->type == TYPE_RRSIG)
		note_signature(in, h);
	else if (!wanted)
		ret->n_other++;
}

/* ---------------------------------------------------------------- authority, additional */

static void take_authority(struct reading *in, size_t at, const uint8_t *owner, const struct wire_rr_head *h)
{
	struct observed_reply *ret = in->ret;

	ret->n_authority++;
	ret->n_ns += h->type == TYPE_NS;
	if (h->type != TYPE_SOA || ret->has_soa)
		return;
	ret->has_soa = true;
	memcpy(in->texts->soa_owner, owner, wire_name_len(owner));
	ret->soa_ttl_s = ttl_of(h);
	ret->soa_minimum_s = h->rdlen < 22 ? 0 : wire_u32(in->r.msg + h->rdata_off + h->rdlen - 4);
}

static void note_cookie(struct reading *in, const uint8_t *data, uint16_t len)
{
	struct observed_reply *ret = in->ret;
	bool length_ok = len == 8 || (len >= 16 && len <= 40); /* RFC 7873 4 */
	bool ours = in->e->cookie && len >= 8 && memcmp(data, in->e->cookie, 8) == 0;

	ret->cookie = length_ok && ours ? COOKIE_ECHOED : COOKIE_WRONG;
	ret->server_cookie_len = len > 8 ? (uint8_t)(len - 8) : 0;
}

static void take_opt(struct reading *in, const struct wire_rr_head *h)
{
	const uint8_t *options = in->r.msg + h->rdata_off, *p;
	uint16_t len;

	in->ret->has_opt = true;
	in->ret->opt_udp_size = h->cls;
	in->ret->rcode |= (uint16_t)(h->ttl_s >> 24 << 4);
	if (!wire_options_valid(options, h->rdlen))
		return;
	p = wire_option_find(options, h->rdlen, OPTION_COOKIE, &len);
	if (p)
		note_cookie(in, p, len);
	p = wire_option_find(options, h->rdlen, OPTION_EDE, &len);
	if (p && len >= 2) {
		in->ret->ede = wire_u16(p);
		in->texts->ede = p + 2;
		in->texts->ede_len = len - 2u;
	}
}

static void take_additional(struct reading *in, size_t at, const uint8_t *owner, const struct wire_rr_head *h)
{
	if (h->type != TYPE_OPT)
		in->ret->n_additional++;
	else if (!in->ret->has_opt)
		take_opt(in, h);
}

/* ---------------------------------------------------------------- the whole */

static void read_records(struct reading *in)
{
	const uint8_t *msg = in->r.msg;
	size_t start = in->r.off;

	each_record(in, wire_u16(msg + HEADER_ANCOUNT), note_cname);
	follow_chain(in);
	in->r = wire_reader_at(msg, in->r.len, start);
	each_record(in, wire_u16(msg + HEADER_ANCOUNT), take_answer);
	each_record(in, wire_u16(msg + HEADER_NSCOUNT), take_authority);
	each_record(in, wire_u16(msg + HEADER_ARCOUNT), take_additional);
	if (in->r.err && !(in->ret->flags & FLAG_TC && in->r.err == ERR_TRUNCATED))
		in->ret->broken = true;
}

enum wrong_reply answer_read(const uint8_t *msg, size_t len, const struct answer_expect *e,
			     struct observed_reply *ret, struct answer_texts *texts)
{
	struct reading in = {
		.r = wire_reader_at(msg, len, WIRE_HEADER_LEN), .e = e, .ret = ret, .texts = texts};
	unsigned flags;

	*ret = (struct observed_reply){.ede = EDE_ABSENT, .min_ttl_s = UINT32_MAX, .size = (uint16_t)len};
	*texts = (struct answer_texts){0};
	if (len < WIRE_HEADER_LEN || len > WIRE_MSG_MAX)
		return WRONG_GARBLED;
	flags = wire_u16(msg + HEADER_FLAGS);
	ret->flags = (uint16_t)(flags & ~(unsigned)FLAG_RCODE);
	ret->rcode = flags & FLAG_RCODE;
	if (!(flags & FLAG_QR))
		return WRONG_GARBLED;
	ret->question_matches = read_question(&in, wire_u16(msg + HEADER_QDCOUNT));
	if (wire_u16(msg + HEADER_ID) != e->id)
		return WRONG_ID;
	if (in.r.err)
		return WRONG_GARBLED;
	if (!ret->question_matches)
		return WRONG_QUESTION;
	read_records(&in);
	return WRONG_NONE;
}
