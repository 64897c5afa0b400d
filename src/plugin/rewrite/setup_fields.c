// SPDX-License-Identifier: Apache-2.0
/* The words behind each field of a rule. */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RCODE_LARGEST = 23, TTL_LARGEST_S = 0x7fffffff };

static int no_memory(struct setup *s)
{
	return cf_fail(s->in, "out of memory");
}

/* ---------------------------------------------------------------- name */

static int add_answer(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, bool value, const char *from, const char *to)
{
	struct rewrite_answer *a = arena_zalloc(s->arena, sizeof(*a));

	if (!a)
		return no_memory(s);
	a->value = value;
	if (rewrite_match_new(s, r, &a->match, MATCH_REGEX, from, to))
		return ERR_SYNTAX;
	a->next = rule->answers; /* the last one is the first to be undone */
	rule->answers = a;
	return 0;
}

/* One `[answer] auto`, `[answer] name RE TO` or `[answer] value RE TO`; *ret_used words. */
static int parse_answer(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n,
			size_t *ret_used)
{
	size_t skip = strcmp(w[0], "answer") == 0;
	bool value;

	if (n == skip)
		return cf_fail(s->in, "expected auto, name FROM TO or value FROM TO after \"answer\"");
	if (strcmp(w[skip], "auto") == 0) {
		rule->automatic = true;
		*ret_used = skip + 1;
		return 0;
	}
	value = strcmp(w[skip], "value") == 0;
	if (!value && strcmp(w[skip], "name") != 0)
		return cf_fail(s->in, "unknown kind of answer rule \"%s\"; expected auto, name or value", w[skip]);
	if (n < skip + 3)
		return cf_fail(s->in, "expected a regular expression and a replacement after \"answer %s\"", w[skip]);
	*ret_used = skip + 3;
	return add_answer(s, r, rule, value, w[skip + 1], w[skip + 2]);
}

static bool has_name_answer(const struct rewrite_rule *rule)
{
	for (const struct rewrite_answer *a = rule->answers; a; a = a->next) {
		if (!a->value)
			return true;
	}
	return false;
}

static int parse_answers(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	size_t used = 0;

	if (n && strcmp(w[0], "answer") != 0)
		return cf_fail(s->in, "found \"%s\" where only \"answer\" may follow", w[0]);
	for (; n; w += used, n -= used) {
		if (parse_answer(s, r, rule, w, n, &used))
			return ERR_SYNTAX;
	}
	if (rule->automatic && has_name_answer(rule))
		return cf_fail(s->in, "\"answer auto\" and \"answer name\" do not go together; expected one of them");
	if (rule->match.kind == MATCH_EXACT && !has_name_answer(rule))
		rule->automatic = true;
	return 0;
}

static int parse_name(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	int kind = n > 2 ? rewrite_kind_of(w[0]) : MATCH_EXACT;

	if (n < 2)
		return cf_fail(s->in, "expected name [exact|prefix|suffix|substring|regex] FROM TO");
	if (kind < 0)
		return cf_fail(s->in, "unknown way to match a name \"%s\"; expected exact, prefix, suffix, substring or regex", w[0]);
	if (n > 2) {
		w++;
		n--;
	}
	if (rewrite_match_new(s, r, &rule->match, (enum rewrite_kind)kind, w[0], w[1]))
		return ERR_SYNTAX;
	return parse_answers(s, r, rule, w + 2, n - 2);
}

/* ---------------------------------------------------------------- type, class */

static int parse_number(struct setup *s, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	bool type = rule->field == FIELD_TYPE;
	const char *what = type ? "type" : "class";

	if (n != 2)
		return cf_fail(s->in, "expected %s FROM TO, found %zu arguments", what, n);
	for (size_t i = 0; i < 2; i++) {
		int v = type ? wire_type_from_text(w[i]) : wire_class_from_text(w[i]);

		if (v < 0)
			return cf_fail(s->in, "unknown %s \"%s\"; expected a mnemonic such as %s", what, w[i], type ? "AAAA" : "CH");
		*(i ? &rule->to : &rule->from) = (uint16_t)v;
	}
	return 0;
}

/* ---------------------------------------------------------------- ttl, rcode, cname */

/* `[KIND] NAME` in front of `behind` more words: how many it takes, 0 with the error recorded. */
static size_t parse_kind(struct setup *s, const char *what, const char *const *w, size_t n, size_t behind, enum rewrite_kind *ret)
{
	int kind = MATCH_EXACT;

	if (n != behind + 1 && n != behind + 2) {
		cf_fail(s->in, "expected %s", what);
		return 0;
	}
	if (n == behind + 2)
		kind = rewrite_kind_of(w[0]);
	if (kind < 0)
		cf_fail(s->in, "unknown way to match a name \"%s\"; expected exact, prefix, suffix, substring or regex", w[0]);
	*ret = (enum rewrite_kind)kind;
	return kind < 0 ? 0 : n - behind;
}

static bool parse_seconds(const char *text, size_t len, uint32_t *ret)
{
	int64_t v;

	if (!len) /* this side is open */
		return true;
	if (strspn(text, "0123456789") < len || cf_integer(strndupa(text, len), &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool parse_range(const char *text, struct rewrite_rule *rule)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);

	rule->ttl_max_s = TTL_LARGEST_S;
	if (!*text || (dash && !len && !dash[1]) || !parse_seconds(text, len, &rule->ttl_min_s))
		return false;
	if (!dash)
		rule->ttl_max_s = rule->ttl_min_s;
	else if (!parse_seconds(dash + 1, strlen(dash + 1), &rule->ttl_max_s))
		return false;
	return rule->ttl_min_s <= rule->ttl_max_s;
}

static int parse_ttl(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	enum rewrite_kind kind;
	size_t used = parse_kind(s, "ttl [exact|prefix|suffix|substring|regex] NAME TTL", w, n, 1, &kind);

	if (!used || rewrite_match_new(s, r, &rule->match, kind, w[used - 1], NULL))
		return ERR_SYNTAX;
	if (!parse_range(w[used], rule))
		return cf_fail(s->in, "\"%s\" is not a TTL; expected seconds, MIN-MAX, MIN- or -MAX", w[used]);
	return 0;
}

static int parse_one_rcode(struct setup *s, const char *text, uint16_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);
	int code = isdigit((unsigned char)*text) && !*end ? (v > RCODE_LARGEST ? -1 : (int)v) : wire_rcode_from_text(text);

	if (code < 0 || code > RCODE_LARGEST)
		return cf_fail(s->in, "unknown rcode \"%s\"; expected a name such as NXDOMAIN or 0 to %d", text, RCODE_LARGEST);
	*ret = (uint16_t)code;
	return 0;
}

static int parse_rcode(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	enum rewrite_kind kind;
	size_t used = parse_kind(s, "rcode [exact|prefix|suffix|substring|regex] NAME FROM TO", w, n, 2, &kind);

	if (!used || rewrite_match_new(s, r, &rule->match, kind, w[used - 1], NULL) ||
	    parse_one_rcode(s, w[used], &rule->from) || parse_one_rcode(s, w[used + 1], &rule->to))
		return ERR_SYNTAX;
	return 0;
}

static int parse_cname(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	enum rewrite_kind kind;
	size_t used = parse_kind(s, "cname [exact|prefix|suffix|substring|regex] FROM TO", w, n, 1, &kind);

	return used ? rewrite_match_new(s, r, &rule->match, kind, w[used - 1], w[used]) : ERR_SYNTAX;
}

int rewrite_parse_field(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *w, size_t n)
{
	switch (rule->field) {
	case FIELD_NAME:
		return parse_name(s, r, rule, w, n);
	case FIELD_TYPE:
	case FIELD_CLASS:
		return parse_number(s, rule, w, n);
	case FIELD_EDNS0:
		return rewrite_parse_option(s, &rule->option, w, n);
	case FIELD_TTL:
		return parse_ttl(s, r, rule, w, n);
	case FIELD_RCODE:
		return parse_rcode(s, r, rule, w, n);
	case FIELD_CNAME:
		return parse_cname(s, r, rule, w, n);
	}
	return ERR_SYNTAX;
}
