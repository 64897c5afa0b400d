// SPDX-License-Identifier: Apache-2.0
/* Which names a rule is about, and the names that it makes of them.
 *
 * Everything but an exact name works on presentation form, lower case, with the final dot, as rules are written. */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/rewrite/pattern_list.h"
#include "server/generation.h"
#include "server/pattern.h"
#include "wire/name.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *const kinds[] = {"exact", "prefix", "suffix", "substring", "regex"};

int rewrite_kind_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcasecmp(kinds[i], word) == 0)
			return (int)i;
	}
	return -1;
}

/* ---------------------------------------------------------------- setup */

static bool ends_in_dot(const char *s)
{
	size_t n = strlen(s), slashes = 0;

	if (!n || s[n - 1] != '.')
		return false;
	while (slashes < n - 1 && s[n - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

/* Lower case, with a dot at the end if asked for. */
static const char *normal(struct arena *a, const char *s, bool dot, size_t *ret_len)
{
	char *copy = arena_printf(a, "%s%s", s, dot && !ends_in_dot(s) ? "." : "");

	for (char *p = copy; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	*ret_len = copy ? strlen(copy) : 0;
	return copy;
}

static const uint8_t *exact_name(struct setup *s, const char *text)
{
	uint8_t name[WIRE_NAME_MAX], low[WIRE_NAME_MAX];
	int len = wire_name_from_text(text, name);
	const uint8_t *copy;

	if (len < 0) {
		cf_fail(s->in, "\"%s\" is not a domain name", text);
		return NULL;
	}
	wire_name_lower(low, name, (size_t)len);
	copy = arena_copy(s->arena, low, (size_t)len);
	if (!copy)
		cf_fail(s->in, "out of memory");
	return copy;
}

static int new_exact(struct setup *s, struct rewrite_match *m, const char *from, const char *to)
{
	m->name = exact_name(s, from);
	if (m->name && to)
		m->to_name = exact_name(s, to);
	return m->name && (!to || m->to_name) ? 0 : ERR_SYNTAX;
}

/* {N}, of whom there is no group N. */
static int check_groups(struct setup *s, const struct rewrite_match *m, const char *from)
{
	for (const char *p = m->to; p && (p = strchr(p, '{')); p++) {
		size_t digits = strspn(p + 1, "0123456789");
		int64_t group;

		if (!digits || p[1 + digits] != '}')
			continue;
		if (digits > 3 || cf_integer(strndupa(p + 1, digits), &group) || group >= (int64_t)pattern_groups(m->pattern))
			return cf_fail(s->in, "\"%.*s\" in \"%s\", but \"%s\" has %u groups", (int)digits + 2, p, m->to, from,
				       pattern_groups(m->pattern) - 1);
	}
	return 0;
}

static int new_regex(struct setup *s, struct rewrite *r, struct rewrite_match *m, const char *from, const char *to)
{
	char why[160];

	if (strlen(from) > PATTERN_TEXT_MAX)
		return cf_fail(s->in, "the regular expression is longer than %d characters", PATTERN_TEXT_MAX);
	m->pattern = pattern_new(from, why, sizeof(why));
	if (!m->pattern)
		return cf_fail(s->in, "\"%s\" is not a regular expression: %s", from, why);
	if (pattern_list_add(s->arena, &r->patterns, m->pattern))
		return cf_fail(s->in, "out of memory");
	r->needs_match = true;
	m->to = to ? normal(s->arena, to, true, &m->to_len) : NULL;
	return check_groups(s, m, from);
}

int rewrite_match_new(struct setup *s, struct rewrite *r, struct rewrite_match *m, enum rewrite_kind kind, const char *from,
		      const char *to)
{
	/* A part of a name stands as it is written.  The peer puts a dot behind it, and so compares whole labels only; where either
	 * side has that dot, it is meant on both. */
	bool dot = kind == MATCH_SUFFIX || ends_in_dot(from) || (to && ends_in_dot(to));

	m->kind = kind;
	if (strlen(from) >= WIRE_NAME_TEXT_MAX && kind != MATCH_REGEX)
		return cf_fail(s->in, "\"%.40s...\" is longer than any name", from);
	if (to && strlen(to) >= WIRE_NAME_TEXT_MAX)
		return cf_fail(s->in, "\"%.40s...\" is longer than any name", to);
	if (kind == MATCH_EXACT)
		return new_exact(s, m, from, to);
	if (kind == MATCH_REGEX)
		return new_regex(s, r, m, from, to);
	if (!*from)
		return cf_fail(s->in, "an empty %s is part of every name; expected some of the name", kinds[kind]);
	m->from = normal(s->arena, from, dot, &m->from_len);
	m->to = to ? normal(s->arena, to, dot && (*to || kind == MATCH_SUFFIX), &m->to_len) : NULL;
	return m->from && (!to || m->to) ? 0 : cf_fail(s->in, "out of memory");
}

/* ---------------------------------------------------------------- matching */

static size_t name_text(const uint8_t *name, char *out)
{
	uint8_t low[WIRE_NAME_MAX];

	wire_name_lower(low, name, wire_name_len(name));
	return wire_name_text(low, out);
}

static int text_matches(const struct rewrite_match *m, struct pattern_match *room, const char *text, size_t len)
{
	if (m->kind == MATCH_REGEX)
		return pattern_find(m->pattern, room, text, len);
	if (m->from_len > len)
		return 0;
	if (m->kind == MATCH_PREFIX)
		return memcmp(text, m->from, m->from_len) == 0;
	if (m->kind == MATCH_SUFFIX)
		return memcmp(text + len - m->from_len, m->from, m->from_len) == 0;
	return memmem(text, len, m->from, m->from_len) != NULL;
}

int rewrite_matches(const struct rewrite_match *m, struct pattern_match *room, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT_MAX];

	if (m->kind == MATCH_EXACT)
		return wire_name_equal(m->name, name);
	return text_matches(m, room, text, name_text(name, text));
}

/* ---------------------------------------------------------------- the new name */

struct making {
	char text[REWRITE_TEXT_MAX];
	size_t n;
	bool full;
};

static void put(struct making *o, const char *s, size_t n)
{
	if (n >= sizeof(o->text) - o->n) {
		o->full = true;
		return;
	}
	memcpy(o->text + o->n, s, n);
	o->n += n;
}

/* Every place where the part stands. */
static void put_replaced(const struct rewrite_match *m, struct making *o, const char *text, size_t len)
{
	const char *end = text + len, *at;

	while ((at = memmem(text, (size_t)(end - text), m->from, m->from_len))) {
		put(o, text, (size_t)(at - text));
		put(o, m->to, m->to_len);
		text = at + m->from_len;
	}
	put(o, text, (size_t)(end - text));
}

static void put_groups(const struct rewrite_match *m, const struct pattern_match *room, struct making *o, const char *text)
{
	for (const char *p = m->to; *p;) {
		size_t digits = *p == '{' ? strspn(p + 1, "0123456789") : 0, from, to;
		unsigned group = 0;

		if (!digits || p[1 + digits] != '}') {
			put(o, p++, 1);
			continue;
		}
		for (size_t i = 0; i < digits; i++)
			group = group * 10 + (unsigned)(p[1 + i] - '0');
		if (pattern_group(room, group, &from, &to))
			put(o, text + from, to - from);
		p += digits + 2;
	}
}

static void make(const struct rewrite_match *m, const struct pattern_match *room, struct making *o, const char *text, size_t len)
{
	if (m->kind == MATCH_REGEX) {
		put_groups(m, room, o, text);
	} else if (m->kind == MATCH_PREFIX) {
		put(o, m->to, m->to_len);
		put(o, text + m->from_len, len - m->from_len);
	} else if (m->kind == MATCH_SUFFIX) {
		put(o, text, len - m->from_len);
		put(o, m->to, m->to_len);
	} else {
		put_replaced(m, o, text, len);
	}
	o->text[o->n] = '\0';
}

int rewrite_rename(const struct rewrite_match *m, struct pattern_match *room, const uint8_t *name, uint8_t *ret)
{
	char text[WIRE_NAME_TEXT_MAX];
	struct making o = {.n = 0};
	size_t len;
	int r;

	if (m->kind == MATCH_EXACT) {
		if (!wire_name_equal(m->name, name))
			return 0;
		memcpy(ret, m->to_name, wire_name_len(m->to_name));
		return 1;
	}
	len = name_text(name, text);
	r = text_matches(m, room, text, len);
	if (r <= 0)
		return r;
	make(m, room, &o, text, len);
	if (o.full || wire_name_from_text(o.text, ret) < 0)
		return -EINVAL;
	return 1;
}
