// SPDX-License-Identifier: Apache-2.0
/* The words of each rule: continue or stop, the field, and what belongs to it.  The block's words follow those of the line, as if
 * all stood on it. */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/rewrite/pattern_list.h"
#include "server/generation.h"

#include <string.h>
#include <strings.h>

static const char *const fields[] = {"name", "type", "class", "edns0", "ttl", "rcode", "cname"};

/* False: too many. */
static bool gather_line(struct cf_cursor *in, const char **words, size_t *n)
{
	const struct cf_token *t;

	while (cf_arg(in, &t)) {
		if (*n == REWRITE_WORDS_MAX)
			return false;
		words[(*n)++] = t->text;
	}
	return true;
}

/* A block counts only where the line has not said the field yet. */
static int gather(struct cf_cursor *in, const char **words, size_t *n)
{
	const struct cf_token *t;

	if (!gather_line(in, words, n))
		return cf_fail(in, "more than %d words in one rule", REWRITE_WORDS_MAX);
	if (*n >= 2)
		return cf_no_block(in);
	while (cf_option(in, &t)) {
		if (*n < REWRITE_WORDS_MAX)
			words[(*n)++] = t->text;
		if (*n == REWRITE_WORDS_MAX || !gather_line(in, words, n))
			return cf_fail(in, "more than %d words in one rule", REWRITE_WORDS_MAX);
	}
	return 0;
}

static int field_of(struct setup *s, const char *word)
{
	if (strcasecmp(word, "answer") == 0) {
		cf_fail(s->in, "\"answer\" belongs to a rule for names; expected it behind name FROM TO");
		return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcasecmp(fields[i], word) == 0)
			return (int)i;
	}
	cf_fail(s->in, "unknown field \"%s\"; expected name, type, class, edns0, ttl, rcode or cname", word);
	return -1;
}

static int read_rule(struct setup *s, struct rewrite *r)
{
	const char *words[REWRITE_WORDS_MAX];
	struct rewrite_rule *rule = arena_zalloc(s->arena, sizeof(*rule));
	size_t n = 0, at;
	int field;

	if (!rule)
		return cf_fail(s->in, "out of memory");
	if (gather(s->in, words, &n))
		return ERR_SYNTAX;
	at = n && (strcasecmp(words[0], "continue") == 0 || strcasecmp(words[0], "stop") == 0);
	rule->goes_on = at && strcasecmp(words[0], "continue") == 0;
	if (n <= at)
		return cf_fail(s->in, "expected a field: name, type, class, edns0, ttl, rcode or cname");
	field = field_of(s, words[at]);
	if (field < 0)
		return ERR_SYNTAX;
	rule->field = (enum rewrite_field)field;
	if (rewrite_parse_field(s, r, rule, words + at + 1, n - at - 1))
		return ERR_SYNTAX;
	*r->last = rule;
	r->last = &rule->next;
	return 0;
}

int rewrite_setup(struct setup *s, struct rewrite *r)
{
	int err = 0;

	r->last = &r->rules;
	while (cf_directive(s->in)) {
		if (read_rule(s, r))
			err = ERR_SYNTAX;
	}
	return err;
}

void rewrite_free(struct rewrite *r)
{
	pattern_list_free(r->patterns);
}
