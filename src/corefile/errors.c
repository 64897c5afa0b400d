// SPDX-License-Identifier: Apache-2.0
/* Collected errors, and the nearest known name for a misspelt one. */
#include "corefile/corefile.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longest message kept.  Tokens can be as long as a file; their beginning tells enough. */
enum { TEXT_MAX = 600 };

void cf_errors_init(struct cf_errors *e, struct arena *a)
{
	*e = (struct cf_errors){.arena = a};
	e->last = &e->first;
}

/* One line of text, whatever the Corefile has in it. */
static void make_printable(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	}
}

static void PRINTF(5, 0) record(struct cf_errors *e, bool warning, const char *file, unsigned line,
				const char *fmt, va_list ap)
{
	char text[TEXT_MAX];
	unsigned *count = warning ? &e->n_warnings : &e->n_errors;

	if (++*count > CF_ERRORS_KEPT)
		return;
	if (*count == CF_ERRORS_KEPT)
		snprintf(text, sizeof text, "more follow, which are not shown");
	else if (vsnprintf(text, sizeof text, fmt, ap) >= TEXT_MAX)
		memcpy(text + TEXT_MAX - 4, "...", 4);
	make_printable(text);

	struct cf_error *r = arena_alloc(e->arena, sizeof *r);
	const char *kept = arena_strdup(e->arena, text);
	if (!r || !kept)
		return; /* counted: the caller fails all the same */
	*r = (struct cf_error){.file = file, .line = line, .text = kept, .warning = warning};
	*e->last = r;
	e->last = &r->next;
}

int cf_error(struct cf_errors *e, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(e, false, file, line, fmt, ap);
	va_end(ap);
	return ERR_SYNTAX;
}

void cf_warning(struct cf_errors *e, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(e, true, file, line, fmt, ap);
	va_end(ap);
}

int cf_error_format(const struct cf_error *e, char *out, size_t size)
{
	if (!e->file)
		return snprintf(out, size, "%s", e->text);
	if (!e->line)
		return snprintf(out, size, "%s: %s", e->file, e->text);
	return snprintf(out, size, "%s:%u: %s", e->file, e->line, e->text);
}

static bool same_file(const struct cf_error *a, const struct cf_error *b)
{
	return a->file == b->file || (a->file && b->file && !strcmp(a->file, b->file));
}

/* Where `x` belongs in a sorted list: behind the last of its file with no larger line, else before the first of
 * its file, else at the end. */
static struct cf_error **place_of(struct cf_error **list, const struct cf_error *x)
{
	struct cf_error **place = NULL, **at = list;

	for (; *at; at = &(*at)->next) {
		if (!same_file(*at, x))
			continue;
		if ((*at)->line <= x->line)
			place = &(*at)->next;
		else if (!place)
			place = at;
	}
	return place ? place : at;
}

void cf_errors_sort(struct cf_errors *e)
{
	struct cf_error *sorted = NULL, *x, *next;

	for (x = e->first; x; x = next) { /* few enough for one after another, see CF_ERRORS_KEPT */
		struct cf_error **place = place_of(&sorted, x);

		next = x->next;
		x->next = *place;
		*place = x;
	}
	e->first = sorted;
	for (e->last = &e->first; *e->last; e->last = &(*e->last)->next)
		;
}

/* ---------------------------------------------------------------- nearest name */

enum { WORD_MAX = 40, DISTANCE_MAX = 2 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that make `b` out of `a`. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	memcpy(before, last, sizeof rows[0]);
	for (size_t i = 1; i <= na; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[nb];
}

const char *cf_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	const char *found = NULL;
	unsigned best = DISTANCE_MAX + 1;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t nlen = strlen(names[i]);
		if (nlen > WORD_MAX)
			continue;
		unsigned d = distance(word, len, names[i], nlen);
		if (d < best && 2 * d < len) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
