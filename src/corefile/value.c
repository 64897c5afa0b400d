// SPDX-License-Identifier: Apache-2.0
/* Durations and integers as Go reads them, which is what a Corefile's values are written for. */
#include "corefile/corefile.h"

#include <errno.h>
#include <string.h>

#define NS_MAX ((uint64_t)1 << 63) /* one beyond the largest duration */

int cf_integer(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t v = 0, limit = negative ? NS_MAX : NS_MAX - 1;
	int r = 0;

	text += *text == '-' || *text == '+';
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');
		if (digit > 9)
			return -EINVAL;
		if (v > (limit - digit) / 10)
			r = -ERANGE; /* read on: letters behind it make it no number at all */
		else
			v = v * 10 + digit;
	}
	if (!r)
		*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return r;
}

struct unit {
	const char *name;
	uint64_t ns;
};

static uint64_t unit_ns(const char *s, size_t n)
{
	static const struct unit units[] = {
		{"ns", 1},           {"us", 1000},
		{"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, /* micro sign and mu */
		{"ms", 1000000},     {"s", 1000000000},
		{"m", 60000000000},  {"h", 3600000000000},
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strlen(units[i].name) == n && !memcmp(units[i].name, s, n))
			return units[i].ns;
	}
	return 0;
}

/* Digits of a whole part; -ERANGE over 2^63.  Moves `*s` behind them. */
static int whole(const char **s, uint64_t *ret)
{
	uint64_t v = 0;

	for (; **s >= '0' && **s <= '9'; ++*s) {
		if (v > NS_MAX / 10)
			return -ERANGE;
		v = v * 10 + (uint64_t)(**s - '0');
		if (v > NS_MAX)
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

/* Digits behind the point: *f / *scale.  Those beyond 63 bits do not count. */
static void fraction(const char **s, uint64_t *f, double *scale)
{
	bool full = false;

	*f = 0;
	*scale = 1;
	for (; **s >= '0' && **s <= '9'; ++*s) {
		uint64_t digit = (uint64_t)(**s - '0');
		if (full || *f > (NS_MAX - 1) / 10 || *f * 10 + digit > NS_MAX) {
			full = true;
			continue;
		}
		*f = *f * 10 + digit;
		*scale *= 10;
	}
}

/* One number with its unit, in nanoseconds. */
static int part(const char **s, uint64_t *ret)
{
	const char *begin = *s;
	uint64_t v, f = 0, unit;
	double scale = 1;
	bool digits;
	int r = whole(s, &v);

	if (r)
		return r;
	digits = *s > begin;
	if (**s == '.') {
		begin = ++*s;
		fraction(s, &f, &scale);
		digits = digits || *s > begin;
	}
	size_t n = strcspn(*s, ".0123456789");
	unit = unit_ns(*s, n);
	if (!digits || !unit)
		return -EINVAL;
	*s += n;
	if (v > NS_MAX / unit)
		return -ERANGE;
	v = v * unit + (uint64_t)((double)f * ((double)unit / scale));
	if (v > NS_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

int cf_duration(const char *text, uint64_t *ret_ns)
{
	bool negative = *text == '-';
	uint64_t sum = 0, v;

	text += *text == '-' || *text == '+';
	if (!*text)
		return -EINVAL;
	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	while (*text) {
		int r = part(&text, &v);
		if (r)
			return r;
		sum += v;
		if (sum > NS_MAX)
			return -ERANGE;
	}
	if (sum == NS_MAX || (negative && sum))
		return -ERANGE;
	*ret_ns = sum;
	return 0;
}
