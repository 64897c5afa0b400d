// SPDX-License-Identifier: Apache-2.0
#include "cli/portable.h"

#include "cli/portable_table.h"
#include "corefile/cidr.h"
#include "corefile/corefile.h"
#include "wire/wire.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PEER "CoreDNS 1.14.7"
#define MOVE "; move it to the file given by -extra"

#define fail_at(errs, t, ...) cf_error((errs), (t)->file, (t)->line, __VA_ARGS__)

/* One directive being checked. */
struct check {
	struct cf_errors *errs;
	const struct portable_directive *def;
	struct cf_cursor in;
	struct cf_errors unused; /* what the cursor finds our own check finds too */
	const char *first; /* the directive's first argument, or NULL */
	bool fell_through;
	uint64_t seen; /* options, by their place in the table */
};

static bool equal(const char *a, const char *b, bool fold)
{
	return fold ? !strcasecmp(a, b) : !strcmp(a, b);
}

/* ---------------------------------------------------------------- single arguments */

/* `word` is one of "a|b|c". */
static bool is_one_of(const char *word, const char *words, bool fold)
{
	size_t len = strlen(word);

	while (*words) {
		size_t n = strcspn(words, "|");
		if (n == len && (fold ? !strncasecmp(word, words, n) : !strncmp(word, words, n)))
			return true;
		words += n + (words[n] == '|');
	}
	return false;
}

/* [host]:port as Go splits it: one colon, or the host in brackets. */
static bool is_host_port(const char *s)
{
	const char *colon = strrchr(s, ':');

	if (!colon)
		return false;
	if (*s == '[')
		return colon > s && colon[-1] == ']' && strchr(s, ']') == colon - 1;
	return strchr(s, ':') == colon && !strpbrk(s, "[]");
}

static bool is_address(const char *s)
{
	uint8_t addr[16];

	return inet_pton(strchr(s, ':') ? AF_INET6 : AF_INET, s, addr) == 1;
}

/* An address, or one with a port behind it. */
static bool is_address_port(const char *s)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(s, ':');
	size_t skip = *s == '[', n;

	if (is_address(s))
		return true;
	if (!is_host_port(s))
		return false;
	n = (size_t)(colon - s) - 2 * skip;
	if (n >= sizeof(host))
		return false;
	memcpy(host, s + skip, n);
	host[n] = 0;
	return is_address(host);
}

static bool has_lower(const char *s)
{
	while (*s && !islower((unsigned char)*s))
		s++;
	return *s;
}

static bool is_fraction(const char *s)
{
	char *end;

	strtod(s, &end);
	return end > s && !*end;
}

static bool is_integer(const char *s)
{
	int64_t n;

	return !cf_integer(s, &n);
}

static bool is_unsigned(const char *s)
{
	return is_integer(s) && *s != '-' && *s != '+';
}

static bool is_duration(const char *s)
{
	uint64_t ns;

	return !cf_duration(s, &ns);
}

static bool is_seconds(const char *s)
{
	return is_integer(s) || is_duration(s);
}

/* As Go's ParseBool. */
static bool is_bool(const char *s)
{
	return is_one_of(s, "1|t|T|TRUE|true|True|0|f|F|FALSE|false|False", false);
}

static bool is_cidr(const char *s)
{
	struct cidr c;

	return !cidr_parse(s, &c);
}

static bool is_rcode(const char *s)
{
	return wire_rcode_from_text(s) >= 0;
}

static bool is_rcode_in_capitals(const char *s)
{
	return is_rcode(s) && !has_lower(s);
}

static bool is_type(const char *s)
{
	return wire_type_from_text(s) >= 0 && !has_lower(s) && strncmp(s, "TYPE", 4) != 0;
}

/* The kinds of portable_table.h but for words. */
static const struct {
	char letter;
	bool (*is)(const char *s);
	const char *what;
} kinds[] = {
	{'n', is_integer, "an integer"},
	{'u', is_unsigned, "an integer without a sign"},
	{'f', is_fraction, "a decimal fraction"},
	{'d', is_duration, "a duration"},
	{'s', is_seconds, "seconds or a duration"},
	{'b', is_bool, "true or false"},
	{'i', is_address, "an IP address"},
	{'I', is_address_port, "an IP address, maybe with a port"},
	{'c', is_cidr, "a network in CIDR form"},
	{'p', is_host_port, "[HOST]:PORT"},
	{'r', is_rcode, "the name of an rcode"},
	{'R', is_rcode_in_capitals, "the name of an rcode in capitals"},
	{'t', is_type, "the name of a query type in capitals"},
};

/* What CoreDNS expects where `text` does not fit, or NULL. */
static const char *misfit(char kind, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].letter == kind)
			return kinds[i].is(text) ? NULL : kinds[i].what;
	}
	return NULL;
}

static void check_arg(struct check *c, const char *of, const struct cf_token *t, char kind, const char *words,
		      bool fold)
{
	const char *want = misfit(kind, t->text);

	if (want)
		fail_at(c->errs, t, PEER " expects %s behind \"%s\", found \"%.100s\"" MOVE, want, of,
			t->text);
	if (kind == 'w' && !is_one_of(t->text, words, fold))
		fail_at(c->errs, t, "\"%.100s\" behind \"%s\" is not known to " PEER " (it knows %s)" MOVE,
			t->text, of, words);
}

/* How many arguments something takes. */
struct count {
	int min, max, but;
};

static bool fits(struct count n, size_t found)
{
	return found >= (size_t)n.min && (n.max < 0 || found <= (size_t)n.max) &&
	       (!n.but || found != (size_t)n.but);
}

static void wrong_count(struct check *c, const struct cf_token *t, struct count n, size_t found)
{
	char want[60];

	if (n.max < 0)
		snprintf(want, sizeof(want), "at least %d", n.min);
	else if (n.min == n.max && n.min)
		snprintf(want, sizeof(want), "%d", n.min);
	else if (n.min == n.max)
		snprintf(want, sizeof(want), "no");
	else if (n.but)
		snprintf(want, sizeof(want), "%d to %d but not %d", n.min, n.max, n.but);
	else
		snprintf(want, sizeof(want), "%d to %d", n.min, n.max);
	fail_at(c->errs, t, "\"%s\" takes %s argument%s in " PEER ", found %zu", t->text, want,
		n.max == 1 ? "" : "s", found);
}

/* The arguments left on the line of `t`, which names a directive or option. */
static void check_line(struct check *c, const struct cf_token *t, struct count n, const char *letters,
		       const char *words, bool fold)
{
	size_t found = cf_args_left(&c->in), i = 0, n_kinds = letters ? strlen(letters) : 0;
	const struct cf_token *arg;

	if (!fits(n, found)) {
		wrong_count(c, t, n, found);
		return;
	}
	while (n_kinds && cf_arg(&c->in, &arg)) {
		check_arg(c, t->text, arg, letters[i], words ? words : "", fold);
		i += i + 1 < n_kinds;
	}
}

/* ---------------------------------------------------------------- options */

static bool applies(const struct check *c, const struct portable_option *o)
{
	switch (o->when) {
	case NO_ARGS:
		return !c->first;
	case ARGS:
		return c->first != NULL;
	case FIRST_IS:
		return c->first && !strcmp(c->first, o->list);
	case FIRST_IS_NOT:
		return !c->first || strcmp(c->first, o->list) != 0;
	case ALWAYS:
		break;
	}
	return true;
}

static const struct portable_option *find_option(const struct check *c, const char *name)
{
	const struct portable_directive *d = c->def;

	for (size_t i = 0; i < d->n_options; i++) {
		if (equal(d->options[i].name, name, d->flags & P_FOLD) && applies(c, &d->options[i]))
			return &d->options[i];
	}
	return NULL;
}

static void check_option(struct check *c, const struct cf_token *t)
{
	const struct portable_option *o = find_option(c, t->text);
	bool fold = (c->def->flags | (o ? o->flags : 0)) & P_FOLD;

	if (!o) {
		if (!(c->def->flags & P_OPEN) || c->fell_through)
			fail_at(c->errs, t, "option \"%.100s\" of \"%s\" is not known to " PEER MOVE, t->text,
				c->def->name);
		return;
	}
	uint64_t bit = (uint64_t)1 << (o - c->def->options);
	if ((o->flags & P_ONCE) && (c->seen & bit))
		fail_at(c->errs, t, PEER " takes \"%s\" only once in \"%s\"", t->text, c->def->name);
	c->seen |= bit;
	c->fell_through = c->fell_through || !strcmp(o->name, "fallthrough");
	check_line(c, t, (struct count){o->min, o->max, o->but}, o->kinds, o->words, fold);
}

static void check_needed(struct check *c, const struct cf_token *t)
{
	const struct portable_directive *d = c->def;

	if ((d->flags & P_NEEDED) && !c->seen)
		fail_at(c->errs, t, "\"%s\" without any option is refused by " PEER, d->name);
	for (size_t i = 0; i < d->n_options; i++) {
		const struct portable_option *o = &d->options[i];
		if ((o->flags & P_NEEDED) && applies(c, o) && !(c->seen & (uint64_t)1 << i))
			fail_at(c->errs, t, "\"%s\" without \"%s\" is refused by " PEER, d->name, o->name);
	}
}

/* ---------------------------------------------------------------- rewrite */

/* Words of a rule one after another: those of the line, or with fewer than two there those of the block. */
static bool next_word(struct check *c, const struct cf_token **t)
{
	return cf_arg(&c->in, t) || cf_option(&c->in, t);
}

static void check_rule(struct check *c, const struct cf_token *at)
{
	const struct portable_option *o;
	const struct cf_token *t, *field;
	size_t n = 0;

	if (!next_word(c, &field)) {
		fail_at(c->errs, at, "\"%s\" without a rule is refused by " PEER, at->text);
		return;
	}
	if (is_one_of(field->text, "continue|stop", true) && !next_word(c, &field)) {
		fail_at(c->errs, at, "\"%s\" with a rule of one word is refused by " PEER, at->text);
		return;
	}
	while (next_word(c, &t))
		n++;
	o = find_option(c, field->text);
	if (!o)
		fail_at(c->errs, field, "rule \"%.100s\" of \"%s\" is not known to " PEER MOVE, field->text,
			at->text);
	else if (!fits((struct count){o->min, o->max, o->but}, n))
		wrong_count(c, field, (struct count){o->min, o->max, o->but}, n);
}

/* ---------------------------------------------------------------- directives */

static void check_occurrence(struct check *c)
{
	const struct portable_directive *d = c->def;
	const struct cf_token *t = cf_here(&c->in), *option;
	size_t n = cf_args_left(&c->in);

	c->first = n ? (t + 1)->text : NULL;
	c->seen = 0;
	if (d->flags & P_RULE) {
		check_rule(c, t);
		return;
	}
	check_line(c, t, (struct count){d->min, d->max, d->but}, d->kinds, d->words, d->flags & P_FOLD);
	if ((d->flags & P_NO_BLOCK) && cf_has_block(&c->in))
		fail_at(c->errs, t, "\"%s\" has no { block } in " PEER, d->name);
	else
		while (cf_option(&c->in, &option))
			check_option(c, option);
	check_needed(c, t);
}

static bool has_directive(const struct cf_block *b, const char *name)
{
	for (size_t i = 0; i < b->n_directives; i++) {
		if (!strcmp(b->directives[i].tokens[0].text, name))
			return true;
	}
	return false;
}

/* All occurrences of one directive in a block. */
static void check_directive(const struct cf_block *b, const struct portable_directive *d,
			    struct cf_errors *errs)
{
	struct check c = {.errs = errs, .def = d};

	cf_errors_init(&c.unused, errs->arena);
	if (cf_cursor_init(&c.in, errs->arena, b, d->name, &c.unused)) {
		cf_error(errs, b->file, b->line, "out of memory");
		return;
	}
	if (d->needs && !has_directive(b, d->needs))
		cf_error(errs, b->file, b->line,
			 "\"%s\" without \"%s\" in the same block is refused by " PEER, d->name, d->needs);
	while (cf_directive(&c.in)) {
		const struct cf_token *t = cf_here(&c.in);

		if ((d->flags & P_ONCE) && c.in.at > 1)
			fail_at(errs, t, PEER " takes \"%s\" only once in a server block", d->name);
		check_occurrence(&c);
	}
}

static size_t find_directive(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(portable_directives) && strcmp(portable_directives[i].name, name) != 0)
		i++;
	return i;
}

static void check_block(const struct cf_block *b, struct cf_errors *errs)
{
	bool done[ARRAY_LEN(portable_directives)] = {false};

	for (size_t i = 0; i < b->n_directives; i++) {
		const struct cf_token *t = &b->directives[i].tokens[0];
		size_t d = find_directive(t->text);

		if (d == ARRAY_LEN(portable_directives))
			fail_at(errs, t, "directive \"%.100s\" is not known to " PEER MOVE, t->text);
		else if (!done[d])
			check_directive(b, &portable_directives[d], errs);
		if (d < ARRAY_LEN(portable_directives))
			done[d] = true;
	}
}

void portable_check(const struct corefile *cf, struct cf_errors *errs)
{
	for (const struct cf_error *e = cf->differs; e; e = e->next)
		cf_error(errs, e->file, e->line, "%s", e->text);
	for (size_t i = 0; i < cf->n_blocks; i++)
		check_block(&cf->blocks[i], errs);
}
