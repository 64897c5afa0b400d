// SPDX-License-Identifier: Apache-2.0
/* Names in presentation form.  RFC 1035 5.1, RFC 4343 2.1. */
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <string.h>

/* The bytes that miekg/dns, and so every log line and Corefile of the peer, puts a backslash before. */
static bool is_special(uint8_t c)
{
	return c != 0 && strchr(". '@;()\"\\", c) != NULL;
}

static char *byte_text(uint8_t c, char *p)
{
	if (is_special(c)) {
		*p++ = '\\';
		*p++ = (char)c;
	} else if (c < ' ' || c > '~') {
		*p++ = '\\';
		*p++ = (char)('0' + c / 100);
		*p++ = (char)('0' + c / 10 % 10);
		*p++ = (char)('0' + c % 10);
	} else {
		*p++ = (char)c;
	}
	return p;
}

size_t wire_name_text(const uint8_t *name, char *out)
{
	char *p = out;

	if (!*name)
		*p++ = '.';
	while (*name) {
		for (unsigned n = *name++; n; n--)
			p = byte_text(*name++, p);
		*p++ = '.';
	}
	*p = '\0';
	return (size_t)(p - out);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One byte of a label, escaped or not, at *text; -EINVAL for an escape that is none. */
static int byte_from_text(const char **text)
{
	const char *s = *text;

	if (*s != '\\') {
		*text = s + 1;
		return (uint8_t)*s;
	}
	s++;
	if (!is_digit(s[0])) {
		*text = s + 1;
		return *s ? (uint8_t)*s : -EINVAL;
	}
	if (!is_digit(s[1]) || !is_digit(s[2]))
		return -EINVAL;
	int v = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
	*text = s + 3;
	return v <= 255 ? v : -EINVAL;
}

int wire_name_from_text(const char *text, uint8_t *out)
{
	size_t len = 0; /* of the finished labels */

	if (!strcmp(text, ".")) {
		out[0] = 0;
		return 1;
	}
	do {
		size_t n = 0;
		while (*text && *text != '.') {
			int c = byte_from_text(&text);
			/* Two more octets: this label's length and the root label. */
			if (c < 0 || n == WIRE_LABEL_MAX || len + n + 2 >= WIRE_NAME_MAX)
				return -EINVAL;
			out[len + 1 + n++] = (uint8_t)c;
		}
		if (n == 0)
			return -EINVAL;
		out[len] = (uint8_t)n;
		len += 1 + n;
		if (*text == '.')
			text++;
	} while (*text);
	out[len] = 0;
	return (int)len + 1;
}
