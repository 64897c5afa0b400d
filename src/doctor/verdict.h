// SPDX-License-Identifier: Apache-2.0
/* Verdicts: what the observed means, and how the reasoning asks for more.
 *
 *   round 0: the engine asks its own plan
 *   then, at most DOCTOR_ROUNDS times:  reason_more() -> wishes -> the engine asks them, within the budget
 *   at the end:                         doctor_reason() -> verdicts
 *
 * The reasoning is pure: it reads the table (observe.h) and nothing else.  A verdict names the observations that led to
 * it.  What could not be seen is said (could-not-tell), never guessed.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

enum verdict_slug {
	VERDICT_HEALTHY,
	VERDICT_TRUNCATED_PASSED_ON,
	VERDICT_TRUNCATED_CACHED,
	VERDICT_EDNS_DROPPED,
	VERDICT_LARGE_UDP_LOST,
	VERDICT_TCP_BLOCKED_CLIENT,
	VERDICT_TCP_BLOCKED_UPSTREAM,
	VERDICT_SERVICE_ADDRESS_DEAD,
	VERDICT_POD_BAD,
	VERDICT_UPSTREAM_RATE_LIMITED,
	VERDICT_PARALLEL_LOST,
	VERDICT_SEARCH_AMPLIFICATION,
	VERDICT_NXDOMAIN_CACHED_EARLY,
	VERDICT_AAAA_WRONG,
	VERDICT_LAME_ANSWERS,
	VERDICT_CLOCK_DNSSEC,
	VERDICT_EXTERNALNAME_DANGLING,
	VERDICT_LOOP,
	VERDICT_CNAME_ONLY_WITHOUT_TC,
	VERDICT_COULD_NOT_TELL,
	VERDICT_N,
};

/* Decides the exit status: any FAULT: 1; else any UNKNOWN: 2; else 0. */
enum verdict_severity {
	SEVERITY_OK,      /* healthy */
	SEVERITY_NOTE,    /* costs something, breaks nothing (search amplification) */
	SEVERITY_UNKNOWN, /* could not tell, and the answer hangs on it */
	SEVERITY_FAULT,
};

struct verdict_evidence {
	const char *text;        /* one line, safe to print */
	const int *observations; /* indexes in world->seen that it rests on */
	unsigned n_observations;
};

enum { VERDICT_EVIDENCE_MAX = 12 };

struct verdict {
	enum verdict_slug slug;
	enum verdict_severity severity;
	int server;              /* the one at fault, index in world->servers; -1: none in particular */
	const char *summary;     /* one sentence for a person, without a full stop; safe to print */
	struct verdict_evidence evidence[VERDICT_EVIDENCE_MAX];
	unsigned n_evidence;
	const char *remedy;      /* what to do, in the words of the server at hand; may have several lines; NULL for healthy */
};

enum { VERDICTS_MAX = 32 };

/* Worst and surest first; never empty after doctor_reason. */
struct verdict_list {
	struct verdict v[VERDICTS_MAX];
	unsigned n;
};

/* Judge.  Texts come from world->arena.  0 or -ENOMEM. */
int doctor_reason(const struct observed_world *w, struct verdict_list *ret) MUST_USE;

/* ---------------------------------------------------------------- more questions */

enum { DOCTOR_ROUNDS = 6, WISHES_MAX = 64 };

struct wish {
	unsigned tag;            /* chosen by the reasoning (not 0), found again in the observations */
	int server;
	const uint8_t *name;     /* wire form, absolute; must live as long as the world */
	uint16_t type;
	enum ask_way way;
	unsigned bits;           /* ASK_* */
	unsigned count;          /* questions (pairs count two each) */
	unsigned per_second;     /* sent at this rate without waiting for answers (from 100: by one socket); 0: one after the other */
	bool pair;               /* each is A and AAAA at once from one new UDP socket (type is not looked at) */
	bool unique;             /* a random label is put in front of the name each time: no cache knows it */
	unsigned delay_ms;       /* wait so long after the round's start */
	const char *why;         /* shown to the user when it is asked: "is upstream 10.0.0.2 rate-limited?" */
};

struct wish_list {
	struct wish v[WISHES_MAX];
	unsigned n;
};

/* What else must be asked to be sure?  Called after each round with the whole table; nothing wished ends the rounds.
 * `round`: 1, 2, ...  Wishes are granted in their order as far as the budget reaches; those beyond it appear as
 * observations with OUTCOME_NOT_SENT.  0 or -ENOMEM. */
int reason_more(const struct observed_world *w, unsigned round, struct wish_list *ret) MUST_USE;

/* "truncated-passed-on" */
const char *verdict_slug_text(enum verdict_slug s);
const char *verdict_severity_text(enum verdict_severity s);
