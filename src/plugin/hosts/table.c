// SPDX-License-Identifier: Apache-2.0
#include "plugin/hosts/table.h"

#include "base/hash.h"
#include "base/rng.h"
#include "plugin/hosts/pool.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = WIRE_NAME_TEXT_MAX, NONE = 0 /* no link: the first one stands for it */ };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* A list of links, first to last. */
struct list {
	uint32_t first, last, n;
};

struct hosts_name {
	uint32_t text; /* offset in the bytes: length, name */
	struct list addrs[2];
};

struct address {
	uint8_t addr[16]; /* IPv4 as v4-mapped */
	struct list names;
};

struct link {
	uint32_t next, to; /* index of the address or of the name */
};

struct hosts_table {
	struct hash_key key;
	struct pool bytes, names, addrs, links; /* uint8_t, hosts_name, address, link */
	struct index by_name, by_addr;
	size_t entries;
};

/* ---------------------------------------------------------------- parts */

static struct hosts_name *name_at(const struct hosts_table *t, uint32_t i)
{
	return (struct hosts_name *)t->names.v + i;
}

static struct address *addr_at(const struct hosts_table *t, uint32_t i)
{
	return (struct address *)t->addrs.v + i;
}

static const struct link *link_at(const struct hosts_table *t, uint32_t i)
{
	return (const struct link *)t->links.v + i;
}

static const uint8_t *text_of(const struct hosts_table *t, const struct hosts_name *n)
{
	return t->bytes.v + n->text;
}

static bool same_name(const void *table, uint32_t i, const void *key, size_t len)
{
	const struct hosts_table *t = table;
	const uint8_t *text = text_of(t, name_at(t, i));

	return text[0] == len && memcmp(text + 1, key, len) == 0;
}

static bool same_addr(const void *table, uint32_t i, const void *key, size_t len)
{
	return memcmp(addr_at(table, i)->addr, key, len) == 0;
}

static uint32_t find_name(const struct hosts_table *t, const uint8_t *name, size_t len)
{
	return index_find(&t->by_name, (uint32_t)hash_bytes(&t->key, name, len), same_name, t, name, len);
}

static uint32_t find_addr(const struct hosts_table *t, const uint8_t addr[16])
{
	return index_find(&t->by_addr, (uint32_t)hash_bytes(&t->key, addr, 16), same_addr, t, addr, 16);
}

/* ---------------------------------------------------------------- growing */

static bool add_name(struct hosts_table *t, const uint8_t *name, size_t len, uint32_t *ret)
{
	uint8_t *text;
	struct hosts_name *n;

	*ret = find_name(t, name, len);
	if (*ret != INDEX_NONE)
		return true;
	*ret = (uint32_t)t->names.n;
	text = pool_add(&t->bytes, 1 + len, 1);
	n = pool_add(&t->names, 1, sizeof(*n));
	if (!text || !n || !index_add(&t->by_name, (uint32_t)hash_bytes(&t->key, name, len), *ret))
		return false;
	text[0] = (uint8_t)len;
	memcpy(text + 1, name, len);
	*n = (struct hosts_name){.text = (uint32_t)(text - t->bytes.v)};
	return true;
}

static bool add_addr(struct hosts_table *t, const uint8_t addr[16], uint32_t *ret)
{
	struct address *a;

	*ret = find_addr(t, addr);
	if (*ret != INDEX_NONE)
		return true;
	*ret = (uint32_t)t->addrs.n;
	a = pool_add(&t->addrs, 1, sizeof(*a));
	if (!a || !index_add(&t->by_addr, (uint32_t)hash_bytes(&t->key, addr, 16), *ret))
		return false;
	*a = (struct address){0};
	memcpy(a->addr, addr, 16);
	return true;
}

static bool append(struct hosts_table *t, struct list *l, uint32_t to)
{
	uint32_t i = (uint32_t)t->links.n;
	struct link *new = pool_add(&t->links, 1, sizeof(*new));

	if (!new)
		return false;
	*new = (struct link){.next = NONE, .to = to};
	if (l->n++)
		((struct link *)t->links.v)[l->last].next = i;
	else
		l->first = i;
	l->last = i;
	t->entries++;
	return true;
}

/* ---------------------------------------------------------------- text */

struct line {
	const char *at, *end;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word, ended by NUL; false: none is left.  What is longer than any name, or has a NUL in it, is neither
 * a name nor an address: it reads as nothing. */
static bool next_word(struct line *l, char out[WORD_MAX])
{
	size_t len = 0;
	bool bad = false;

	while (l->at < l->end && is_space(*l->at))
		l->at++;
	if (l->at == l->end)
		return false;
	for (; l->at < l->end && !is_space(*l->at); l->at++) {
		bad |= *l->at == '\0' || len == WORD_MAX - 1;
		if (!bad)
			out[len++] = *l->at;
	}
	out[bad ? 0 : len] = '\0';
	return true;
}

/* A zone such as %eth0 does not count. */
static bool parse_addr(char *text, uint8_t out[16])
{
	text[strcspn(text, "%")] = '\0';
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	memcpy(out, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, out + sizeof(mapped)) == 1;
}

static bool wanted(const struct hosts_scope *s, const uint8_t *name)
{
	for (size_t i = 0; i < s->zones->n; i++) {
		if (wire_name_in_zone(name, s->zones->v[i].zone))
			return true;
	}
	return false;
}

static bool is_wildcard(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

/* False: no memory. */
static bool add_pair(struct hosts_table *t, const struct hosts_scope *s, const uint8_t addr[16], const char *word)
{
	enum hosts_family f = memcmp(addr, mapped, sizeof(mapped)) == 0 ? HOSTS_V4 : HOSTS_V6;
	uint8_t name[WIRE_NAME_MAX];
	int len = wire_name_from_text(word, name);
	uint32_t n, a;

	if (len <= 0)
		return true;
	wire_name_lower(name, name, (size_t)len);
	if (!wanted(s, name))
		return true;
	if (!add_name(t, name, (size_t)len, &n) || !add_addr(t, addr, &a) ||
	    !append(t, &name_at(t, n)->addrs[f], a))
		return false;
	return !s->reverse || is_wildcard(name) || append(t, &addr_at(t, a)->names, n);
}

static bool read_line(struct hosts_table *t, const struct hosts_scope *s, struct line l)
{
	char word[WORD_MAX];
	uint8_t addr[16];

	if (!next_word(&l, word) || !parse_addr(word, addr))
		return true;
	while (next_word(&l, word)) {
		if (!add_pair(t, s, addr, word))
			return false;
	}
	return true;
}

static bool read_text(struct hosts_table *t, const struct hosts_scope *s, const char *text, size_t len)
{
	const char *end;

	if (!len) /* and perhaps no text */
		return true;
	end = text + len;
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;
		const char *hash = memchr(text, '#', (size_t)(stop - text));

		if (!read_line(t, s, (struct line){text, hash ? hash : stop}))
			return false;
		text = stop + 1;
	}
	return true;
}

/* ---------------------------------------------------------------- the whole */

struct hosts_table *hosts_table_new(const char *text, size_t len, const struct hosts_scope *scope)
{
	struct hosts_table *t = calloc(1, sizeof(*t));
	struct rng rng;

	if (!t)
		return NULL;
	rng_init(&rng);
	rng_bytes(&rng, &t->key, sizeof(t->key));
	if (!pool_add(&t->links, 1, sizeof(struct link)) || !read_text(t, scope, text, len)) {
		hosts_table_free(t);
		return NULL;
	}
	return t;
}

void hosts_table_free(struct hosts_table *t)
{
	if (!t)
		return;
	free(t->bytes.v);
	free(t->names.v);
	free(t->addrs.v);
	free(t->links.v);
	free(t->by_name.slots);
	free(t->by_addr.slots);
	free(t);
}

size_t hosts_table_entries(const struct hosts_table *t)
{
	return t->entries;
}

const struct hosts_name *hosts_table_find(const struct hosts_table *t, const uint8_t *name, size_t len)
{
	uint32_t i = find_name(t, name, len);

	return i == INDEX_NONE ? NULL : name_at(t, i);
}

size_t hosts_name_count(const struct hosts_name *n, enum hosts_family f)
{
	return n->addrs[f].n;
}

size_t hosts_name_copy(const struct hosts_table *t, const struct hosts_name *n, enum hosts_family f, uint8_t *out,
		       size_t max)
{
	size_t size = f == HOSTS_V4 ? 4 : 16, done = 0;

	for (uint32_t i = n->addrs[f].first; i != NONE && done < max; i = link_at(t, i)->next, done++)
		memcpy(out + done * size, addr_at(t, link_at(t, i)->to)->addr + 16 - size, size);
	return done;
}

int hosts_table_names(const struct hosts_table *t, const uint8_t *addr, enum hosts_family f,
		      int (*fn)(void *arg, const uint8_t *name, size_t len), void *arg)
{
	size_t size = f == HOSTS_V4 ? 4 : 16;
	uint8_t key[16];
	uint32_t at;
	int r = 0;

	memcpy(key, mapped, sizeof(mapped));
	memcpy(key + 16 - size, addr, size);
	at = find_addr(t, key);
	if (at == INDEX_NONE)
		return 0;
	for (uint32_t i = addr_at(t, at)->names.first; i != NONE && !r; i = link_at(t, i)->next) {
		const uint8_t *text = text_of(t, name_at(t, link_at(t, i)->to));

		r = fn(arg, text + 1, text[0]);
	}
	return r;
}
