// SPDX-License-Identifier: Apache-2.0
/* Error codes.  Functions return 0 or a negative code: -errno, or one of these. */
#pragma once

enum {
	ERR_TRUNCATED = -1001, /* the bytes end before what they announce */
	ERR_NO_SPACE = -1002,  /* the output buffer is too small; nothing was written */
	ERR_SYNTAX = -1003,    /* configuration text that is not of its form; details were reported */
	ERR_LIMIT = -1004,     /* one of our own bounds is reached (memory, queue, depth, count) */
	ERR_GONE = -1005,      /* what a handle named has ended */
	ERR_MISMATCH = -1006,  /* well formed, but not the answer to what was asked */
};

/* A short lower-case text for a code of either kind.  Static; any thread (strerror_r inside). */
const char *err_text(int code);
