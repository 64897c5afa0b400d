// SPDX-License-Identifier: Apache-2.0
/* Times in HTTP headers.  Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A date (RFC 9110 5.6.7; a line's end may follow) as Unix time.  False: it is none. */
bool http_date(const char *text, int64_t *ret_s);

/* The value of Retry-After, in seconds from `now_s` (Unix time; the server's own, when it has said it) on, at most a day's.
 * 0: over already, or neither a number nor a date. */
uint32_t http_retry_after(const char *text, int64_t now_s);
