// SPDX-License-Identifier: Apache-2.0
/* Copies of texts that end by their length, inside a larger buffer: strndup() may look for a NUL behind them. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* malloc'ed, with a NUL behind it; NULL: no memory.  `s` may be NULL when `len` is 0. */
static inline char *kube_text_dup(const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}
