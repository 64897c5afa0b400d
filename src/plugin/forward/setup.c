// SPDX-License-Identifier: Apache-2.0
/* The directive's grammar. */

#include "plugin/forward/forward.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <string.h>

enum {
	DEFAULT_READ_MS = 2000,
	DEFAULT_EXPIRE_MS = 10000,
	DEFAULT_HEALTH_MS = 500,
	DEFAULT_MAX_FAILS = 2,
};
/* The longest duration that still adds to a clock value without overflow: some 290 years. */
#define LONGEST_NS (UINT64_C(1) << 62)

/* ---------------------------------------------------------------- options */

static struct upstream_config *config_of(void *state)
{
	return &((struct forward_reading *)state)->rule->config;
}

static int out_of_memory(struct cf_cursor *in)
{
	return cf_fail(in, "out of memory");
}

static int parse_except(struct cf_cursor *in, void *state)
{
	struct forward_reading *r = state;
	struct forward_rule *rule = r->rule;
	struct cf_keys names = {0};
	const struct cf_token *t;
	const uint8_t **all;

	while (cf_arg(in, &t))
		cf_zone_arg(r->s->arena, t, in->errs, &names);
	all = arena_alloc(r->s->arena, (rule->n_except + names.n) * sizeof(*all));
	if (!all)
		return out_of_memory(in);
	if (rule->n_except)
		memcpy(all, rule->except, rule->n_except * sizeof(*all));
	for (size_t i = 0; i < names.n; i++)
		all[rule->n_except + i] = names.v[i].zone;
	rule->except = all;
	rule->n_except += names.n;
	return 0;
}

static int parse_force_tcp(struct cf_cursor *in, void *state)
{
	config_of(state)->force_tcp = true;
	return 0;
}

static int parse_prefer_udp(struct cf_cursor *in, void *state)
{
	config_of(state)->prefer_udp = true;
	return 0;
}

static int parse_expire(struct cf_cursor *in, void *state)
{
	return cf_arg_duration(in, "DURATION", 0, LONGEST_NS, &config_of(state)->expire_ns);
}

static int parse_max_age(struct cf_cursor *in, void *state)
{
	return cf_arg_duration(in, "DURATION", 0, LONGEST_NS, &config_of(state)->max_age_ns);
}

static int parse_max_idle_conns(struct cf_cursor *in, void *state)
{
	return cf_arg_u32(in, "N", 0, INT32_MAX, &config_of(state)->max_idle_conns);
}

static int parse_read_timeout(struct cf_cursor *in, void *state)
{
	return cf_arg_duration(in, "DURATION", 1, LONGEST_NS, &config_of(state)->read_timeout_ns);
}

static int parse_max_fails(struct cf_cursor *in, void *state)
{
	return cf_arg_u32(in, "N", 0, UINT32_MAX, &config_of(state)->max_fails);
}

static int parse_max_connect_attempts(struct cf_cursor *in, void *state)
{
	((struct forward_reading *)state)->attempts_set = true;
	return cf_arg_u32(in, "N", 0, UINT32_MAX, &config_of(state)->max_connect_attempts);
}

static int parse_health_domain(struct cf_cursor *in, struct forward_reading *r)
{
	const char *text;
	uint8_t name[WIRE_NAME_MAX];
	int len = cf_arg_text(in, "a domain name", &text);

	if (len)
		return len;
	len = wire_name_from_text(text, name);
	if (len < 0)
		return cf_fail(in, "\"%.100s\" is no domain name", text);
	r->rule->config.health_domain = arena_copy(r->s->arena, name, (size_t)len);
	return r->rule->config.health_domain ? 0 : out_of_memory(in);
}

static int parse_health_check(struct cf_cursor *in, void *state)
{
	struct forward_reading *r = state;
	struct upstream_config *c = &r->rule->config;
	int err = cf_arg_duration(in, "DURATION", 0, LONGEST_NS, &c->health_interval_ns);
	const struct cf_token *t;

	c->health_domain = NULL;
	while (!err && cf_arg(in, &t)) {
		if (!strcmp(t->text, "no_rec"))
			c->health_no_rec = true;
		else if (!strcmp(t->text, "domain"))
			err = parse_health_domain(in, r);
		else
			err = cf_fail(
				in, "unknown health_check word \"%.100s\"; allowed here: no_rec, domain FQDN",
				t->text);
	}
	return err;
}

static int parse_policy(struct cf_cursor *in, void *state)
{
	static const char *const words[] = {
		[POLICY_RANDOM] = "random",
		[POLICY_ROUND_ROBIN] = "round_robin",
		[POLICY_SEQUENTIAL] = "sequential",
	};
	size_t i;
	int err = cf_arg_word(in, "policy", words, ARRAY_LEN(words), &i);

	if (!err)
		config_of(state)->policy = (enum upstream_policy)i;
	return err;
}

static int parse_max_concurrent(struct cf_cursor *in, void *state)
{
	return cf_arg_u32(in, "N", 0, INT32_MAX, &config_of(state)->max_concurrent);
}

/* Rcodes by name.  Those above 31 exist only in TSIG and cannot come from an upstream. */
static int parse_rcodes(struct cf_cursor *in, uint32_t *set)
{
	const struct cf_token *t;

	while (cf_arg(in, &t)) {
		int rcode = wire_rcode_from_text(t->text);

		if (rcode < 0 || rcode > 31)
			return cf_fail(in,
				       "\"%.100s\" is no rcode; expected a name such as NXDOMAIN or SERVFAIL",
				       t->text);
		*set |= UINT32_C(1) << rcode;
	}
	return 0;
}

static int parse_next(struct cf_cursor *in, void *state)
{
	return parse_rcodes(in, &((struct forward_reading *)state)->rule->next_rcodes);
}

static int parse_next_on_nodata(struct cf_cursor *in, void *state)
{
	((struct forward_reading *)state)->rule->next_on_nodata = true;
	return 0;
}

static int parse_failover(struct cf_cursor *in, void *state)
{
	int err = parse_rcodes(in, &config_of(state)->failover_rcodes);

	if (!err && (config_of(state)->failover_rcodes & 1))
		return cf_fail(in, "NOERROR is no reason for failover; expected the names of other rcodes");
	return err;
}

static int parse_failfast(struct cf_cursor *in, void *state)
{
	config_of(state)->failfast = true;
	return 0;
}

static int parse_source_address(struct cf_cursor *in, void *state)
{
	struct forward_reading *r = state;
	struct net_addr a, *copy;
	const char *text;
	int err = cf_arg_text(in, "IP", &text);

	if (err)
		return err;
	if (net_addr_parse(text, 0, &a))
		return cf_fail(in, "\"%.100s\" is no IP address", text);
	copy = arena_copy(r->s->arena, &a, sizeof(a));
	if (!copy)
		return out_of_memory(in);
	r->rule->config.source = copy;
	return 0;
}

/* IP, IP:PORT or [IP]:PORT. */
static int parse_resolver(struct cf_cursor *in, void *state)
{
	struct forward_reading *r = state;
	size_t left = cf_args_left(in);
	struct net_addr *all = arena_alloc(r->s->arena, (r->n_resolvers + left) * sizeof(*all));
	const struct cf_token *t;

	if (!all)
		return out_of_memory(in);
	if (r->n_resolvers)
		memcpy(all, r->resolvers, r->n_resolvers * sizeof(*all));
	r->resolvers = all;
	while (cf_arg(in, &t)) {
		if (forward_address(t->text, 53, &all[r->n_resolvers]))
			return cf_fail(in, "\"%.100s\" is no address; expected IP or IP:PORT", t->text);
		r->n_resolvers++;
	}
	return 0;
}

static int parse_tc(struct cf_cursor *in, void *state)
{
	static const char *const words[] = {"retry", "passthrough"};
	size_t i;
	int err = cf_arg_word(in, "what to do with truncated answers", words, ARRAY_LEN(words), &i);

	if (!err)
		config_of(state)->tc_passthrough = i == 1;
	return err;
}

static int parse_hedge(struct cf_cursor *in, void *state)
{
	static const char *const words[] = {"on", "off"};
	size_t i;
	int err = cf_arg_word(in, "whether to hedge", words, ARRAY_LEN(words), &i);

	if (!err)
		config_of(state)->no_hedge = i == 1;
	return err;
}

static int parse_case_randomization(struct cf_cursor *in, void *state)
{
	config_of(state)->case_randomization = true;
	return 0;
}

static int parse_cookie(struct cf_cursor *in, void *state)
{
	static const char *const words[] = {[COOKIES_AUTO] = "auto", [COOKIES_ON] = "on", [COOKIES_OFF] = "off"};
	size_t i;
	int err = cf_arg_word(in, "whether to send cookies", words, ARRAY_LEN(words), &i);

	if (!err)
		config_of(state)->cookies = (enum upstream_cookies)i;
	return err;
}

static int refuse_tls(struct cf_cursor *in, void *state)
{
	return cf_fail(in, "option \"%s\" is not in this build yet: upstreams are asked over UDP and TCP",
		       cf_here(in)->text);
}

static const struct cf_option_def options[] = {
	{"except", 1, -1, parse_except, "NAMES..."},
	{"force_tcp", 0, 0, parse_force_tcp, ""},
	{"prefer_udp", 0, 0, parse_prefer_udp, ""},
	{"expire", 1, 1, parse_expire, "DURATION"},
	{"max_age", 1, 1, parse_max_age, "DURATION"},
	{"max_idle_conns", 1, 1, parse_max_idle_conns, "N"},
	{"read_timeout", 1, 1, parse_read_timeout, "DURATION"},
	{"max_fails", 1, 1, parse_max_fails, "N"},
	{"max_connect_attempts", 1, 1, parse_max_connect_attempts, "N"},
	{"health_check", 1, -1, parse_health_check, "DURATION [no_rec] [domain FQDN]"},
	{"policy", 1, 1, parse_policy, "random|round_robin|sequential"},
	{"max_concurrent", 1, 1, parse_max_concurrent, "N"},
	{"next", 1, -1, parse_next, "RCODE..."},
	{"next_on_nodata", 0, 0, parse_next_on_nodata, ""},
	{"failover", 1, -1, parse_failover, "RCODE..."},
	{"failfast_all_unhealthy_upstreams", 0, 0, parse_failfast, ""},
	{"tls", 0, 3, refuse_tls, "[CERT KEY [CA]] or [CA]"},
	{"tls_servername", 1, 1, refuse_tls, "NAME"},
	{"doh_method", 1, 1, refuse_tls, "GET|POST"},
	{"source_address", 1, 1, parse_source_address, "IP"},
	{"resolver", 1, -1, parse_resolver, "IP[:PORT]..."},
	{"tc", 1, 1, parse_tc, "retry|passthrough"}, /* ours */
	{"pace", 1, 2 + UPSTREAM_TARGETS_MAX, forward_pace_parse, "N [NAME [TO...]]"}, /* ours */
	{"case_randomization", 0, 0, parse_case_randomization, ""}, /* ours */
	{"cookie", 1, 1, parse_cookie, "auto|on|off"}, /* ours */
	{"hedge", 1, 1, parse_hedge, "on|off"}, /* ours */
};

/* ---------------------------------------------------------------- the directive */

static int parse_from(struct forward_reading *r)
{
	struct cf_cursor *in = r->s->in;
	const struct cf_token *t;
	struct cf_keys keys = {0};
	int err;

	if (!cf_arg(in, &t))
		return cf_fail(in, "expected FROM and at least one TO behind \"forward\"");
	err = cf_key_parse(r->s->arena, t, in->errs, &keys);
	if (err)
		return err == -ENOMEM ? out_of_memory(in) : err;
	if (keys.n > 1)
		cf_warning(in->errs, t->file, t->line,
			   "plugin forward: \"%.100s\" stands for %zu zones; only the first is forwarded",
			   t->text, keys.n);
	r->rule->from = keys.v[0].zone;
	return 0;
}

static int parse_to(struct forward_reading *r)
{
	struct cf_cursor *in = r->s->in;
	size_t left = cf_args_left(in);

	if (!left)
		return cf_fail(in, "expected at least one TO behind \"%.100s\"", cf_here(in)->text);
	r->to = arena_alloc(r->s->arena, left * sizeof(*r->to));
	if (!r->to)
		return out_of_memory(in);
	while (cf_arg(in, &r->to[r->n_to]))
		r->n_to++;
	return 0;
}

static int parse_directive(struct setup *s, struct forward_rule *rule)
{
	struct forward_reading r = {.s = s, .rule = rule};
	struct upstream_config *c = &rule->config;
	int err = parse_from(&r);

	*c = (struct upstream_config){
		.read_timeout_ns = DEFAULT_READ_MS * NS_PER_MS,
		.expire_ns = DEFAULT_EXPIRE_MS * NS_PER_MS,
		.health_interval_ns = DEFAULT_HEALTH_MS * NS_PER_MS,
		.max_fails = DEFAULT_MAX_FAILS,
	};
	if (!err)
		err = parse_to(&r);
	if (cf_options(s->in, options, ARRAY_LEN(options), &r))
		err = ERR_SYNTAX;
	if (c->max_age_ns && c->max_age_ns < c->expire_ns)
		err = cf_fail(s->in, "max_age must not be shorter than expire, or be 0");
	if (!err)
		err = forward_targets(&r);
	if (!err)
		err = forward_pace_assign(&r);
	if (!err && !r.attempts_set)
		c->max_connect_attempts = 2 * c->n_targets;
	return err;
}

int forward_setup(struct setup *s, void *state)
{
	struct forward *f = state;
	int result = 0;

	while (cf_directive(s->in)) {
		if (!f->rules)
			f->rules = arena_zalloc(s->arena, s->in->n * sizeof(*f->rules));
		if (!f->rules)
			return out_of_memory(s->in);
		if (parse_directive(s, &f->rules[f->n++]))
			result = ERR_SYNTAX;
	}
	return result;
}
