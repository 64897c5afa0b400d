// SPDX-License-Identifier: Apache-2.0
#include "doctor/verdict.h"

static const char *const slugs[VERDICT_N] = {
	[VERDICT_HEALTHY] = "healthy",
	[VERDICT_TRUNCATED_PASSED_ON] = "truncated-passed-on",
	[VERDICT_TRUNCATED_CACHED] = "truncated-cached",
	[VERDICT_EDNS_DROPPED] = "edns-dropped",
	[VERDICT_LARGE_UDP_LOST] = "large-udp-lost",
	[VERDICT_TCP_BLOCKED_CLIENT] = "tcp-blocked-client",
	[VERDICT_TCP_BLOCKED_UPSTREAM] = "tcp-blocked-upstream",
	[VERDICT_SERVICE_ADDRESS_DEAD] = "service-address-dead",
	[VERDICT_POD_BAD] = "pod-bad",
	[VERDICT_UPSTREAM_RATE_LIMITED] = "upstream-rate-limited",
	[VERDICT_PARALLEL_LOST] = "parallel-lost",
	[VERDICT_SEARCH_AMPLIFICATION] = "search-amplification",
	[VERDICT_NXDOMAIN_CACHED_EARLY] = "nxdomain-cached-early",
	[VERDICT_AAAA_WRONG] = "aaaa-wrong",
	[VERDICT_LAME_ANSWERS] = "lame-answers",
	[VERDICT_CLOCK_DNSSEC] = "clock-dnssec",
	[VERDICT_EXTERNALNAME_DANGLING] = "externalname-dangling",
	[VERDICT_LOOP] = "loop",
	[VERDICT_CNAME_ONLY_WITHOUT_TC] = "cname-only-without-tc",
	[VERDICT_COULD_NOT_TELL] = "could-not-tell",
};

const char *verdict_slug_text(enum verdict_slug s)
{
	return slugs[s];
}

const char *verdict_severity_text(enum verdict_severity s)
{
	static const char *const text[] = {"ok", "note", "unknown", "fault"};

	return text[s];
}
