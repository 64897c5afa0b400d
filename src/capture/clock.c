// SPDX-License-Identifier: Apache-2.0
#include "capture/clock.h"

#include <errno.h>
#include <stdlib.h>

enum { COMMON_LEAST = 3 };

static const int64_t BEFORE_NS = 60ll * 1000000000; /* clocks that differ by more are not compared */

/* ---------------------------------------------------------------- the calculation */

static int by_digest(const void *a, const void *b)
{
	const struct capture_mark *x = a, *y = b;

	if (x->digest != y->digest)
		return x->digest < y->digest ? -1 : 1;
	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The first of each digest. */
static size_t unique(struct capture_mark *m, size_t n)
{
	size_t kept = 0;

	qsort(m, n, sizeof(*m), by_digest);
	for (size_t i = 0; i < n; i++) {
		if (!kept || m[kept - 1].digest != m[i].digest)
			m[kept++] = m[i];
	}
	return kept;
}

static int64_t median(int64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_number);
	return v[n / 2];
}

bool capture_clock_compare(struct capture_mark *a, size_t n_a, struct capture_mark *b, size_t n_b,
			   struct capture_clock *ret)
{
	int64_t *apart[2] = {NULL, NULL};
	size_t n[2] = {0, 0};

	n_a = unique(a, n_a);
	n_b = unique(b, n_b);
	for (int k = 0; k < 2; k++)
		apart[k] = malloc((n_a + 1) * sizeof(int64_t));
	for (size_t i = 0, j = 0; apart[0] && apart[1] && i < n_a && j < n_b;) {
		if (a[i].digest == b[j].digest) {
			apart[a[i].answer][n[a[i].answer]++] = b[j].time_ns - a[i].time_ns;
			i++;
			j++;
		} else if (a[i].digest < b[j].digest) {
			i++;
		} else {
			j++;
		}
	}
	*ret = (struct capture_clock){.n_common = (unsigned)(n[0] + n[1])};
	ret->known = ret->n_common >= COMMON_LEAST;
	if (ret->known && n[0] && n[1])
		ret->ahead_ns = (median(apart[0], n[0]) + median(apart[1], n[1])) / 2;
	else if (ret->known)
		ret->ahead_ns = n[0] ? median(apart[0], n[0]) : median(apart[1], n[1]);
	free(apart[0]);
	free(apart[1]);
	return ret->known;
}

/* ---------------------------------------------------------------- marks of a file */

struct marks {
	struct capture_mark *v;
	size_t n;
	int64_t from_ns;
	struct hash_key key;
};

/* What a translation of addresses leaves as it is. */
static uint64_t digest(const struct hash_key *key, const struct capture_message *m)
{
	struct {
		uint16_t id, flags, records[4], qtype, tcp;
		uint32_t len;
		uint8_t name[WIRE_NAME_MAX + 1];
	} k = {m->id,    m->flags, {m->n_records[0], m->n_records[1], m->n_records[2], m->n_records[3]},
	       m->qtype, m->tcp,   (uint32_t)m->len,
	       {0}};

	_Static_assert(sizeof(k) == 20 + WIRE_NAME_MAX + 1, "no padding is hashed");
	memcpy(k.name, m->name, m->name_len);
	return hash_bytes(key, &k, sizeof(k));
}

static void on_message(void *arg, const struct capture_message *m)
{
	struct marks *s = arg;

	if (m->time_ns < s->from_ns || s->n == CLOCK_MESSAGES_MAX || !m->question_known)
		return;
	s->v[s->n++] = (struct capture_mark){digest(&s->key, m), m->time_ns, capture_is_answer(m)};
}

static void on_connection(void *arg, const struct capture_connection_event *e)
{
}

static int read_marks(const char *path, const uint16_t ports[CAPTURE_PORTS_MAX], const struct hash_key *key,
		      struct marks *s)
{
	const struct capture_sink sink = {on_message, on_connection, s};
	struct capture_decoder *d = capture_decoder_new(ports, key, &sink);
	struct capture_frame frame;
	struct capture_file f;

	s->key = *key;
	s->v = calloc(CLOCK_MESSAGES_MAX, sizeof(*s->v));
	if (!s->v || !d) {
		capture_decoder_free(d);
		return -ENOMEM;
	}
	if (capture_file_open(&f, path, 0) == 0) {
		while (s->n < CLOCK_MESSAGES_MAX && capture_file_next(&f, &frame))
			capture_decoder_add(d, &frame);
	}
	capture_file_close(&f);
	capture_decoder_free(d);
	return 0;
}

static int64_t first_time(const char *path)
{
	struct capture_frame frame;
	struct capture_file f;
	int64_t first_ns = 0;

	if (capture_file_open(&f, path, 0) == 0 && capture_file_next(&f, &frame))
		first_ns = frame.time_ns;
	capture_file_close(&f);
	return first_ns;
}

/* Compare with the files before it, whose clocks are known: the one with most in common says. */
static void compare_with_earlier(struct marks *s, unsigned i, struct capture_clock ret[])
{
	for (unsigned k = 0; k < i; k++) {
		struct capture_clock c;
		if (!capture_clock_compare(s[k].v, s[k].n, s[i].v, s[i].n, &c) ||
		    c.n_common <= ret[i].n_common)
			continue;
		ret[i] = c;
		ret[i].ahead_ns += ret[k].ahead_ns;
		if (!ret[k].known) /* both unknown so far: the earlier one's clock is as good as any */
			ret[k].known = true;
	}
}

int capture_clocks(const char *const *paths, unsigned n, const uint16_t ports[CAPTURE_PORTS_MAX],
		   const struct hash_key *key, struct capture_clock ret[])
{
	struct marks s[CAPTURE_FILES_MAX] = {0};
	int64_t from_ns = 0;
	int err = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t first_ns = first_time(paths[i]);
		from_ns = first_ns > from_ns ? first_ns : from_ns;
		ret[i] = (struct capture_clock){0};
	}
	for (unsigned i = 0; i < n && !err; i++) {
		s[i].from_ns = from_ns - BEFORE_NS;
		err = read_marks(paths[i], ports, key, &s[i]);
	}
	for (unsigned i = 1; i < n && !err; i++)
		compare_with_earlier(s, i, ret);
	for (unsigned i = 0; i < n; i++)
		free(s[i].v);
	return err;
}
