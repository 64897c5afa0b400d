// SPDX-License-Identifier: Apache-2.0
/* What was found, in a line. */
#include "doctor/pcap_report.h"

const char *report_end(struct report *r, const struct capture_end *e)
{
	char text[CAPTURE_END_TEXT_MAX];

	return report_text(r, "%s", capture_end_text(e, e->port && e->port != 53, text));
}

static const char *times(struct report *r, uint64_t n)
{
	return n == 1 ? "once" : report_text(r, "%llu times", (unsigned long long)n);
}

/* Whose clock it is: packets have their time from the machine that captured. */
static const char *of_signatures(struct report *r, const struct report_finding *f, const char *server)
{
	if (f->n_mended)
		return report_text(
			r,
			"%s gives signatures that do not hold at this time (%s)%s: the zone was not signed "
			"anew, or a clock is wrong, the signer's or that of the machine that captured",
			server, times(r, f->n_mended),
			f->n > f->n_mended ? ", and SERVFAIL where it checks them" : "");
	return report_text(r,
			   "%s %s signatures: SERVFAIL, and the answer when it is told not to check (%llu "
			   "question%s)",
			   server,
			   f->severity == SEVERITY_FAULT || f->n >= REPORT_SURE ? "does not believe"
										: "may not believe",
			   (unsigned long long)f->n, f->n == 1 ? "" : "s");
}

static const char *of_answers(struct report *r, enum verdict_slug slug, const struct report_finding *f,
			      const char *server, const char *n)
{
	switch ((int)slug) {
	case VERDICT_SERVICE_ADDRESS_DEAD:
		return report_text(r,
				   "a server behind %s answers, and the answer does not reach the client "
				   "from that address (%s)",
				   server, n);
	case VERDICT_LAME_ANSWERS:
		return report_text(r, "%s sends answers that do not belong to the question (%s)", server, n);
	case VERDICT_AAAA_WRONG:
		return report_text(r, "%s denies or fails AAAA for names that have an A record (%s)", server,
				   n);
	case VERDICT_EXTERNALNAME_DANGLING:
		return report_text(r, "an ExternalName leads to a name that does not exist (%s, asked of %s)",
				   n, server);
	case VERDICT_NXDOMAIN_CACHED_EARLY:
		return report_text(r, "%s kept a denial of a name that had come to exist meanwhile (%s)",
				   server,
				   f->n == 1 ? "one question"
					     : report_text(r, "%llu questions", (unsigned long long)f->n));
	case VERDICT_CLOCK_DNSSEC:
		return of_signatures(r, f, server);
	case VERDICT_LOOP:
		return report_text(r, "%s asks itself (%s)", server, n);
	case VERDICT_COULD_NOT_TELL:
		return report_text(r,
				   "%s gets answers of %s that are cut and hold no address, and does not ask "
				   "over TCP (%s); the "
				   "captures do not show who cuts them",
				   report_end(r, &f->client), server, n);
	default:
		return "";
	}
}

const char *report_summary(struct report *r, enum verdict_slug slug, const struct report_finding *f)
{
	const char *server = report_end(r, &f->server), *n = times(r, f->n);

	switch ((int)slug) {
	case VERDICT_TRUNCATED_PASSED_ON:
		return report_text(
			r, "%s passes on its upstream's cut answer (%s; the client then asked over TCP: %s)",
			server, n,
			f->n_mended == f->n ? "always"
			: f->n_mended       ? "not always"
					    : "never");
	case VERDICT_TRUNCATED_CACHED:
		return report_text(
			r, "%s gives a cut answer over TCP without asking its upstream: it kept one (%s)",
			server, n);
	case VERDICT_CNAME_ONLY_WITHOUT_TC:
		return report_text(
			r, "%s gives a CNAME without an address and does not mark the answer as cut (%s)",
			server, n);
	case VERDICT_TCP_BLOCKED_CLIENT:
	case VERDICT_TCP_BLOCKED_UPSTREAM:
		return report_text(r, "%s cannot ask %s over TCP after a cut answer (%s)",
				   report_end(r, &f->client), server, n);
	case VERDICT_LARGE_UDP_LOST:
		return report_text(r, "large UDP answers of %s do not arrive whole (%s)", server, n);
	default:
		return of_answers(r, slug, f, server, n);
	}
}
