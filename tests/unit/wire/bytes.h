// SPDX-License-Identifier: Apache-2.0
/* Messages written by hand in tests: hex digits and quoted text, blanks between them as one likes.
 *     "0007 0100 0001 0000 0000 0000  01'a' 07'example' 00  0001 0001" */
#pragma once

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { BYTES_MAX = 4096 };

static inline unsigned bytes_digit(char c)
{
	return (unsigned)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
}

/* Into `out` (BYTES_MAX); the number of bytes. */
static inline size_t bytes_of(const char *s, uint8_t *out)
{
	size_t n = 0;

	while (*s) {
		if (*s == '\'') {
			for (s++; *s != '\''; s++)
				out[n++] = (uint8_t)*s;
			s++;
		} else if (isxdigit((unsigned char)*s)) {
			if (!isxdigit((unsigned char)s[1]))
				abort(); /* the test's own mistake */
			out[n++] = (uint8_t)(bytes_digit(s[0]) << 4 | bytes_digit(s[1]));
			s += 2;
		} else {
			s++;
		}
	}
	return n;
}
