// SPDX-License-Identifier: Apache-2.0
/* Retry-After: seconds, or a date in one of the three forms of HTTP.  RFC 9110 5.6.7, 10.2.3. */
#include "kube/http_date.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AFTER_MAX_S = 24 * 3600 }; /* what is longer says no more: who waits has a bound of its own */

bool http_date(const char *text, int64_t *ret_s)
{
	/* The day of the week says nothing that the date does not. */
	static const char *const forms[] = {"%d %b %Y %H:%M:%S GMT", "%d-%b-%y %H:%M:%S GMT"};
	const char *comma = strchr(text, ','), *end = NULL;
	struct tm tm;

	for (size_t i = 0; comma && !end && i < sizeof(forms) / sizeof(forms[0]); i++) {
		tm = (struct tm){0};
		end = strptime(comma + 1 + strspn(comma + 1, " "), forms[i], &tm);
	}
	if (!comma) {
		tm = (struct tm){0};
		end = strptime(text, "%a %b %e %H:%M:%S %Y", &tm);
	}
	if (!end || (*end && !isspace((unsigned char)*end)))
		return false;
	*ret_s = timegm(&tm);
	return true;
}

uint32_t http_retry_after(const char *text, int64_t now_s)
{
	int64_t s;

	if (isdigit((unsigned char)text[0]))
		s = (int64_t)strtoull(text, NULL, 10);
	else if (http_date(text, &s))
		s = s > now_s ? s - now_s : 0;
	else
		return 0;
	return s >= 0 && s < AFTER_MAX_S ? (uint32_t)s : AFTER_MAX_S;
}
