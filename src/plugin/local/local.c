// SPDX-License-Identifier: Apache-2.0
/* local: answers to localhost and its kin that shall ask nobody (RFC 6761 6.3, RFC 6303 4). */
#include "base/err.h"
#include "base/metrics.h"
#include "corefile/corefile.h"
#include "server/query.h"
#include "server/worker.h"
#include "server/zone_list.h"

#include <string.h>

enum { LOCAL_TTL_S = 604800 };

#define LOCALHOST "\11localhost"

static const struct zone {
	const uint8_t *name;
	size_t len; /* the root label included */
} zones[] = {
	{(const uint8_t *)LOCALHOST, sizeof(LOCALHOST)},
	{(const uint8_t *)"\0010\7in-addr\4arpa", 16},
	{(const uint8_t *)"\003127\7in-addr\4arpa", 18},
	{(const uint8_t *)"\003255\7in-addr\4arpa", 18},
};
static const uint8_t loopback_name[] = "\0011\0010\0010\003127\7in-addr\4arpa";

/* "localhost. root.localhost. 1 0 0 0 604800" */
static const uint8_t soa[] = LOCALHOST "\0\4root" LOCALHOST "\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\11\72\200";
static const uint8_t localhost_name[] = LOCALHOST;
static const uint8_t loopback4[4] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};

static const struct metric_desc intercepted_desc = {
	.name = "coredns_local_localhost_requests_total",
	.help = "Questions for names below localhost and names that begin with it.",
	.labels = "",
};

struct local {
	bool prefix; /* localhost.* too; frozen */
	metric_id intercepted;
};

/* ---------------------------------------------------------------- setup */

static int read_prefix(struct cf_cursor *c, void *state)
{
	static const char *const words[] = {"off", "on"};
	struct local *l = state;
	size_t i;

	if (cf_arg_word(c, "localhost_prefix", words, ARRAY_LEN(words), &i))
		return ERR_SYNTAX;
	l->prefix = i == 1;
	return 0;
}

static int setup(struct setup *s, void *state)
{
	static const struct cf_option_def options[] = {{"localhost_prefix", 1, 1, read_prefix, "on|off"}};
	struct local *l = state;
	int r = 0;

	l->prefix = true;
	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_options(s->in, options, ARRAY_LEN(options), l))
			r = ERR_SYNTAX;
	}
	return r;
}

static int start(struct generation *gen, void *state)
{
	struct local *l = state;

	l->intercepted = metrics_series(&intercepted_desc, NULL);
	return 0;
}

/* ---------------------------------------------------------------- answers */

static int answer(struct query *q, uint16_t type, const uint8_t *rdata, size_t len)
{
	return reply_add(q, SECTION_ANSWER, NULL, type, LOCAL_TTL_S, rdata, (uint16_t)len);
}

/* There is nothing; the SOA tells for how long.  `owner` NULL: the name that was asked for. */
static int nothing(struct query *q, const uint8_t *owner)
{
	int err = reply_add(q, SECTION_AUTHORITY, owner, TYPE_SOA, LOCAL_TTL_S, soa, sizeof(soa) - 1);

	if (!err)
		q->reply.rr[SECTION_AUTHORITY]->required = true;
	return err;
}

static int answer_address(struct query *q)
{
	if (q->in.qtype == TYPE_A)
		return answer(q, TYPE_A, loopback4, sizeof(loopback4));
	if (q->in.qtype == TYPE_AAAA)
		return answer(q, TYPE_AAAA, loopback6, sizeof(loopback6));
	return nothing(q, NULL);
}

static int answer_apex(struct query *q, const struct zone *z)
{
	if (q->in.qtype == TYPE_SOA)
		return answer(q, TYPE_SOA, soa, sizeof(soa) - 1);
	if (q->in.qtype == TYPE_NS)
		return answer(q, TYPE_NS, localhost_name, sizeof(localhost_name));
	return z == zones ? answer_address(q) : nothing(q, NULL);
}

static bool is_name(const struct query *q, const uint8_t *name, size_t len)
{
	return q->in.qname_len == len && memcmp(q->in.qname, name, len) == 0;
}

static int answer_below(struct query *q, const struct zone *z)
{
	if (!is_name(q, loopback_name, sizeof(loopback_name))) {
		q->reply.rcode = RCODE_NXDOMAIN;
		return nothing(q, z->name);
	}
	if (q->in.qtype == TYPE_PTR)
		return answer(q, TYPE_PTR, localhost_name, sizeof(localhost_name));
	return nothing(q, z->name);
}

/* ---------------------------------------------------------------- which names */

static const struct zone *find_zone(const struct wire_query *in)
{
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		const struct cf_key key = {.zone = zones[i].name, .zone_len = (uint8_t)zones[i].len};

		if (zone_key_has(&key, in))
			return &zones[i];
	}
	return NULL;
}

static bool intercepts(const struct local *l, const struct query *q, const struct zone *z)
{
	if (z == zones && q->in.n_labels > 1)
		return true;
	return l->prefix && q->in.n_labels > 1 &&
	       memcmp(q->in.qname, localhost_name, sizeof(localhost_name) - 1) == 0;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct local *l = state;
	const struct zone *z = find_zone(&q->in);
	bool below = intercepts(l, q, z);
	int err;

	if (likely(!z && !below) || q->in.qclass != CLASS_IN)
		return STEP_NEXT;
	reply_begin(q, RCODE_NOERROR, false);
	if (below) {
		metric_inc(q->w->cells, l->intercepted);
		err = answer_address(q);
	} else {
		err = is_name(q, z->name, z->len) ? answer_apex(q, z) : answer_below(q, z);
	}
	if (err)
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of query memory");
	return STEP_DONE;
}

const struct plugin plugin_local = {
	.name = "local",
	.state_size = sizeof(struct local),
	.setup = setup,
	.start = start,
	.query = query,
	.makes_answers = true,
};
