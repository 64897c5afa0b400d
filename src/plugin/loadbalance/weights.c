// SPDX-License-Identifier: Apache-2.0
/* The weights of one file: lines `NAME`, then `IP WEIGHT` for its addresses.  Sorted once, found by bisection. */
#include "base/hash.h"
#include "net/addr.h"
#include "plugin/loadbalance/loadbalance.h"
#include "wire/name.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weight {
	uint8_t addr[16]; /* IPv4 as v4-mapped */
	uint32_t name;    /* its number */
	uint32_t line;    /* of the doubles the first counts */
	uint8_t value;
};

struct name {
	uint8_t wire[WIRE_NAME_MAX]; /* lower case */
	uint8_t len;
	uint32_t id;
};

struct weights {
	struct weight *v;
	struct name *names;
	size_t n, cap, n_names, cap_names;
};

struct reading {
	struct weights *w;
	unsigned line;
	uint32_t name;
	bool named;
	char *error;
	size_t size;
};

static int wrong(struct reading *r, const char *fmt, ...) PRINTF(2, 3);

static int wrong(struct reading *r, const char *fmt, ...)
{
	int n = snprintf(r->error, r->size, "line %u: ", r->line);
	va_list ap;

	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < r->size)
		(void)vsnprintf(r->error + n, r->size - (size_t)n, fmt, ap); /* a cut text still says it */
	va_end(ap);
	return -EINVAL;
}

/* Room for one more of `size` bytes. */
static bool grow(void **v, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return true;
	p = realloc(*v, more * size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

static void address_key(uint8_t out[16], const uint8_t *rdata, size_t len)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (len == 4)
		memcpy(out, mapped, sizeof(mapped));
	memcpy(out + (16 - len), rdata, len);
}

static int read_name(struct reading *r, const char *word)
{
	struct weights *w = r->w;
	char text[WIRE_NAME_TEXT_MAX + 2];
	struct net_addr a;
	struct name *n;
	int len;

	if (net_addr_parse(word, 0, &a) == 0)
		return wrong(r, "address \"%.64s\" has no weight", word);
	(void)snprintf(text, sizeof(text), "%s%s", word, word[strlen(word) - 1] == '.' ? "" : ".");
	if (!grow((void **)&w->names, w->n_names, &w->cap_names, sizeof(*n)))
		return -ENOMEM;
	n = &w->names[w->n_names];
	len = wire_name_from_text(text, n->wire);
	if (len < 0)
		return wrong(r, "\"%.64s\" is no domain name", word);
	wire_name_lower(n->wire, n->wire, (size_t)len);
	n->len = (uint8_t)len;
	n->id = r->name = (uint32_t)w->n_names++;
	r->named = true;
	return 0;
}

static int read_weight(struct reading *r, const char *address, const char *value)
{
	struct weights *w = r->w;
	struct weight *x;
	struct net_addr a;
	char *end;
	unsigned long n;

	if (!r->named)
		return wrong(r, "\"%.64s\" comes before any name", address);
	if (net_addr_parse(address, 0, &a))
		return wrong(r, "\"%.64s\" is no IP address", address);
	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || n < 1 || n > WEIGHT_MAX)
		return wrong(r, "\"%.20s\" is no weight; expected 1 to %d", value, WEIGHT_MAX);
	if (!grow((void **)&w->v, w->n, &w->cap, sizeof(*x)))
		return -ENOMEM;
	x = &w->v[w->n++];
	*x = (struct weight){.name = r->name, .line = r->line, .value = (uint8_t)n};
	if (a.sa.sa_family == AF_INET)
		address_key(x->addr, (const uint8_t *)&a.v4.sin_addr, 4);
	else
		address_key(x->addr, (const uint8_t *)&a.v6.sin6_addr, 16);
	return 0;
}

static int read_line(struct reading *r, char *line)
{
	static const char space[] = " \t\r\v\f";
	char *save = NULL, *first = strtok_r(line, space, &save), *second, *third;

	if (!first || *first == '#')
		return 0;
	second = strtok_r(NULL, space, &save);
	third = strtok_r(NULL, space, &save);
	if (third)
		return wrong(r, "found \"%.64s\" behind a weight; expected NAME, or IP WEIGHT", third);
	return second ? read_weight(r, first, second) : read_name(r, first);
}

static int read_lines(struct reading *r, char *text)
{
	int err = 0;

	for (char *next; text && !err; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		r->line++;
		err = read_line(r, text);
	}
	return err;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int d = x->len != y->len ? (int)x->len - (int)y->len : memcmp(x->wire, y->wire, x->len);

	return d ? d : x->id < y->id ? -1 : x->id > y->id;
}

static int compare_keys(const struct weight *x, const struct weight *y)
{
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static int compare_weights(const void *a, const void *b)
{
	const struct weight *x = a, *y = b;
	int d = compare_keys(x, y);

	return d ? d : x->line < y->line ? -1 : x->line > y->line;
}

/* A name may stand in several places: it gets one number.  `of`: by old number, the new one. */
static bool unite_names(struct weights *w)
{
	uint32_t *of = calloc(w->n_names + 1, sizeof(*of));
	size_t kept = 0;

	if (!of)
		return false;
	qsort(w->names, w->n_names, sizeof(*w->names), compare_names);
	for (size_t i = 0; i < w->n_names; i++) {
		struct name *n = &w->names[i], *before = kept ? &w->names[kept - 1] : NULL;

		if (!before || before->len != n->len || memcmp(before->wire, n->wire, n->len) != 0) {
			of[n->id] = (uint32_t)kept;
			w->names[kept++] = *n;
		} else {
			of[n->id] = (uint32_t)kept - 1;
		}
	}
	w->n_names = kept;
	for (size_t i = 0; i < w->n; i++)
		w->v[i].name = of[w->v[i].name];
	free(of);
	qsort(w->v, w->n, sizeof(*w->v), compare_weights);
	return true;
}

int weights_parse(const char *text, size_t len, struct weights **ret, char *ret_error, size_t size)
{
	struct reading r = {.w = calloc(1, sizeof(*r.w)), .error = ret_error, .size = size};
	char *copy = malloc(len + 1);
	int err = -ENOMEM;

	ret_error[0] = '\0';
	if (r.w && copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
		err = read_lines(&r, copy);
	}
	if (!err && (r.w->n_names == 0 || unite_names(r.w))) {
		*ret = r.w;
		r.w = NULL;
	} else if (!err) {
		err = -ENOMEM;
	}
	weights_free(r.w);
	free(copy);
	return err;
}

void weights_free(void *arg)
{
	struct weights *w = arg;

	if (!w)
		return;
	free(w->v);
	free(w->names);
	free(w);
}

static const struct name *find_name(const struct weights *w, const uint8_t *owner)
{
	struct name key;
	size_t lo = 0, hi = w->n_names;

	key.len = (uint8_t)wire_name_len(owner);
	wire_name_lower(key.wire, owner, key.len);
	key.id = 0;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct name *n = &w->names[mid];
		int d = n->len != key.len ? (int)n->len - (int)key.len : memcmp(n->wire, key.wire, key.len);

		if (d == 0)
			return n;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* The first of its key, or where it would stand. */
static size_t first_at(const struct weights *w, const struct weight *key)
{
	size_t lo = 0, hi = w->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare_keys(&w->v[mid], key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

unsigned weights_of(const struct weights *w, const uint8_t *owner, const struct reply_rr *rr)
{
	const struct name *n = w ? find_name(w, owner) : NULL;
	struct weight key;
	size_t at;

	if (!n || (rr->rdlen != 4 && rr->rdlen != 16))
		return WEIGHT_DEFAULT;
	key.name = (uint32_t)(n - w->names);
	address_key(key.addr, rr->rdata, rr->rdlen);
	at = first_at(w, &key);
	return at < w->n && compare_keys(&w->v[at], &key) == 0 ? w->v[at].value : WEIGHT_DEFAULT;
}
