// SPDX-License-Identifier: Apache-2.0
#include "base/flags.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct flag *find(const struct flag_table *t, const char *name, size_t len)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strlen(t->v[i].name) == len && memcmp(t->v[i].name, name, len) == 0)
			return &t->v[i];
	}
	return NULL;
}

static int unknown(const struct flag_table *t, const char *word, const char *name, size_t len)
{
	const char *hint = t->hint ? t->hint(name, len) : NULL;

	fprintf(stderr, "flag provided but not defined: %s\n", word);
	if (hint)
		fputs(hint, stderr);
	return -EINVAL;
}

static int set_bool(const struct flag *f, const char *value, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*ret = strcmp(value, yes[i]) == 0;
			return 0;
		}
	}
	fprintf(stderr, "invalid boolean value \"%s\" for -%s: expected true or false\n", value, f->name);
	return -EINVAL;
}

static int set_number(const struct flag *f, const char *value, unsigned *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || n < f->min || n > f->max) {
		fprintf(stderr, "invalid value \"%s\" for flag -%s: expected %u to %u\n", value, f->name, f->min, f->max);
		return -EINVAL;
	}
	*ret = (unsigned)n;
	return 0;
}

static int set_list(const struct flag *f, const char *value, struct flag_list *list)
{
	if (list->n == FLAG_LIST_MAX) {
		fprintf(stderr, "-%s is given too often: %d at most\n", f->name, FLAG_LIST_MAX);
		return -EINVAL;
	}
	list->v[list->n++] = value;
	return 0;
}

static int set(const struct flag *f, const char *value, void *into)
{
	void *field = (char *)into + f->offset;

	switch (f->kind) {
	case FLAG_BOOL:
		return set_bool(f, value ? value : "true", field);
	case FLAG_NUMBER:
		return set_number(f, value, field);
	case FLAG_LIST:
		return set_list(f, value, field);
	case FLAG_TEXT:
		break;
	}
	*(const char **)field = value;
	return 0;
}

int flags_take(const struct flag_table *t, int argc, char **argv, int *at, void *into)
{
	const char *word = argv[*at] + 1 + (argv[*at][1] == '-');
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	const struct flag *f = find(t, word, len);

	if (!f)
		return unknown(t, argv[*at], word, len);
	if (!value && f->kind != FLAG_BOOL && *at + 1 < argc)
		value = argv[++*at];
	if (!value && f->kind != FLAG_BOOL) {
		fprintf(stderr, "flag needs an argument: -%s\n", f->name);
		return -EINVAL;
	}
	return set(f, value, into);
}

void flags_usage(const struct flag_table *t, FILE *to)
{
	for (size_t i = 0; i < t->n; i++)
		fprintf(to, "  -%s %s\n    \t%s\n", t->v[i].name, t->v[i].arg, t->v[i].help);
}
