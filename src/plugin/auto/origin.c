// SPDX-License-Identifier: Apache-2.0
/* A template with the groups of a match: {1} or ${1}, $1, ${name}, $name, $$. */
#include "plugin/auto/auto.h"

#include "server/pattern.h"
#include "wire/name.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct expansion {
	const struct auto_folder *f;
	const char *file_name;
	char out[WIRE_NAME_TEXT_MAX];
	size_t len;
	bool too_long;
};

static void put(struct expansion *e, const char *text, size_t len)
{
	if (len >= sizeof(e->out) - e->len) {
		e->too_long = true;
		return;
	}
	memcpy(e->out + e->len, text, len);
	e->len += len;
}

/* Its number, or that of the group with this name; -1: there is none. */
static int group_of(const struct auto_folder *f, const char *name, size_t len)
{
	unsigned n = pattern_groups(f->pattern);

	if (len && strspn(name, "0123456789") >= len) {
		unsigned long i = strtoul(name, NULL, 10);

		return i < n ? (int)i : -1;
	}
	for (unsigned i = 1; i < n; i++) {
		const char *found = pattern_group_name(f->pattern, i);

		if (found && strlen(found) == len && !memcmp(found, name, len))
			return (int)i;
	}
	return -1;
}

static void put_group(struct expansion *e, const char *name, size_t len)
{
	int i = group_of(e->f, name, len);
	size_t from, to;

	if (i >= 0 && pattern_group(e->f->match, (unsigned)i, &from, &to))
		put(e, e->file_name + from, to - from);
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* One step: a reference at `s`, or a byte.  Returns what follows. */
static const char *expand_one(struct expansion *e, const char *s)
{
	const char *name = s + (*s == '$') + (s[*s == '$'] == '{');
	size_t len = word_len(name);
	bool braced = name > s && name[-1] == '{';

	if (braced && len && name[len] == '}') {
		put_group(e, name, len);
		return name + len + 1;
	}
	if (*s == '$' && s[1] == '$') {
		put(e, "$", 1);
		return s + 2;
	}
	if (*s == '$' && !braced && len) {
		put_group(e, name, len);
		return name + len;
	}
	put(e, s, 1);
	return s + 1;
}

int auto_origin(const struct auto_folder *f, const char *file_name, uint8_t *out)
{
	struct expansion e = {.f = f, .file_name = file_name};
	uint8_t name[WIRE_NAME_MAX];
	int len;

	for (const char *s = f->template; *s;)
		s = expand_one(&e, s);
	if (e.too_long)
		return -EINVAL;
	e.out[e.len] = '\0';
	len = wire_name_from_text(e.len ? e.out : ".", name);
	if (len > 0)
		wire_name_lower(out, name, (size_t)len);
	return len;
}
