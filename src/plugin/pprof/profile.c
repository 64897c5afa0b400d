// SPDX-License-Identifier: Apache-2.0
#include "plugin/pprof/profile.h"

#include "net/gzip.h"
#include "plugin/pprof/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of Profile. */
enum {
	P_SAMPLE_TYPE = 1,
	P_SAMPLE = 2,
	P_MAPPING = 3,
	P_LOCATION = 4,
	P_FUNCTION = 5,
	P_STRING = 6,
	P_TIME = 9,
	P_DURATION = 10,
	P_PERIOD_TYPE = 11,
	P_PERIOD = 12,
	P_COMMENT = 13,
};
enum { STRINGS_MAX = 16384, FRAMES_MAX = 64, BUFFER_MIN = 4096 };

struct bytes {
	uint8_t *p;
	size_t len, cap;
};

struct profile {
	struct bytes out;
	struct bytes part, inner; /* messages being made, within `out` and within `part` */
	char *strings[STRINGS_MAX];
	size_t n_strings;
	struct place {
		uintptr_t pc;
		uint64_t function; /* string; 0: not known */
	} * places;
	size_t n_places, cap_places;
	bool failed;
};

/* ---------------------------------------------------------------- protobuf */

static void put(struct profile *p, struct bytes *b, const void *data, size_t n)
{
	size_t cap = b->cap ? b->cap : BUFFER_MIN;
	uint8_t *bigger;

	while (cap < b->len + n)
		cap *= 2;
	if (cap != b->cap) {
		bigger = realloc(b->p, cap);
		if (!bigger) {
			p->failed = true;
			return;
		}
		b->p = bigger;
		b->cap = cap;
	}
	if (n)
		memcpy(b->p + b->len, data, n);
	b->len += n;
}

static void put_varint(struct profile *p, struct bytes *b, uint64_t v)
{
	uint8_t buf[10];
	size_t n = 0;

	do {
		buf[n++] = (uint8_t)(v & 0x7f) | (v > 0x7f ? 0x80 : 0);
		v >>= 7;
	} while (v);
	put(p, b, buf, n);
}

static void put_number(struct profile *p, struct bytes *b, unsigned field, uint64_t v)
{
	put_varint(p, b, field << 3);
	put_varint(p, b, v);
}

static void put_bytes(struct profile *p, struct bytes *b, unsigned field, const void *data, size_t n)
{
	put_varint(p, b, field << 3 | 2);
	put_varint(p, b, n);
	put(p, b, data, n);
}

/* Close the message in `from` as a field of `b`. */
static void put_message(struct profile *p, struct bytes *b, unsigned field, struct bytes *from)
{
	put_bytes(p, b, field, from->p, from->len);
	from->len = 0;
}

/* ---------------------------------------------------------------- strings, places */

/* Index in the table; 0 is "". */
static uint64_t string(struct profile *p, const char *text)
{
	size_t i = 0;

	while (i < p->n_strings && strcmp(p->strings[i], text))
		i++;
	if (i < p->n_strings)
		return i;
	if (i == STRINGS_MAX || !(p->strings[i] = strdup(text))) {
		p->failed = true;
		return 0;
	}
	p->n_strings++;
	return i;
}

uint64_t profile_location(struct profile *p, uintptr_t pc, const char *function)
{
	uint64_t name = function ? string(p, function) : 0;
	struct place *bigger;

	for (size_t i = 0; i < p->n_places; i++) {
		if (p->places[i].pc == pc && (pc || p->places[i].function == name))
			return i + 1;
	}
	if (p->n_places == p->cap_places) {
		p->cap_places = p->cap_places ? p->cap_places * 2 : 256;
		bigger = reallocarray(p->places, p->cap_places, sizeof(*bigger));
		if (!bigger) {
			p->cap_places = p->n_places;
			p->failed = true;
			return 0;
		}
		p->places = bigger;
	}
	p->places[p->n_places++] = (struct place){pc, name};
	return p->n_places;
}

/* ---------------------------------------------------------------- parts */

static void put_value_type(struct profile *p, unsigned field, const char *type, const char *unit)
{
	put_number(p, &p->part, 1, string(p, type));
	put_number(p, &p->part, 2, string(p, unit));
	put_message(p, &p->out, field, &p->part);
}

void profile_sample(struct profile *p, const uint64_t *ids, size_t n, const uint64_t values[2],
		    const char *thread)
{
	for (size_t i = 0; i < n; i++)
		put_varint(p, &p->inner, ids[i]);
	put_message(p, &p->part, 1, &p->inner);
	put_varint(p, &p->inner, values[0]);
	put_varint(p, &p->inner, values[1]);
	put_message(p, &p->part, 2, &p->inner);
	if (thread) {
		put_number(p, &p->inner, 1, string(p, "thread"));
		put_number(p, &p->inner, 2, string(p, thread));
		put_message(p, &p->part, 3, &p->inner);
	}
	put_message(p, &p->out, P_SAMPLE, &p->part);
}

void profile_comment(struct profile *p, const char *text)
{
	put_number(p, &p->out, P_COMMENT, string(p, text));
}

static void put_mappings(struct profile *p)
{
	struct symbols_mapping m;

	for (size_t i = 0; symbols_mapping(i, &m); i++) {
		put_number(p, &p->part, 1, i + 1);
		put_number(p, &p->part, 2, m.start);
		put_number(p, &p->part, 3, m.end);
		put_number(p, &p->part, 4, m.offset);
		put_number(p, &p->part, 5, string(p, m.file));
		put_number(p, &p->part, 7, symbols_known());
		put_message(p, &p->out, P_MAPPING, &p->part);
	}
}

/* Functions are numbered as their names are. */
static void put_places(struct profile *p)
{
	for (size_t i = 0; i < p->n_places; i++) {
		put_number(p, &p->part, 1, i + 1);
		put_number(p, &p->part, 2, symbols_mapping_of(p->places[i].pc));
		put_number(p, &p->part, 3, p->places[i].pc);
		if (p->places[i].function) {
			put_number(p, &p->inner, 1, p->places[i].function);
			put_message(p, &p->part, 4, &p->inner);
		}
		put_message(p, &p->out, P_LOCATION, &p->part);
	}
}

static int by_function(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->function > y->function) - (x->function < y->function);
}

/* Last: it takes the places out of their order. */
static void put_functions(struct profile *p)
{
	if (p->n_places)
		qsort(p->places, p->n_places, sizeof(*p->places), by_function);
	for (size_t i = 0; i < p->n_places; i++) {
		uint64_t f = p->places[i].function;

		if (!f || (i && p->places[i - 1].function == f))
			continue;
		put_number(p, &p->part, 1, f);
		put_number(p, &p->part, 2, f);
		put_number(p, &p->part, 3, f);
		put_message(p, &p->out, P_FUNCTION, &p->part);
	}
}

/* ---------------------------------------------------------------- the whole */

struct profile *profile_new(const struct profile_kind *k, uint64_t began_ns, uint64_t duration_ns)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	(void)string(p, "");
	for (int i = 0; i < 2; i++)
		put_value_type(p, P_SAMPLE_TYPE, k->type[i], k->unit[i]);
	put_value_type(p, P_PERIOD_TYPE, k->type[1], k->unit[1]);
	put_number(p, &p->out, P_PERIOD, k->period);
	put_number(p, &p->out, P_TIME, began_ns);
	put_number(p, &p->out, P_DURATION, duration_ns);
	return p;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_strings; i++)
		free(p->strings[i]);
	free(p->places);
	free(p->out.p);
	free(p->part.p);
	free(p->inner.p);
	free(p);
}

char *profile_finish(struct profile *p, size_t *ret_len)
{
	put_mappings(p);
	put_places(p);
	put_functions(p);
	for (size_t i = 0; i < p->n_strings; i++)
		put_bytes(p, &p->out, P_STRING, p->strings[i], strlen(p->strings[i]));
	return p->failed ? NULL : gzip_bytes(p->out.p, p->out.len, ret_len);
}
