// SPDX-License-Identifier: Apache-2.0
/* proxyproto: whose PROXY protocol headers the block's listeners believe.  The work is done in net/proxy_*.c. */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "net/proxy_policy.h"
#include "net/proxy_sessions.h"
#include "server/generation.h"

#include <string.h>

enum { SESSIONS_DEFAULT = 10240, NETWORKS_MAX = 4096 };

struct proxyproto {
	struct proxy_policy policy;
	struct net_cidr *allow;
	size_t cap;
	bool otherwise_given;
};

static int append(struct cf_cursor *c, struct proxyproto *p, const struct net_cidr *n)
{
	if (p->policy.n_allow == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 8;
		struct net_cidr *v = cap > NETWORKS_MAX ? NULL : arena_alloc(c->arena, cap * sizeof(*v));

		if (!v)
			return cf_fail(c, "more than %d networks, or out of memory", NETWORKS_MAX);
		if (p->cap)
			memcpy(v, p->allow, p->policy.n_allow * sizeof(*v));
		p->allow = v;
		p->cap = cap;
	}
	p->allow[p->policy.n_allow++] = *n;
	return 0;
}

static int read_allow(struct cf_cursor *c, void *state)
{
	const struct cf_token *t;

	while (cf_arg(c, &t)) {
		struct net_cidr n;

		if (!strchr(t->text, '/') || net_cidr_parse(t->text, &n))
			return cf_fail(c, "\"%.64s\" is no network; expected CIDR, as in 192.0.2.0/24", t->text);
		if (append(c, state, &n))
			return ERR_SYNTAX;
	}
	return 0;
}

static int read_default(struct cf_cursor *c, void *state)
{
	static const char *const words[] = {"use", "ignore", "reject", "skip"};
	static const enum proxy_action actions[] = {PROXY_USE, PROXY_IGNORE, PROXY_REJECT, PROXY_SKIP};
	struct proxyproto *p = state;
	size_t i;

	if (cf_arg_word(c, "policy", words, ARRAY_LEN(words), &i))
		return ERR_SYNTAX;
	p->policy.otherwise = actions[i];
	p->otherwise_given = true;
	return 0;
}

static int read_sessions(struct cf_cursor *c, void *state)
{
	struct proxyproto *p = state;

	p->policy.session_max = SESSIONS_DEFAULT;
	if (cf_arg_duration(c, "udp_session_tracking", 1, INT64_MAX, &p->policy.session_ns))
		return ERR_SYNTAX;
	return cf_args_left(c) ? cf_arg_u32(c, "MAX_SESSIONS", 1, PROXY_SESSIONS_MAX, &p->policy.session_max) : 0;
}

static const struct cf_option_def options[] = {
	{"allow", 1, -1, read_allow, "CIDR..."},
	{"default", 1, 1, read_default, "use|ignore|reject|skip"},
	{"udp_session_tracking", 1, 2, read_sessions, "DURATION [MAX_SESSIONS]"},
};

static int setup(struct setup *s, void *state)
{
	struct proxyproto *p = state;
	int r = 0;

	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_options(s->in, options, ARRAY_LEN(options), p))
			r = ERR_SYNTAX;
	}
	if (!p->otherwise_given)
		p->policy.otherwise = p->policy.n_allow ? PROXY_IGNORE : PROXY_USE;
	p->policy.allow = p->allow;
	s->block->settings.proxy = &p->policy;
	return r;
}

static metric_id series(const char *reason)
{
	static const struct metric_desc desc = {
		"binnacle_proxyproto_refused_total",
		"Connections and datagrams whose PROXY header was wrong, or not to be there.",
		METRIC_COUNTER, "reason", NULL, 0, 0};

	return metrics_series(&desc, &reason);
}

static int start(struct generation *gen, void *state)
{
	struct proxyproto *p = state;

	p->policy.bad = series("bad");
	p->policy.rejected = series("rejected");
	return 0;
}

const struct plugin plugin_proxyproto = {
	.name = "proxyproto",
	.state_size = sizeof(struct proxyproto),
	.setup = setup,
	.start = start,
};
