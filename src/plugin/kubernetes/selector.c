// SPDX-License-Identifier: Apache-2.0
/* The grammar of label selectors, so far as a mistake can be told before the API server says 400.
 *
 *   requirements, joined by commas:  KEY   !KEY   KEY = V   KEY == V   KEY != V   KEY in (V, V)   KEY notin (V)
 *   KEY > N   KEY < N
 *   KEY: [prefix/]name; names and values: at most 63 of A-Z a-z 0-9 - _ . with a letter or digit at both ends.
 *
 * Documented with the Kubernetes API: labels and selectors. */
#include "plugin/kubernetes/settings.h"

#include <ctype.h>
#include <string.h>

enum { PART_MAX = 63, PREFIX_MAX = 253 };

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* A run of what keys, values and words are made of. */
static size_t word_len(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || (p[n] && strchr("-_./", p[n])))
		n++;
	return n;
}

static bool part_ok(const char *p, size_t len, size_t max)
{
	if (len == 0 || len > max || !isalnum((unsigned char)p[0]) || !isalnum((unsigned char)p[len - 1]))
		return false;
	return !memchr(p, '/', len);
}

static bool key_ok(const char *p, size_t len)
{
	const char *slash = memchr(p, '/', len);
	size_t prefix = slash ? (size_t)(slash - p) : 0;

	if (!slash)
		return part_ok(p, len, PART_MAX);
	return part_ok(p, prefix, PREFIX_MAX) && part_ok(slash + 1, len - prefix - 1, PART_MAX);
}

/* One value, which may be empty. */
static const char *value(const char **p)
{
	size_t n;

	*p = skip_blanks(*p);
	n = word_len(*p);
	if (n && !part_ok(*p, n, PART_MAX))
		return "a value must be at most 63 letters, digits, '-', '_' or '.', with a letter or digit "
		       "at both ends";
	*p = skip_blanks(*p + n);
	return NULL;
}

static const char *values(const char **p)
{
	*p = skip_blanks(*p);
	if (**p != '(')
		return "expected '(' behind in or notin";
	do {
		const char *wrong;

		++*p;
		wrong = value(p);
		if (wrong)
			return wrong;
	} while (**p == ',');
	if (**p != ')')
		return "expected ',' or ')' in a list of values";
	*p = skip_blanks(*p + 1);
	return NULL;
}

static const char *number(const char **p)
{
	size_t n;

	*p = skip_blanks(*p);
	n = strspn(*p, "0123456789");
	if (!n)
		return "expected a number behind '<' or '>'";
	*p = skip_blanks(*p + n);
	return NULL;
}

/* What stands behind a key. */
static const char *operator(const char **p)
{
	size_t n = word_len(*p);

	if (**p == '\0' || **p == ',')
		return NULL;
	if (**p == '<' || **p == '>') {
		++*p;
		return number(p);
	}
	if (!strncmp(*p, "!=", 2) || !strncmp(*p, "==", 2) || **p == '=') {
		*p += (*p)[0] == '=' && (*p)[1] != '=' ? 1 : 2;
		return value(p);
	}
	if ((n == 2 && !strncmp(*p, "in", 2)) || (n == 5 && !strncmp(*p, "notin", 5))) {
		*p += n;
		return values(p);
	}
	return "expected one of = == != in notin < > behind the key";
}

static const char *requirement(const char **p)
{
	bool absent = **p == '!';
	size_t n;

	if (absent)
		*p = skip_blanks(*p + 1);
	n = word_len(*p);
	if (!key_ok(*p, n))
		return "expected a label key";
	*p = skip_blanks(*p + n);
	if (absent && **p != '\0' && **p != ',')
		return "nothing can follow !KEY";
	return operator(p);
}

const char *k8s_selector_check(const char *text)
{
	const char *p = skip_blanks(text);

	while (*p) {
		const char *wrong = requirement(&p);

		if (wrong)
			return wrong;
		if (!*p)
			break;
		if (*p != ',')
			return "expected ',' between requirements";
		p = skip_blanks(p + 1);
		if (!*p)
			return "expected a requirement behind ','";
	}
	return NULL;
}
