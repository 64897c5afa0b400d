// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "corefile/corefile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* n / unit with what is left as decimals, zeros at the end left out: "1.5". */
static size_t decimal(uint64_t n, uint64_t unit, char *out, size_t cap)
{
	int len = snprintf(out, cap, "%" PRIu64, n / unit);
	uint64_t rest = n % unit;

	if (!rest)
		return (size_t)len;
	out[len++] = '.';
	for (; rest; rest = rest * 10 % unit)
		out[len++] = (char)('0' + rest * 10 / unit);
	return (size_t)len;
}

void cf_duration_text(uint64_t ns, char out[32])
{
	uint64_t s = ns / NS_PER_S, unit = ns < NS_PER_US ? 1 : ns < NS_PER_MS ? NS_PER_US : NS_PER_MS;
	const char *name = ns < NS_PER_US ? "ns" : ns < NS_PER_MS ? "\302\265s" : "ms";
	size_t len = 0;

	if (ns && ns < NS_PER_S) {
		len = decimal(ns, unit, out, 32);
		strcpy(out + len, name);
		return;
	}
	if (s >= 3600)
		len += (size_t)snprintf(out, 32, "%" PRIu64 "h", s / 3600);
	if (s >= 60)
		len += (size_t)snprintf(out + len, 32 - len, "%" PRIu64 "m", s / 60 % 60);
	len += decimal(ns % (60 * NS_PER_S), NS_PER_S, out + len, 32 - len);
	strcpy(out + len, "s");
}
