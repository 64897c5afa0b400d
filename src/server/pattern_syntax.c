// SPDX-License-Identifier: Apache-2.0
/* Go's syntax of regular expressions, as far as PCRE2's goes beyond it or reads it otherwise.  What is wrong in
 * both (a group that is not closed) is left to PCRE2, which tells it better. */
#include "server/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { REPEAT_MAX = 1000 /* Go's bound for {n,m} */ };

struct scan {
	const char *text, *at;
	bool after_repeat; /* what stands before `at` is a repetition, so that another may not follow */
	char *why;
	size_t why_len;
};

static bool refuse(struct scan *s, const char *at, const char *what)
{
	snprintf(s->why, s->why_len, "%s (at character %zu)", what, (size_t)(at - s->text) + 1);
	return false;
}

/* `\` and what follows; in a class some of it means something else. */
static bool escape(struct scan *s, bool in_class)
{
	const char *at = s->at;
	char c = at[1];

	if (c == 'Q' && !in_class) { /* literal up to \E */
		const char *end = strstr(at, "\\E");

		s->at = end ? end + 2 : at + strlen(at);
		return true;
	}
	if (c >= '1' && c <= '9')
		return refuse(s, at, "there are no back-references; write a character by its number as \\xHH");
	if (c == 'v')
		return refuse(s, at, "\\v means something else in each engine; write \\x0b");
	if (c == 'C')
		return refuse(s, at, "\\C is not supported");
	if (in_class && (c == 'b' || c == 'B' || c == 'A' || c == 'z'))
		return refuse(s, at, "this escape cannot stand in a class");
	if (isalpha((unsigned char)c) && !strchr("aftnrxdDsSwWpPbBAzE", c))
		return refuse(s, at, "unknown escape");
	s->at += c ? 2 : 1;
	return true;
}

/* [...]: only its escapes matter. */
static bool class(struct scan *s)
{
	s->at++;
	s->at += *s->at == '^';
	s->at += *s->at == ']';
	while (*s->at && *s->at != ']') {
		if (*s->at == '\\') {
			if (!escape(s, true))
				return false;
		} else if (s->at[0] == '[' && s->at[1] == ':' && strstr(s->at + 2, ":]")) {
			s->at = strstr(s->at + 2, ":]") + 2;
		} else {
			s->at++;
		}
	}
	s->at += *s->at == ']';
	return true;
}

/* (?flags) and (?flags: with the four flags that Go has. */
static bool flags(struct scan *s, const char *at)
{
	const char *p = at + 2;

	p += strspn(p, "imsU-");
	if (*p != ')' && *p != ':')
		return refuse(s, at, "this kind of group is not supported; there are (?P<name>...), (?:...) and "
				     "(?flags) with flags of i, m, s, U");
	s->at = p + 1;
	s->after_repeat = false;
	return true;
}

static bool group(struct scan *s)
{
	const char *at = s->at;

	if (at[1] == '*')
		return refuse(s, at, "no verbs such as (*UTF)");
	if (at[1] != '?') {
		s->at++;
		return true;
	}
	if (!strncmp(at, "(?=", 3) || !strncmp(at, "(?!", 3) || !strncmp(at, "(?<=", 4) || !strncmp(at, "(?<!", 4))
		return refuse(s, at, "there is no look-ahead and no look-behind");
	if (!strncmp(at, "(?P<", 4) || !strncmp(at, "(?<", 3)) {
		s->at = strchr(at, '<') + 1;
		return true;
	}
	return flags(s, at);
}

/* {n}, {n,} and {n,m}: where it ends; NULL: the brace stands for itself. */
static const char *braces(const char *at, unsigned long *ret_largest)
{
	unsigned long n[2] = {0, 0};
	const char *p = at + 1;

	if (!isdigit((unsigned char)*p))
		return NULL;
	for (int i = 0; i < 2; i++) {
		for (; isdigit((unsigned char)*p); p++)
			n[i] = n[i] > REPEAT_MAX ? n[i] : n[i] * 10 + (unsigned long)(*p - '0');
		if (i || *p != ',')
			break;
		p++;
	}
	*ret_largest = n[0] > n[1] ? n[0] : n[1];
	return *p == '}' ? p + 1 : NULL;
}

/* A repetition with its `?`; true and unmoved when there is none here. */
static bool repeat(struct scan *s)
{
	const char *at = s->at, *end = NULL;
	unsigned long largest = 0;

	if (*at == '*' || *at == '+' || *at == '?')
		end = at + 1;
	else if (*at == '{')
		end = braces(at, &largest);
	if (!end)
		return true;
	if (largest > REPEAT_MAX)
		return refuse(s, at, "more than 1000 repetitions");
	if (s->after_repeat)
		return refuse(s, at, "a repetition of a repetition; put the inner one into (?:...)");
	s->at = end + (*end == '?');
	s->after_repeat = true;
	return true;
}

static bool step(struct scan *s)
{
	const char *before = s->at;

	if (!repeat(s))
		return false;
	if (s->at != before)
		return true;
	s->after_repeat = false;
	switch (*s->at) {
	case '\\':
		return escape(s, false);
	case '[':
		return class(s);
	case '(':
		return group(s);
	default:
		s->at++;
		return true;
	}
}

bool pattern_is_go_syntax(const char *text, char *why, size_t why_len)
{
	struct scan s = {.text = text, .at = text, .why = why, .why_len = why_len};

	while (*s.at) {
		if (!step(&s))
			return false;
	}
	return true;
}
