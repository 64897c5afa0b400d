// SPDX-License-Identifier: Apache-2.0
/* Fields of rdata that are bytes in hex, base32 or base64, and bitmaps of types. */
#include "base/err.h"
#include "zone/rdata_text.h"

#include <string.h>

enum { LENGTH_MAX = 255 };

static int digit_of(char c, const char *set)
{
	const char *p = c ? strchr(set, c) : NULL;

	return p ? (int)(p - set) : -1;
}

static int digit(char c, unsigned bits)
{
	if (bits == 6)
		return digit_of(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 0x20);
	return digit_of(c, bits == 5 ? "0123456789ABCDEFGHIJKLMNOPQRSTUV" : "0123456789ABCDEF");
}

/* Digits of 4, 5 or 6 bits; over several words they go on. */
struct digits {
	unsigned bits, n_left;
	uint32_t left;
	bool ended; /* by = */
};

static int put_digits(struct zone_rdata *r, struct digits *d, const struct zone_word *w)
{
	for (size_t i = 0; i < w->len; i++) {
		int v = digit(w->s[i], d->bits);
		uint8_t byte;

		if (w->s[i] == '=' && d->bits == 6) {
			d->ended = true;
			continue;
		}
		if (v < 0 || d->ended)
			return zone_rdata_fail(r, d->bits == 6 ? "expected base64" : d->bits == 5 ? "expected base32" : "expected hex digits");
		d->left = d->left << d->bits | (uint32_t)v;
		d->n_left += d->bits;
		if (d->n_left < 8)
			continue;
		d->n_left -= 8;
		byte = (uint8_t)(d->left >> d->n_left);
		if (zone_rdata_put(r, &byte, 1))
			return ERR_SYNTAX;
	}
	return 0;
}

int zone_rdata_encoded_rest(struct zone_rdata *r, unsigned bits)
{
	struct digits d = {.bits = bits};
	struct zone_word w;
	int n = zone_rdata_word(r, &w);

	if (n)
		return n;
	do {
		if (put_digits(r, &d, &w))
			return ERR_SYNTAX;
		n = zone_lex_word(r->lex, &w);
	} while (n == 1);
	if (!n && d.n_left >= bits) /* a whole digit is left over */
		return zone_rdata_fail(r, "the last byte is not whole");
	return n;
}

/* One word with its length before it; "-" is none. */
int zone_rdata_encoded_word(struct zone_rdata *r, const struct zone_word *w, unsigned bits)
{
	struct digits d = {.bits = bits};
	size_t at = r->len;

	if (zone_rdata_put(r, "", 1))
		return ERR_SYNTAX;
	if (!zone_word_is(w, "-") && put_digits(r, &d, w))
		return ERR_SYNTAX;
	if (r->len - at - 1 > LENGTH_MAX || d.n_left >= bits)
		return zone_rdata_fail(r, "bad length of encoded bytes");
	r->out[at] = (uint8_t)(r->len - at - 1);
	return 0;
}

/* `n` bytes in hex, `group` of them between two separators. */
int zone_rdata_groups(struct zone_rdata *r, const struct zone_word *w, unsigned n, unsigned group, char separator)
{
	uint8_t bytes[8];
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		int high, low;

		if (i && i % group == 0 && (at >= w->len || w->s[at++] != separator))
			return zone_rdata_fail(r, "expected hex bytes with separators between them");
		high = at + 1 < w->len ? digit(w->s[at], 4) : -1;
		low = at + 1 < w->len ? digit(w->s[at + 1], 4) : -1;
		if (high < 0 || low < 0)
			return zone_rdata_fail(r, "expected hex bytes with separators between them");
		bytes[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return at == w->len ? zone_rdata_put(r, bytes, n) : zone_rdata_fail(r, "found more than the bytes of an address");
}

/* Types to the end of the entry.  RFC 4034 4.1.2 */
int zone_rdata_bitmap(struct zone_rdata *r)
{
	uint8_t bits[8192] = {0};
	struct zone_word w;
	int n;

	while ((n = zone_lex_word(r->lex, &w)) == 1) {
		int type = zone_word_type(&w);

		if (type < 0)
			return zone_rdata_fail(r, "expected a record type");
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
	}
	for (unsigned window = 0; !n && window < 256; window++) {
		uint8_t head[2] = {(uint8_t)window, 32};
		const uint8_t *at = bits + (size_t)window * 32;

		while (head[1] && !at[head[1] - 1])
			head[1]--;
		if (head[1] && (zone_rdata_put(r, head, 2) || zone_rdata_put(r, at, head[1])))
			return ERR_SYNTAX;
	}
	return n;
}
