// SPDX-License-Identifier: Apache-2.0
/* Flags of a command line in Go's syntax, as CoreDNS's are: -x v, -x=v, --x v; a boolean is -x or -x=false.
 * What a command takes is a table; each flag fills one field of a struct.  Values point into argv.  Thread: any. */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdio.h>

enum flag_kind {
	FLAG_TEXT,   /* const char * */
	FLAG_BOOL,   /* bool */
	FLAG_NUMBER, /* unsigned, `min` to `max` */
	FLAG_LIST,   /* struct flag_list: may be given several times */
};

enum { FLAG_LIST_MAX = 64 };

struct flag_list {
	const char *v[FLAG_LIST_MAX];
	unsigned n;
};

struct flag {
	const char *name;
	enum flag_kind kind;
	size_t offset;         /* of the field that it fills */
	const char *arg, *help;
	unsigned min, max;
};

#define FLAG(NAME, KIND, STRUCT, FIELD, ARG, HELP) \
	{.name = (NAME), .kind = (KIND), .offset = offsetof(STRUCT, FIELD), .arg = (ARG), .help = (HELP)}
#define FLAG_RANGE(NAME, MIN, MAX, STRUCT, FIELD, ARG, HELP) \
	{.name = (NAME), .kind = FLAG_NUMBER, .offset = offsetof(STRUCT, FIELD), .arg = (ARG), .help = (HELP), .min = (MIN), .max = (MAX)}

struct flag_table {
	const struct flag *v;
	size_t n;
	/* What else there is to say of a flag that is not in the table; NULL, or a line.  May be NULL. */
	const char *(*hint)(const char *name, size_t len);
};

/* A word that begins with a dash and is more than one. */
static inline int flags_is_flag(const char *word)
{
	return word[0] == '-' && word[1];
}

/* The flag at argv[*at], into the struct at `into`; *at moves to its value where that is the next word.  0, or -EINVAL: the reason
 * is on stderr. */
int flags_take(const struct flag_table *t, int argc, char **argv, int *at, void *into) MUST_USE;
/* One line a flag and one of what it is, as Go prints them. */
void flags_usage(const struct flag_table *t, FILE *to);
