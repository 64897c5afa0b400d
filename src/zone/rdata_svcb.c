// SPDX-License-Identifier: Apache-2.0
/* SVCB and HTTPS: priority, target, and parameters key=value.  RFC 9460 2.1, appendix A; RFC 9461, 9540. */
#include "base/err.h"
#include "wire/wire.h"
#include "zone/rdata_text.h"
#include "zone/rr_text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum {
	PARAMS_MAX = 64,
	LIST_MAX = 4096,
	PARAM_HEAD = 4,      /* key and length */
	KEY_MANDATORY = 0,
	KEY_ALPN = 1,
	KEY_NO_DEFAULT_ALPN = 2,
	KEY_PORT = 3,
	KEY_IPV4HINT = 4,
	KEY_ECH = 5,
	KEY_IPV6HINT = 6,
	KEY_DOHPATH = 7,
	KEY_OHTTP = 8,
	KEY_INVALID = 65535,
};

static int key_number(const char *s, size_t len)
{
	static const char *const names[] = {"mandatory", "alpn",     "no-default-alpn", "port", "ipv4hint",
					    "ech",	 "ipv6hint", "dohpath",		"ohttp"};
	uint64_t v;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len && !strncasecmp(names[i], s, len))
			return (int)i;
	}
	if (len > 3 && !strncasecmp(s, "key", 3) && zone_number(s + 3, len - 3, KEY_INVALID - 1, &v))
		return (int)v;
	return -1;
}

/* The next item of a comma-separated list whose escapes as characters are resolved; `\\,` is a comma within the item. */
static bool next_item(const char **s, const char *end, struct zone_word *ret)
{
	const char *p = *s;

	if (p > end)
		return false;
	*ret = (struct zone_word){.s = p};
	while (p < end && *p != ',')
		p += *p == '\\' && p + 1 < end ? 2 : 1;
	ret->len = (size_t)(p - ret->s);
	*s = p + 1;
	return true;
}

static int put_alpn(struct zone_rdata *r, const struct zone_word *item)
{
	uint8_t bytes[256];
	size_t n = 1;

	for (size_t i = 0; i < item->len; i++) {
		i += item->s[i] == '\\' && i + 1 < item->len;
		if (n == sizeof(bytes))
			return zone_rdata_fail(r, "alpn has an item of more than 255 bytes");
		bytes[n++] = (uint8_t)item->s[i];
	}
	if (n == 1)
		return zone_rdata_fail(r, "alpn has an empty item");
	bytes[0] = (uint8_t)(n - 1);
	return zone_rdata_put(r, bytes, n);
}

static int put_key(struct zone_rdata *r, const struct zone_word *item)
{
	int key = key_number(item->s, item->len);
	uint8_t bytes[2];

	if (key < 1)
		return zone_rdata_fail(r, "mandatory names an unknown key, or itself");
	wire_put_u16(bytes, (unsigned)key);
	return zone_rdata_put(r, bytes, 2);
}

static int put_hint(struct zone_rdata *r, const struct zone_word *item, int family)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (item->len < sizeof(text)) {
		memcpy(text, item->s, item->len);
		text[item->len] = '\0';
		if (inet_pton(family, text, bytes) == 1)
			return zone_rdata_put(r, bytes, family == AF_INET ? 4 : 16);
	}
	return zone_rdata_fail(r, "expected addresses, separated by commas");
}

static int put_items(struct zone_rdata *r, int key, const char *s, const char *end)
{
	struct zone_word item;
	int n = 0;

	while (!n && next_item(&s, end, &item)) {
		if (key == KEY_ALPN)
			n = put_alpn(r, &item);
		else if (key == KEY_MANDATORY)
			n = put_key(r, &item);
		else
			n = put_hint(r, &item, key == KEY_IPV4HINT ? AF_INET : AF_INET6);
	}
	return n;
}

/* Escapes are resolved twice: as characters, then as a list's. */
static int put_list(struct zone_rdata *r, int key, const struct zone_word *value)
{
	const char *s = value->s, *end = s + value->len;
	char plain[LIST_MAX];
	size_t n = 0;

	if (!value->len)
		return zone_rdata_fail(r, "the parameter needs a value");
	while (s < end) {
		int c = zone_unescape(&s, end);

		if (c < 0 || n == sizeof(plain))
			return zone_rdata_fail(r, "the parameter's value has a bad escape, or is too long");
		plain[n++] = (char)c;
	}
	return put_items(r, key, plain, plain + n);
}

/* The keys of `mandatory` ascend on the wire, whatever their order in the text. */
static void sort_keys(uint8_t *keys, size_t len)
{
	for (size_t i = 2; i < len; i += 2) {
		for (size_t j = i; j && wire_u16(keys + j - 2) > wire_u16(keys + j); j -= 2) {
			uint16_t key = wire_u16(keys + j);

			memcpy(keys + j, keys + j - 2, 2);
			wire_put_u16(keys + j - 2, key);
		}
	}
}

/* Base64 in one word. */
static int put_ech(struct zone_rdata *r, const struct zone_word *value)
{
	struct zone_lex inner = zone_lex_over(value->s, value->len), *outer = r->lex;
	int n;

	r->lex = &inner;
	n = zone_rdata_field(r, '6');
	r->lex = outer;
	return n ? zone_rdata_fail(r, "ech must be base64") : 0;
}

static int put_value(struct zone_rdata *r, int key, const struct zone_word *value)
{
	switch (key) {
	case KEY_MANDATORY:
	case KEY_ALPN:
	case KEY_IPV4HINT:
	case KEY_IPV6HINT:
		return put_list(r, key, value);
	case KEY_NO_DEFAULT_ALPN:
	case KEY_OHTTP:
		return value->len ? zone_rdata_fail(r, "the parameter takes no value") : 0;
	case KEY_PORT:
		return zone_rdata_number(r, value, 2);
	case KEY_ECH:
		return put_ech(r, value);
	default:
		return zone_rdata_string(r, value, false);
	}
}

/* key, or key=value; a value may stand in quotes. */
static void split(const struct zone_word *w, struct zone_word *key, struct zone_word *value)
{
	const char *eq = memchr(w->s, '=', w->len);

	*key = *value = *w;
	key->len = eq ? (size_t)(eq - w->s) : w->len;
	value->s = eq ? eq + 1 : w->s + w->len;
	value->len = w->len - (size_t)(value->s - w->s);
	if (value->len >= 2 && value->s[0] == '"' && value->s[value->len - 1] == '"') {
		value->s++;
		value->len -= 2;
	}
}

static int put_param(struct zone_rdata *r, const struct zone_word *w)
{
	struct zone_word key_word, value;
	size_t at = r->len;
	int key;

	split(w, &key_word, &value);
	key = key_number(key_word.s, key_word.len);
	if (key < 0)
		return zone_rdata_fail(r, "unknown service parameter");
	if (zone_rdata_put(r, "\0\0\0", PARAM_HEAD) || put_value(r, key, &value))
		return ERR_SYNTAX;
	if (key == KEY_MANDATORY)
		sort_keys(r->out + at + PARAM_HEAD, r->len - at - PARAM_HEAD);
	wire_put_u16(r->out + at, (unsigned)key);
	wire_put_u16(r->out + at + 2, (unsigned)(r->len - at - PARAM_HEAD));
	return 0;
}

/* Exchange two neighbours: bytes [a, b) and [b, c). */
static void swap(uint8_t *a, uint8_t *b, uint8_t *c)
{
	for (size_t n = (size_t)(b - a); n--;) { /* turn left by one, as often as there are bytes before b */
		uint8_t first = *a;

		memmove(a, a + 1, (size_t)(c - a) - 1);
		c[-1] = first;
	}
}

static size_t param_len(const uint8_t *p)
{
	return PARAM_HEAD + (size_t)wire_u16(p + 2);
}

/* Keys must ascend on the wire, and each stands once: sort by insertion; few are ever out of order. */
static int sort_params(struct zone_rdata *r, size_t from)
{
	uint8_t *end = r->out + r->len;

	for (uint8_t *done = r->out + from; done < end;) {
		uint8_t *p = r->out + from, *next = done + param_len(done);

		while (p < done && wire_u16(p) < wire_u16(done))
			p += param_len(p);
		if (p < done && wire_u16(p) == wire_u16(done))
			return zone_rdata_fail(r, "a service parameter stands twice");
		if (p < done)
			swap(p, done, next);
		done = next;
	}
	return 0;
}

int zone_rdata_svcb(struct zone_rdata *r)
{
	struct zone_word w;
	size_t from;
	int n;

	if (zone_rdata_field(r, 'h') || zone_rdata_field(r, 'n'))
		return ERR_SYNTAX;
	from = r->len;
	for (int i = 0; (n = zone_lex_word(r->lex, &w)) == 1; i++) {
		if (i == PARAMS_MAX)
			return zone_rdata_fail(r, "more than 64 service parameters");
		if (put_param(r, &w))
			return ERR_SYNTAX;
	}
	return n ? n : sort_params(r, from);
}
