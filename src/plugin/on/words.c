// SPDX-License-Identifier: Apache-2.0
#include "plugin/on/on.h"

#include "base/arena.h"

#include <errno.h>
#include <string.h>

struct splitter {
	const char **words;
	size_t n;
	char *out, *word; /* where characters go; where the word began, NULL between words */
	char quote;       /* that is open */
};

static void put(struct splitter *s, char c)
{
	if (!s->word)
		s->word = s->out;
	*s->out++ = c;
}

static void end_word(struct splitter *s)
{
	if (!s->word)
		return;
	*s->out++ = '\0';
	s->words[s->n++] = s->word;
	s->word = NULL;
}

static void begin_word(struct splitter *s)
{
	if (!s->word)
		s->word = s->out; /* perhaps it stays empty: '' */
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void split(struct splitter *s, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\\' && s->quote != '\'' && p[1]) {
			put(s, *++p);
		} else if (s->quote) {
			if (*p == s->quote)
				s->quote = 0;
			else
				put(s, *p);
		} else if (*p == '\'' || *p == '"') {
			s->quote = *p;
			begin_word(s);
		} else if (is_blank(*p)) {
			end_word(s);
		} else {
			put(s, *p);
		}
	}
}

static void take_whole(struct splitter *s, const char *text)
{
	begin_word(s);
	while (*text)
		put(s, *text++);
}

int on_words(struct arena *a, const struct cf_token *const *tokens, size_t n, const char *const **ret)
{
	struct splitter s = {0};
	size_t bytes = 1;

	for (size_t i = 0; i < n; i++)
		bytes += 2 * strlen(tokens[i]->text) + 2;
	s.words = arena_alloc(a, (bytes + 1) * sizeof(*s.words));
	s.out = arena_alloc(a, bytes + n + 1);
	if (!s.words || !s.out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (s.quote)
			put(&s, ' '); /* the blank between two tokens is within quotes */
		else
			end_word(&s);
		if (tokens[i]->quoted && n > 1)
			take_whole(&s, tokens[i]->text);
		else
			split(&s, tokens[i]->text);
	}
	end_word(&s);
	s.words[s.n] = NULL;
	*ret = s.words;
	return s.quote ? -EINVAL : (int)s.n;
}
