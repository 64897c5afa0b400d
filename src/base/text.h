// SPDX-License-Identifier: Apache-2.0
/* A growing text, for what is written seldom (metrics, replies to the admin socket), never for a query.
 *
 * Zeroed = empty and without bound.  An error is sticky: write everything, look at `failed` at the end.  `p` ends with a NUL
 * once anything was written.  The owner frees `p`.  Thread: the owner's. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *p;
	size_t len, cap;
	size_t max;  /* it must not grow beyond that; 0: no bound */
	bool failed; /* no memory, or over the bound: what is there is not all */
};

/* Room for `n` more bytes and a NUL.  False: it has failed. */
bool text_room(struct text *t, size_t n);
void text_put(struct text *t, const char *fmt, ...) PRINTF(2, 3);
void text_add(struct text *t, const char *s, size_t len);
/* Bytes of somebody else, for a line that a person reads: whatever is not printable ASCII becomes '?', but for `keep` (0: nothing). */
void text_make_printable(char *s, char keep);
/* As a JSON string, quotes included.  Whatever the bytes are, the result is ASCII and harmless within HTML and on a
 * terminal: beyond printable ASCII each byte is one \u00xx, and so are <, > and &. */
void text_json(struct text *t, const char *s);
