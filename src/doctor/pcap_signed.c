// SPDX-License-Identifier: Apache-2.0
/* Signatures that do not hold at the time of the packet, and servers that do not believe those that they get: SERVFAIL, but
 * with CD (checking disabled, RFC 4035 3.2.2) the answer is there.
 *
 * An upstream that failed for a moment looks alike; so a fault is only what the server itself calls so (EDE), what
 * happens on both sides of the answer with CD, or three questions of that kind. */
#include "base/clock.h"
#include "capture/signature.h"
#include "doctor/pcap_recall.h"

enum {
	EDE_DNSSEC_BOGUS = 6, /* RFC 8914; 7: expired, 8: not yet valid, 9 to 12: something is missing */
	EDE_NSEC_MISSING = 12,
};

/* Servers keep failures for some seconds (RFC 9520). */
static const int64_t FAILURE_KEPT_NS = 5 * (int64_t)NS_PER_S;
static const struct capture_end nobody;

/* ---------------------------------------------------------------- times */

static const char *apart(struct report *r, uint32_t from, uint32_t to)
{
	uint32_t s = to - from;

	return s < 7200 ? report_text(r, "%u minutes", s / 60) : report_text(r, "%u hours", s / 3600);
}

/* How the signature stands to the clock of whoever captured. */
static const char *how(struct report *r, const struct capture_detail *d, int64_t time_ns)
{
	uint32_t now_s = (uint32_t)(time_ns / (int64_t)NS_PER_S);
	char type[16];
	const char *covered = wire_type_text(d->covered, type);

	if (!d->is_signed)
		return "its answer carries no signature";
	if (!d->signed_badly)
		return "its signatures are in their time by the clock of the machine that captured: the "
		       "server's "
		       "clock is wrong, or the signature itself";
	if (capture_time_before(d->expiration, now_s))
		return report_text(
			r,
			"the signature of its %s records ended %s before, by the clock of the machine "
			"that captured",
			covered, apart(r, d->expiration, now_s));
	return report_text(
		r,
		"the signature of its %s records begins %s later, by the clock of the machine that "
		"captured",
		covered, apart(r, now_s, d->inception));
}

void signed_answer(struct report *r, const struct exchange *e, const struct report_known *k)
{
	const char **room;

	if (!e->answer->detail.signed_badly)
		return;
	room = report_sign(r, VERDICT_CLOCK_DNSSEC, SEVERITY_FAULT, &e->server, &nobody, true);
	if (room)
		*room = report_text(r, "%s\n  %s", report_story(r, e, k),
				    how(r, &e->answer->detail, e->answer->at.time_ns));
}

/* ---------------------------------------------------------------- checked and not */

static bool is_of_signatures(uint16_t ede)
{
	return ede >= EDE_DNSSEC_BOGUS && ede <= EDE_NSEC_MISSING;
}

void signed_failed(struct report *r, const struct exchange *e, const struct report_known *k)
{
	struct recall_failure *f;

	if (e->flags & FLAG_CD)
		return;
	f = &recall_take(r, e)->failure;
	f->last = recall_seen(e);
	if (!f->n++)
		f->first = f->last;
	if (is_of_signatures(e->answer->detail.ede))
		f->ede = e->answer->detail.ede;
	if (!f->unchecked.at.packet)
		return;
	f->n_after++;
	f->tried_anew |= k->n_caused || e->asked.time_ns - f->first.at.time_ns > FAILURE_KEPT_NS;
}

void signed_exists(struct report *r, const struct exchange *e)
{
	struct report_recall *i = recall_find(r, e, recall_server(e));

	if (!i || !i->failure.n)
		return;
	if (!(e->flags & FLAG_CD)) {
		i->failure = (struct recall_failure){0}; /* it believes: it had failed for another reason */
		return;
	}
	/* With DO it says more. */
	if (i->failure.unchecked.at.packet && !e->answer->detail.is_signed)
		return;
	i->failure.unchecked = recall_seen(e);
	i->failure.detail = e->answer->detail;
}

/* ---------------------------------------------------------------- the finding */

static const char *story(struct report *r, const struct report_recall *i)
{
	const struct recall_failure *f = &i->failure;
	const char *s = report_text(r, "%s: SERVFAIL%s", recall_text(r, i, &f->first),
				    f->n > 1 ? report_text(r, " (%u times)", f->n) : "");

	if (f->ede)
		s = report_text(r, "%s; the server's reason: Extended DNS Error %u", s, f->ede);
	s = report_text(r, "%s\n  with CD (checking disabled), %s: NOERROR, with records; %s", s,
			recall_text(r, i, &f->unchecked), how(r, &f->detail, f->unchecked.at.time_ns));
	if (f->n_after)
		s = report_text(r, "%s\n  and after that, %s: SERVFAIL", s, recall_text(r, i, &f->last));
	return s;
}

void signed_settle(struct report *r, const struct report_recall *i)
{
	const struct recall_failure *f = &i->failure;
	bool sure = f->ede || f->detail.signed_badly || (f->n_after && f->tried_anew);
	const char **room;

	if (!f->n || !f->unchecked.at.packet)
		return;
	room = report_sign(r, VERDICT_CLOCK_DNSSEC, sure ? SEVERITY_FAULT : SEVERITY_UNKNOWN, &i->server,
			   &nobody, false);
	if (room)
		*room = story(r, i);
}
