// SPDX-License-Identifier: Apache-2.0
/* What is right: the names of a world, what they hold at which time, and what of it has reached the server.
 *
 * Every final record says whose it is (group of upstreams, name, version, number), so an answer tells by
 * itself when and by whom it was given.  An answer to a client is right if a delivery explains it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum truth_kind { TRUTH_SOME, TRUTH_MANY, TRUTH_TEXT, TRUTH_NODATA, TRUTH_NXDOMAIN, N_TRUTH_KINDS };

/* What answers may be shared by: type (3), DO, RD, CD. */
enum { KEYS = 3 * 8 };
unsigned truth_key(uint16_t qtype, bool do_bit, bool rd, bool cd);

enum { TRUTHS_MAX = 16, TRUTH_N_MAX = 250, TRUTH_EVIL = 66, TRUTH_GROUP_BASE = 20 };

enum delivery_kind { DELIVERED_WHOLE, DELIVERED_CUT, DELIVERED_FAILURE };

/* An answer of an upstream was read by the server. */
struct delivery {
	struct delivery *next;
	uint64_t at_ns;
	uint16_t qtype;
	uint8_t group, version, site;
	bool is_signed; /* with an RRSIG */
	bool plain; /* asked without EDNS, so DO could not be said */
	enum delivery_kind kind;
};

struct truth {
	uint8_t index;
	enum truth_kind kind;
	bool is_signed; /* its final RRset has an RRSIG */
	unsigned chain; /* CNAMEs before the final name */
	unsigned n; /* members of the final RRset */
	uint32_t ttl_s, chain_ttl_s;
	uint64_t period_ns; /* a new version so often; 0: never */
	uint8_t name[32];
	uint8_t name_len;
	struct delivery *deliveries; /* newest first */
	unsigned n_questions; /* of clients */
	unsigned n_asked; /* of upstreams, probes not counted */
	unsigned asked[KEYS]; /* of upstreams, and not answered yet */
	unsigned n_twice; /* asked of upstreams while it was asked already */
};

/* The cache was told to forget a name, or all. */
struct forgetting {
	const struct truth *truth; /* NULL: all */
	uint64_t at_ns;
};
enum { FORGETTINGS_MAX = 4 };
extern struct forgetting forgettings[FORGETTINGS_MAX];
extern unsigned n_forgettings;
/* When `t` was last forgotten before `ns`; 0: never. */
uint64_t truth_forgotten_ns(const struct truth *t, uint64_t ns);

extern struct truth truths[TRUTHS_MAX];
extern unsigned n_truths;

/* Draw the names of a world. */
void truth_draw(void);
/* The one that `name` (lower or upper case) asks about; NULL. */
struct truth *truth_find(const uint8_t *name, size_t len);
uint8_t truth_version(const struct truth *t, uint64_t now_ns);
/* Records of `qtype` at the end of the chain. */
unsigned truth_n(const struct truth *t, uint16_t qtype);
/* The lowest TTL of an answer to `qtype`; of a negative one what RFC 2308 makes of it. */
uint32_t truth_ttl_s(const struct truth *t, uint16_t qtype);
/* Bytes of the whole answer as our compressor writes it at worst, without OPT; `dnssec`: with an RRSIG that exists. */
size_t truth_size(const struct truth *t, uint16_t qtype, bool dnssec);
/* k-th name of the chain (0: the name asked for), wire form. */
size_t truth_chain_name(const struct truth *t, unsigned k, uint8_t *out);

/* An upstream's answer: header without id, the question as it came, `chain` CNAMEs, `n` final records. */
struct truth_message {
	const struct truth *truth;
	const uint8_t *question;
	uint16_t question_len, qtype;
	uint8_t group, version;
	unsigned chain, n;
	bool negative; /* with SOA */
	bool rrsig;
	bool evil; /* a forger's records */
};
size_t truth_compose(const struct truth_message *m, uint16_t flags, uint8_t *out);

void truth_delivered(struct truth *t, const struct delivery *d);
