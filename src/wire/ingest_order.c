// SPDX-License-Identifier: Apache-2.0
#include "wire/ingest_order.h"
#include "wire/name.h"
#include "wire/reader.h"

#include <string.h>

/* Aliases followed in one answer.  A CNAME is followed once at most; this bounds DNAMEs that come
 * without theirs. */
enum { CHAIN_MAX = 64 };

static void read_owner(const struct ingest_context *c, const struct ingest_set *set, uint8_t *out)
{
	struct wire_reader r = wire_reader_at(c->t->msg, c->t->len, set->owner_off);

	(void)wire_reader_name(&r, out); /* was checked when it was added */
}

/* The name in the rdata of a set's first record (CNAME, DNAME) or of any record (NS). */
static void read_target(const struct ingest_context *c, uint16_t rr, uint8_t *out)
{
	struct wire_reader r = wire_reader_at(c->t->msg, c->t->len, c->t->rr[rr].rdata_off);

	(void)wire_reader_name(&r, out);
}

static void write_rr(const struct ingest_context *c, const struct ingest_set *set, const struct ingest_rr *rr,
		     const uint8_t *owner)
{
	const uint8_t *rdata;
	int len =
		wire_rdata_read(c->t->msg, rr->rdata_off, rr->rdlen, rr->type, set->cls, c->t->rdata, &rdata);

	/* What does not fit marks the answer as truncated; the builder remembers. */
	(void)wire_build_rr(c->b, set->section, set->required, owner, rr->type, set->cls, rr->ttl_s, rdata,
			    (uint16_t)len);
}

/* An RRset and then its RRSIGs. */
static void write_set(const struct ingest_context *c, struct ingest_set *set)
{
	uint8_t owner[WIRE_NAME_MAX];

	set->done = true;
	read_owner(c, set, owner);
	for (unsigned kind = 0; kind < INGEST_KINDS; kind++)
		for (uint16_t i = set->first[kind]; i != INGEST_NONE; i = c->t->rr[i].next)
			write_rr(c, set, &c->t->rr[i], owner);
}

static struct ingest_set *find_data(const struct ingest_context *c, enum wire_section s, uint16_t type,
				    const uint8_t *owner)
{
	struct ingest_set *set = ingest_table_find(c->t, s, type, c->qclass, owner);

	return set && set->first[INGEST_DATA] != INGEST_NONE ? set : NULL;
}

/* The DNAME above `name` that rewrites it, or NULL. */
static struct ingest_set *find_dname(const struct ingest_context *c, const uint8_t *name)
{
	while (*name) {
		name += 1 + *name;
		struct ingest_set *set = find_data(c, SECTION_ANSWER, TYPE_DNAME, name);
		if (set)
			return set;
	}
	return NULL;
}

/* RFC 6672 2.2: the labels of `name` below the DNAME's owner, put before its target.  False: over 255
 * octets. */
static bool substitute(const struct ingest_context *c, const struct ingest_set *dname, uint8_t *name)
{
	uint8_t owner[WIRE_NAME_MAX], target[WIRE_NAME_MAX];

	read_owner(c, dname, owner);
	read_target(c, dname->first[INGEST_DATA], target);
	size_t prefix = wire_name_len(name) - wire_name_len(owner), len = wire_name_len(target);
	if (prefix + len > WIRE_NAME_MAX)
		return false;
	memcpy(name + prefix, target, len);
	return true;
}

/* One step of the chain at `name`, which becomes the next name.  False: it ends here. */
static bool follow(const struct ingest_context *c, bool has_dname, uint8_t *name)
{
	struct ingest_set *dname = has_dname ? find_dname(c, name) : NULL;

	if (dname && !dname->done)
		write_set(c, dname);
	struct ingest_set *cname = find_data(c, SECTION_ANSWER, TYPE_CNAME, name);
	if (!cname)
		return dname && substitute(c, dname, name);
	if (cname->done)
		return false; /* a loop */
	write_set(c, cname);
	read_target(c, cname->first[INGEST_DATA], name);
	return true;
}

static bool has_set(const struct ingest_context *c, enum wire_section s, uint16_t type)
{
	for (unsigned i = 0; i < c->t->n_sets; i++)
		if (c->t->set[i].section == s && c->t->set[i].type == type)
			return true;
	return false;
}

/* The chain and the final RRset.  True: there is an answer to the question; `name`: where the chain ends. */
static bool write_chain(const struct ingest_context *c, uint8_t *name)
{
	bool has_dname = has_set(c, SECTION_ANSWER, TYPE_DNAME);

	memcpy(name, c->qname, wire_name_len(c->qname));
	if (c->qtype == TYPE_ANY || c->qtype == TYPE_RRSIG) /* kept as they came */
		return c->t->n_sets && c->t->set[0].section == SECTION_ANSWER;
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		struct ingest_set *final = find_data(c, SECTION_ANSWER, c->qtype, name);
		if (final) {
			write_set(c, final);
			return true;
		}
		if (!follow(c, has_dname, name))
			return false;
	}
	return false;
}

static void write_rest(const struct ingest_context *c, enum wire_section s, bool required)
{
	for (unsigned i = 0; i < c->t->n_sets; i++) {
		struct ingest_set *set = &c->t->set[i];
		if (set->section == s && !set->done && (set->required || !required))
			write_set(c, set);
	}
}

/* An NS RRset in the authority section for a zone that `name` is in, where nothing else is answered. */
static bool is_referral(const struct ingest_context *c, const uint8_t *name)
{
	if (c->aa || c->rcode != RCODE_NOERROR || has_set(c, SECTION_AUTHORITY, TYPE_SOA))
		return false;
	for (;; name += 1 + *name) {
		if (find_data(c, SECTION_AUTHORITY, TYPE_NS, name))
			return true;
		if (!*name)
			return false;
	}
}

/* The addresses of name servers that lie in the zone they serve: without them the referral leads nowhere. */
static void require_glue(const struct ingest_context *c, const struct ingest_set *ns)
{
	uint8_t zone[WIRE_NAME_MAX], server[WIRE_NAME_MAX];

	read_owner(c, ns, zone);
	for (uint16_t i = ns->first[INGEST_DATA]; i != INGEST_NONE; i = c->t->rr[i].next) {
		read_target(c, i, server);
		if (!wire_name_in_zone(server, zone))
			continue;
		struct ingest_set *a = find_data(c, SECTION_ADDITIONAL, TYPE_A, server);
		struct ingest_set *aaaa = find_data(c, SECTION_ADDITIONAL, TYPE_AAAA, server);
		if (a)
			a->required = true;
		if (aaaa)
			aaaa->required = true;
	}
}

/* Proofs are there for clients that asked for them (DO): then they are required.  RFC 4035 3.1.3, RFC
 * 5155 7.2. */
static bool is_proof(uint16_t type)
{
	return type == TYPE_NSEC || type == TYPE_NSEC3;
}

static void require_authority(const struct ingest_context *c, bool negative, bool referral)
{
	for (unsigned i = 0; i < c->t->n_sets; i++) {
		struct ingest_set *set = &c->t->set[i];
		if (set->section != SECTION_AUTHORITY)
			continue;
		set->required = referral || is_proof(set->type) || (negative && set->type == TYPE_SOA);
		if (referral && set->type == TYPE_NS)
			require_glue(c, set);
	}
}

void ingest_write(const struct ingest_context *c)
{
	uint8_t name[WIRE_NAME_MAX];
	bool answered = write_chain(c, name);

	write_rest(c, SECTION_ANSWER, false);
	require_authority(c, !answered || c->rcode == RCODE_NXDOMAIN, !answered && is_referral(c, name));
	for (enum wire_section s = SECTION_AUTHORITY; s <= SECTION_ADDITIONAL; s++) {
		write_rest(c, s, true);
		write_rest(c, s, false);
	}
}
