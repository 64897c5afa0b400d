// SPDX-License-Identifier: Apache-2.0
#include "base/metrics_labels.h"

#include "base/compiler.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LABELS = 16 };

struct label {
	const char *name, *value;
	size_t name_len;
};

static int by_name(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int c = memcmp(x->name, y->name, n);

	if (c)
		return c;
	return (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

/* Split the comma-separated names and give each its value. */
static size_t split(const struct metric_desc *d, const char *const *values, struct label *out)
{
	const char *p = d->labels ? d->labels : "";
	size_t n = 0;

	while (*p) {
		size_t len = strcspn(p, ",");

		assert(n < MAX_LABELS);
		out[n] = (struct label){.name = p, .name_len = len, .value = values ? values[n] : "other"};
		n++;
		p += len + (p[len] == ',');
	}
	return n;
}

static char *put(char *to, const char *s, size_t len)
{
	memcpy(to, s, len);
	return to + len;
}

/* Backslash, quote and newline are escaped; everything else, UTF-8 or not, stands as it is. */
static char *put_escaped(char *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n') {
			to = put(to, "\\n", 2);
			continue;
		}
		if (*s == '\\' || *s == '"')
			*to++ = '\\';
		*to++ = *s;
	}
	return to;
}

static size_t room_for(const struct label *labels, size_t n)
{
	size_t room = 1;

	for (size_t i = 0; i < n; i++)
		room += labels[i].name_len + 2 * strlen(labels[i].value) + strlen("=\"\",");
	return room;
}

char *metric_labels(const struct metric_desc *d, const char *const *values)
{
	struct label labels[MAX_LABELS];
	size_t n = split(d, values, labels);
	char *text = malloc(room_for(labels, n));
	char *to = text;

	if (!text)
		return NULL;
	qsort(labels, n, sizeof(*labels), by_name);
	for (size_t i = 0; i < n; i++) {
		if (i)
			*to++ = ',';
		to = put(to, labels[i].name, labels[i].name_len);
		to = put(to, "=\"", 2);
		to = put_escaped(to, labels[i].value);
		*to++ = '"';
	}
	*to = '\0';
	return text;
}
