// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include "base/compiler.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *const own_text[] = {
	"bytes end too early",
	"no space in the buffer",
	"bad syntax",
	"limit reached",
	"no longer there",
	"not an answer to this question",
};

/* The C library's texts begin with a capital letter, ours stand inside sentences: lowered copies, made once. */
enum { N_ERRNO = 134, ERRNO_TEXT_MAX = 56 };
static char errno_text[N_ERRNO][ERRNO_TEXT_MAX];
static pthread_once_t errno_once = PTHREAD_ONCE_INIT;

static void make_errno_text(void)
{
	for (int i = 0; i < N_ERRNO; i++) {
		const char *s = strerrordesc_np(i);
		char *to = errno_text[i];

		snprintf(to, ERRNO_TEXT_MAX, "%s", s ? s : "unknown error");
		if (islower((unsigned char)to[1]) || to[1] == ' ')
			to[0] = (char)tolower((unsigned char)to[0]);
	}
}

const char *err_text(int code)
{
	if (code <= ERR_TRUNCATED) {
		size_t i = (size_t)ERR_TRUNCATED - (size_t)code;

		return i < ARRAY_LEN(own_text) ? own_text[i] : "unknown error";
	}
	if (code > 0 || code <= -N_ERRNO)
		return "unknown error";
	pthread_once(&errno_once, make_errno_text);
	return errno_text[-code];
}
