// SPDX-License-Identifier: Apache-2.0
/* The grammar of `cache`. */
#include "base/clock.h"
#include "base/err.h"
#include "plugin/cache/plugin_cache.h"
#include "server/generation.h"

#include <string.h>
#include <strings.h>

enum {
	CAPACITY_DEFAULT = 10000,
	MAX_SUCCESS_S = 3600,
	MAX_DENIAL_S = 1800,
	MIN_S = 5,
	SERVFAIL_S = 5,
	PREFETCH_WINDOW_S = 60,
	PREFETCH_PERCENT = 10,
	STALE_S = 3600,
	/* The client response timer of RFC 8767 5: what a stub waits for without trying another server. */
	VERIFY_MS = 1800,
};
static const uint64_t FIVE_MINUTES_NS = 300 * NS_PER_S;
static const uint64_t ANY_DURATION_NS = INT64_MAX;

/* What one directive's options are read into. */
struct reading {
	struct cache_settings *set;
	bool stale_given, policy_given;
	const struct cf_token *policy_at;
};

static void defaults(struct cache_settings *set)
{
	*set = (struct cache_settings){
		.capacity = {CAPACITY_DEFAULT, CAPACITY_DEFAULT},
		.life = {.max_s = {MAX_SUCCESS_S, MAX_DENIAL_S},
			 .min_s = {MIN_S, MIN_S},
			 .servfail_s = SERVFAIL_S},
		.prefetch_window_ns = PREFETCH_WINDOW_S * NS_PER_S,
		.prefetch_percent = PREFETCH_PERCENT,
	};
}

static uint32_t seconds_up(uint64_t ns)
{
	uint64_t s = ns / NS_PER_S + (ns % NS_PER_S != 0);

	return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

/* ---------------------------------------------------------------- options */

/* CAPACITY [TTL [MINTTL]]; more is ignored, as in the peer. */
static int read_kind(struct cf_cursor *c, struct cache_settings *set, enum cache_kind k)
{
	int64_t capacity;

	if (cf_arg_i64(c, "CAPACITY", INT64_MIN, INT64_MAX, &capacity))
		return ERR_SYNTAX;
	set->capacity[k] = capacity;
	if (cf_args_left(c) && cf_arg_u32(c, "TTL in seconds", 1, UINT32_MAX, &set->life.max_s[k]))
		return ERR_SYNTAX;
	if (cf_args_left(c) && cf_arg_u32(c, "MINTTL in seconds", 0, UINT32_MAX, &set->life.min_s[k]))
		return ERR_SYNTAX;
	return 0;
}

static int read_success(struct cf_cursor *c, void *state)
{
	return read_kind(c, ((struct reading *)state)->set, CACHE_SUCCESS);
}

static int read_denial(struct cf_cursor *c, void *state)
{
	return read_kind(c, ((struct reading *)state)->set, CACHE_DENIAL);
}

static int read_percent(struct cf_cursor *c, uint32_t *ret)
{
	const char *text;
	int64_t n;
	size_t len;

	if (cf_arg_text(c, "PERCENTAGE%", &text))
		return ERR_SYNTAX;
	len = strlen(text);
	if (len < 2 || text[len - 1] != '%' || cf_integer(arena_strndup(c->arena, text, len - 1), &n) ||
	    n < 10 || n > 90)
		return cf_fail(c, "found \"%.32s\", expected a percentage from 10%% to 90%%", text);
	*ret = (uint32_t)n;
	return 0;
}

static int read_prefetch(struct cf_cursor *c, void *state)
{
	struct cache_settings *set = ((struct reading *)state)->set;

	if (cf_arg_u32(c, "AMOUNT", 0, INT32_MAX, &set->prefetch))
		return ERR_SYNTAX;
	if (cf_args_left(c) && cf_arg_duration(c, "DURATION", 0, ANY_DURATION_NS, &set->prefetch_window_ns))
		return ERR_SYNTAX;
	return cf_args_left(c) ? read_percent(c, &set->prefetch_percent) : 0;
}

/* [RESPONSE_TTL [RECHECK]] */
static int read_stale_tail(struct cf_cursor *c, struct stale_config *stale)
{
	uint64_t ttl_ns = 0;

	if (cf_args_left(c) && cf_arg_duration(c, "RESPONSE_TTL", 0, UINT32_MAX * NS_PER_S, &ttl_ns))
		return ERR_SYNTAX;
	if (ttl_ns % NS_PER_S)
		return cf_fail(c, "found \"%.32s\", expected a RESPONSE_TTL of whole seconds",
			       cf_here(c)->text);
	stale->ttl_s = (uint32_t)(ttl_ns / NS_PER_S);
	if (cf_args_left(c) && cf_arg_duration(c, "RECHECK", 0, FIVE_MINUTES_NS, &stale->recheck_ns))
		return ERR_SYNTAX;
	return cf_no_more_args(c);
}

/* [DURATION [immediate [RESPONSE_TTL [RECHECK]] | verify [TIMEOUT [RESPONSE_TTL [RECHECK]]]]] */
static int read_serve_stale(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	struct stale_config *stale = &r->set->stale;
	const struct cf_token *t;
	uint64_t window_ns = STALE_S * NS_PER_S;

	r->stale_given = true;
	*stale = (struct stale_config){0};
	if (cf_args_left(c) && cf_arg_duration(c, "DURATION", 0, ANY_DURATION_NS, &window_ns))
		return ERR_SYNTAX;
	stale->window_s = seconds_up(window_ns);
	if (!cf_arg(c, &t))
		return 0;
	stale->verify = !strcasecmp(t->text, "verify");
	if (!stale->verify && strcasecmp(t->text, "immediate"))
		return cf_fail(c, "found \"%.32s\", expected \"immediate\" or \"verify\"", t->text);
	stale->timeout_ns = VERIFY_MS * NS_PER_MS;
	if (stale->verify && cf_args_left(c) &&
	    cf_arg_duration(c, "TIMEOUT", 0, ANY_DURATION_NS, &stale->timeout_ns))
		return ERR_SYNTAX;
	return read_stale_tail(c, stale);
}

static int read_policy(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const char *word;

	if (cf_arg_text(c, "policy", &word))
		return ERR_SYNTAX;
	if (strcmp(word, "prefer_positive"))
		return cf_fail(c, "found \"%.32s\", expected \"prefer_positive\"", word);
	if (r->policy_given)
		return cf_fail(c, "serve_stale_policy stands twice");
	r->policy_given = true;
	r->policy_at = cf_here(c);
	r->set->life.prefer_positive = true;
	return 0;
}

static int read_servfail(struct cf_cursor *c, void *state)
{
	uint64_t ns;

	if (cf_arg_duration(c, "DURATION", 0, FIVE_MINUTES_NS, &ns))
		return ERR_SYNTAX;
	((struct reading *)state)->set->life.servfail_s = seconds_up(ns);
	return 0;
}

static void read_zones(struct cf_cursor *c, struct zone_list *z)
{
	const struct cf_token *t;

	*z = (struct zone_list){.all = !cf_args_left(c)};
	while (cf_arg(c, &t))
		cf_zone_arg(c->arena, t, c->errs, &z->keys);
}

static int read_disable(struct cf_cursor *c, void *state)
{
	static const char *const kinds[CACHE_KINDS] = {"success", "denial"};
	struct cache_settings *set = ((struct reading *)state)->set;
	size_t k;

	if (cf_arg_word(c, "what is not cached", kinds, CACHE_KINDS, &k))
		return ERR_SYNTAX;
	set->disabled[k] = true;
	read_zones(c, &set->disabled_in[k]);
	return 0;
}

static int read_keepttl(struct cf_cursor *c, void *state)
{
	((struct reading *)state)->set->keep_ttl = true;
	return 0;
}

static const struct cf_option_def options[] = {
	{"success", 1, -1, read_success, "CAPACITY [TTL [MINTTL]]"},
	{"denial", 1, -1, read_denial, "CAPACITY [TTL [MINTTL]]"},
	{"prefetch", 1, 3, read_prefetch, "AMOUNT [DURATION [PERCENTAGE%]]"},
	{"serve_stale", 0, 5, read_serve_stale,
	 "[DURATION [immediate [RESPONSE_TTL [RECHECK]] | verify [TIMEOUT [RESPONSE_TTL [RECHECK]]]]]"},
	{"serve_stale_policy", 1, 1, read_policy, "prefer_positive"},
	{"servfail", 1, 1, read_servfail, "DURATION"},
	{"disable", 1, -1, read_disable, "success|denial [ZONES...]"},
	{"keepttl", 0, 0, read_keepttl, ""},
};

/* ---------------------------------------------------------------- the directive */

/* [TTL] [ZONES...]: a first argument that is a number is both maxima. */
static int read_line(struct setup *s, struct cache_settings *set)
{
	const struct cf_token *t;
	int64_t ttl;
	int r = 0;

	set->zones.all = true;
	for (bool first = true; cf_arg(s->in, &t); first = false) {
		if (!first || cf_integer(t->text, &ttl)) {
			set->zones.all = false;
			cf_zone_arg(s->arena, t, s->in->errs, &set->zones.keys);
			continue;
		}
		if (ttl < 1 || ttl > UINT32_MAX)
			r = cf_fail(s->in, "found \"%.32s\", expected a TTL of at least 1 second", t->text);
		set->life.max_s[CACHE_SUCCESS] = set->life.max_s[CACHE_DENIAL] = (uint32_t)ttl;
	}
	return r;
}

int cache_settings_read(struct setup *s, struct cache_settings *ret)
{
	struct reading r = {.set = ret};
	int line, block;

	defaults(ret);
	if (!cf_directive(s->in))
		return 0;
	line = read_line(s, ret);
	block = cf_options(s->in, options, ARRAY_LEN(options), &r);
	if (r.policy_given && !r.stale_given)
		block = cf_error(s->in->errs, r.policy_at->file, r.policy_at->line,
				 "plugin cache: serve_stale_policy needs serve_stale");
	if (!ret->stale.window_s)
		ret->life.prefer_positive = false;
	if (cf_directive(s->in))
		return cf_fail(s->in, "stands twice in this server block; its options go into one");
	return line || block ? ERR_SYNTAX : 0;
}
