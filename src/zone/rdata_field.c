// SPDX-License-Identifier: Apache-2.0
/* One field of rdata, from text. */
#include "base/err.h"
#include "wire/name.h"
#include "wire/wire.h"
#include "zone/rdata_text.h"
#include "zone/rr_text.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

enum { STRING_MAX = 255, NUMBER_DIGITS_MAX = 20 };

int zone_rdata_fail(struct zone_rdata *r, const char *why)
{
	if (!r->lex->error)
		r->lex->error = why;
	return ERR_SYNTAX;
}

int zone_rdata_word(struct zone_rdata *r, struct zone_word *ret)
{
	int n = zone_lex_word(r->lex, ret);

	if (n == 1)
		return 0;
	return n ? n : zone_rdata_fail(r, "the record ends too early");
}

int zone_rdata_put(struct zone_rdata *r, const void *data, size_t len)
{
	if (len > ZONE_RDATA_MAX - r->len)
		return zone_rdata_fail(r, "the record's data has more than 65535 bytes");
	memcpy(r->out + r->len, data, len);
	r->len += len;
	return 0;
}

/* ---------------------------------------------------------------- numbers */

bool zone_number(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9' || i == NUMBER_DIGITS_MAX)
			return false;
		*ret = *ret * 10 + (uint64_t)(s[i] - '0');
		if (*ret > max)
			return false;
	}
	return len > 0;
}

int zone_rdata_number(struct zone_rdata *r, const struct zone_word *w, unsigned size)
{
	uint8_t bytes[4];
	uint64_t v;

	if (w->quoted || !zone_number(w->s, w->len, (1ull << 8 * size) - 1, &v))
		return zone_rdata_fail(r, size == 1 ? "expected a number from 0 to 255"
					: size == 2 ? "expected a number from 0 to 65535"
						    : "expected a number from 0 to 4294967295");
	wire_put_u32(bytes, (uint32_t)v);
	return zone_rdata_put(r, bytes + 4 - size, size);
}

static uint32_t unit(char c)
{
	switch (c | 0x20) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

bool zone_ttl_from_text(const char *s, size_t len, uint32_t *ret)
{
	uint64_t sum = 0, part = 0;
	bool digits = false;

	if (!len || s[0] < '0' || s[0] > '9')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] >= '0' && s[i] <= '9') {
			part = part * 10 + (uint64_t)(s[i] - '0');
			digits = true;
		} else if (digits && unit(s[i])) {
			sum += part * unit(s[i]);
			part = 0;
			digits = false;
		} else {
			return false;
		}
		if (part > UINT32_MAX || sum > UINT32_MAX)
			return false;
	}
	sum += part;
	*ret = (uint32_t)sum;
	return sum <= UINT32_MAX;
}

static int put_u32(struct zone_rdata *r, uint32_t v)
{
	uint8_t bytes[4];

	wire_put_u32(bytes, v);
	return zone_rdata_put(r, bytes, 4);
}

/* YYYYMMDDHHmmSS, or seconds since 1970, both by serial arithmetic.  RFC 4034 3.2 */
static int put_time(struct zone_rdata *r, const struct zone_word *w)
{
	struct tm tm = {0};
	uint64_t v;

	if (!zone_number(w->s, w->len, UINT64_MAX / 16, &v))
		return zone_rdata_fail(r, "expected a time such as 20250131235959");
	if (w->len != 14)
		return v <= UINT32_MAX ? put_u32(r, (uint32_t)v) : zone_rdata_fail(r, "time is too large");
	tm.tm_sec = (int)(v % 100);
	tm.tm_min = (int)(v / 100 % 100);
	tm.tm_hour = (int)(v / 10000 % 100);
	tm.tm_mday = (int)(v / 1000000 % 100);
	tm.tm_mon = (int)(v / 100000000 % 100) - 1;
	tm.tm_year = (int)(v / 10000000000) - 1900;
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return zone_rdata_fail(r, "expected a time such as 20250131235959");
	return put_u32(r, (uint32_t)timegm(&tm));
}

/* By number or by mnemonic.  IANA "DNS Security Algorithm Numbers". */
static int put_algorithm(struct zone_rdata *r, const struct zone_word *w)
{
	static const struct {
		const char *name;
		uint8_t number;
	} known[] = {{"RSAMD5", 1},	 {"DH", 2},		 {"DSA", 3},		  {"RSASHA1", 5},
		     {"DSA-NSEC3-SHA1", 6}, {"RSASHA1-NSEC3-SHA1", 7}, {"RSASHA256", 8},   {"RSASHA512", 10},
		     {"ECC-GOST", 12},	 {"ECDSAP256SHA256", 13}, {"ECDSAP384SHA384", 14}, {"ED25519", 15},
		     {"ED448", 16},	 {"INDIRECT", 252},	 {"PRIVATEDNS", 253},	  {"PRIVATEOID", 254}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (zone_word_is(w, known[i].name))
			return zone_rdata_put(r, &known[i].number, 1);
	}
	return zone_rdata_number(r, w, 1);
}

int zone_word_type(const struct zone_word *w)
{
	char text[24];

	if (w->quoted || w->len >= sizeof(text))
		return -1;
	memcpy(text, w->s, w->len);
	text[w->len] = '\0';
	return wire_type_from_text(text);
}

static int put_type(struct zone_rdata *r, const struct zone_word *w)
{
	uint8_t bytes[2];
	int type = zone_word_type(w);

	if (type < 0)
		return zone_rdata_fail(r, "expected a record type");
	wire_put_u16(bytes, (unsigned)type);
	return zone_rdata_put(r, bytes, 2);
}

/* ---------------------------------------------------------------- names and addresses */

int zone_unescape(const char **s, const char *end)
{
	const char *p = *s;
	int v;

	if (*p != '\\') {
		*s = p + 1;
		return (uint8_t)*p;
	}
	if (p + 1 == end)
		return -1;
	if (p[1] < '0' || p[1] > '9') {
		*s = p + 2;
		return (uint8_t)p[1];
	}
	if (end - p < 4 || p[2] < '0' || p[2] > '9' || p[3] < '0' || p[3] > '9')
		return -1;
	v = (p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0';
	*s = p + 4;
	return v > 255 ? -1 : v;
}

/* The name's labels up to its end; false: not of a name's form.  *ret_absolute: it ended in a dot. */
static bool read_labels(const char *s, const char *end, uint8_t *out, size_t *len, bool *ret_absolute)
{
	size_t label = 0; /* where its length stands */
	size_t n = 1;

	*ret_absolute = false;
	while (s < end) {
		bool dot = *s == '.';
		int c = zone_unescape(&s, end);

		*ret_absolute = dot;
		if (dot) {
			if (n == label + 1)
				return false;
			out[label] = (uint8_t)(n - label - 1);
			label = n++;
		} else if (c < 0 || n - label > WIRE_LABEL_MAX || n >= WIRE_NAME_MAX) {
			return false;
		} else {
			out[n++] = (uint8_t)c;
		}
		if (n > WIRE_NAME_MAX)
			return false;
	}
	if (n > label + 1) { /* the last label had no dot */
		out[label] = (uint8_t)(n - label - 1);
		label = n;
	}
	*len = label;
	return true;
}

size_t zone_name_from_text(const char *s, size_t len, const uint8_t *origin, uint8_t *out)
{
	static const uint8_t root[1] = {0};
	size_t n = 0, more;
	bool absolute;

	if (len == 1 && *s == '.') {
		*out = 0;
		return 1;
	}
	if (len == 1 && *s == '@' && origin) {
		n = wire_name_len(origin);
		memcpy(out, origin, n);
		return n;
	}
	if (!len || !read_labels(s, s + len, out, &n, &absolute))
		return 0;
	if (!absolute && !origin)
		return 0;
	more = absolute ? 1 : wire_name_len(origin);
	if (n + more > WIRE_NAME_MAX)
		return 0;
	memcpy(out + n, absolute ? root : origin, more);
	return n + more;
}

static int put_name(struct zone_rdata *r, const struct zone_word *w)
{
	uint8_t name[WIRE_NAME_MAX];
	size_t len = zone_name_from_text(w->s, w->len, r->origin, name);

	return len ? zone_rdata_put(r, name, len) : zone_rdata_fail(r, "expected a domain name");
}

static int put_address(struct zone_rdata *r, const struct zone_word *w, int family)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (!w->quoted && w->len < sizeof(text)) {
		memcpy(text, w->s, w->len);
		text[w->len] = '\0';
		if (inet_pton(family, text, bytes) == 1)
			return zone_rdata_put(r, bytes, family == AF_INET ? 4 : 16);
	}
	return zone_rdata_fail(r, family == AF_INET ? "expected an IPv4 address" : "expected an IPv6 address");
}

/* ---------------------------------------------------------------- strings */

int zone_rdata_string(struct zone_rdata *r, const struct zone_word *w, bool with_length)
{
	const char *s = w->s, *end = s + w->len;
	uint8_t bytes[STRING_MAX + 1];
	size_t n = 1;

	while (s < end) {
		int c = zone_unescape(&s, end);
		uint8_t byte = (uint8_t)c;

		if (c < 0)
			return zone_rdata_fail(r, "bad escape in a string");
		if (!with_length) {
			if (zone_rdata_put(r, &byte, 1))
				return ERR_SYNTAX;
			continue;
		}
		if (n > STRING_MAX)
			return zone_rdata_fail(r, "string has more than 255 bytes");
		bytes[n++] = byte;
	}
	bytes[0] = (uint8_t)(n - 1);
	return with_length ? zone_rdata_put(r, bytes, n) : 0;
}

/* A string of TXT; a longer one is cut into pieces of 255 bytes, as the peer does. */
static int put_pieces(struct zone_rdata *r, const struct zone_word *w)
{
	const char *s = w->s, *end = s + w->len;

	do {
		struct zone_word piece = {.s = s, .quoted = w->quoted};

		for (int n = 0; n < STRING_MAX && s < end; n++) {
			if (zone_unescape(&s, end) < 0)
				return zone_rdata_fail(r, "bad escape in a string");
		}
		piece.len = (size_t)(s - piece.s);
		if (zone_rdata_string(r, &piece, true))
			return ERR_SYNTAX;
	} while (s < end);
	return 0;
}

static int put_strings(struct zone_rdata *r)
{
	struct zone_word w;
	int n = zone_rdata_word(r, &w);

	if (n)
		return n;
	do {
		if (put_pieces(r, &w))
			return ERR_SYNTAX;
		n = zone_lex_word(r->lex, &w);
	} while (n == 1);
	return n;
}

/* By number or by mnemonic.  RFC 4398 2.1 */
static int put_certificate_kind(struct zone_rdata *r, const struct zone_word *w)
{
	static const struct {
		const char *name;
		uint8_t wire[2];
	} known[] = {{"PKIX", {0, 1}},	{"SPKI", {0, 2}},    {"PGP", {0, 3}},	{"IPKIX", {0, 4}},  {"ISPKI", {0, 5}},
		     {"IPGP", {0, 6}},	{"ACPKIX", {0, 7}},  {"IACPKIX", {0, 8}}, {"URI", {0, 253}}, {"OID", {0, 254}}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (zone_word_is(w, known[i].name))
			return zone_rdata_put(r, known[i].wire, 2);
	}
	return zone_rdata_number(r, w, 2);
}

/* ---------------------------------------------------------------- */

static int put_word(struct zone_rdata *r, char kind, const struct zone_word *w)
{
	uint32_t ttl;

	switch (kind) {
	case 'n':
		return put_name(r, w);
	case 'b':
		return zone_rdata_number(r, w, 1);
	case 'h':
		return zone_rdata_number(r, w, 2);
	case 'w':
		return zone_rdata_number(r, w, 4);
	case 't':
		if (!zone_ttl_from_text(w->s, w->len, &ttl))
			return zone_rdata_fail(r, "expected a number of seconds, or a time such as 1h30m");
		return put_u32(r, ttl);
	case 'T':
		return put_time(r, w);
	case 's':
		return zone_rdata_string(r, w, true);
	case 'O':
		return zone_rdata_string(r, w, false);
	case 'y':
		return put_type(r, w);
	case 'g':
		return put_algorithm(r, w);
	case 'Z':
		return zone_rdata_encoded_word(r, w, 4);
	case 'z':
		return zone_rdata_encoded_word(r, w, 5);
	case 'C':
		return put_certificate_kind(r, w);
	case 'e':
		return zone_rdata_groups(r, w, 6, 1, '-');
	case 'E':
		return zone_rdata_groups(r, w, 8, 1, '-');
	case 'i':
		return zone_rdata_groups(r, w, 8, 2, ':');
	case '4':
		return put_address(r, w, AF_INET);
	default:
		return put_address(r, w, AF_INET6);
	}
}

int zone_rdata_field(struct zone_rdata *r, char kind)
{
	struct zone_word w;

	switch (kind) {
	case 'S':
		return put_strings(r);
	case 'x':
		return zone_rdata_encoded_rest(r, 4);
	case '6':
		return zone_rdata_encoded_rest(r, 6);
	case 'B':
		return zone_rdata_bitmap(r);
	default:
		return zone_rdata_word(r, &w) ? ERR_SYNTAX : put_word(r, kind, &w);
	}
}
