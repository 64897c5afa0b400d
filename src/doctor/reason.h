// SPDX-License-Identifier: Apache-2.0
/* The reasoning, inside: rules over the table of what was observed.
 *
 *   reason.c             the rules' order, ranking, entry points
 *   reason_facts.c       what the table says: tries, answers, who stands where
 *   reason_say.c         verdicts, evidence and wishes put into words
 *   reason_reach.c       service-address-dead, pod-bad            who answers at all
 *   reason_load.c        parallel-lost, upstream-rate-limited     who answers when asked in numbers
 *   reason_transport.c   edns-dropped, tcp-blocked-client
 *   reason_large.c       large-udp-lost
 *   reason_upstream.c    tcp-blocked-upstream, loop               between the server and its upstream
 *   reason_truncation.c  truncated-passed-on, truncated-cached, cname-only-without-tc
 *   reason_names.c       search-amplification, externalname-dangling, nxdomain-cached-early
 *   reason_answers.c     aaaa-wrong, lame-answers, clock-dnssec
 *   reason_rest.c        healthy, could-not-tell
 *   reason_remedy.c      what to do, in the words of the server at hand
 *
 * Each rule has two halves.  wish() says what is still to be asked before judge() can be sure: a loss that happened once
 * is chance, so it is asked again.  judge() adds verdicts.  Both see only the table; wish() is called again after every
 * round, so it states totals ("eight tries of this") and reason_want() asks for what is missing.  Thread: one. */
#pragma once

#include "doctor/verdict.h"
#include "wire/wire.h"

/* What a wish was for, seen again in the observations.  Bursts and pairs count for their own rule only. */
enum reason_tag {
	TAG_AGAIN = 1, /* the same question once more: counts like the plan's own */
	TAG_LATER, /* ... after a while: does a TTL count down? */
	TAG_UNIQUE, /* a name that no cache knows */
	TAG_NEW_EDNS, /* ... with EDNS */
	TAG_NEW_PLAIN, /* ... without */
	TAG_PAIR, /* A and AAAA from one socket */
	TAG_PAIR_MORE,
	TAG_RATE_PROBE, /* questions at a rate */
	TAG_RATE_LOW,
	TAG_RATE_HIGH,
	TAG_RATE_LOW_AFTER,
};

enum {
	ANY = -1,
	TRIES_SURE = 4, /* so many losses of so many tries, beside a way that loses none, are no chance */
	TRIES_KEPT = 24, /* observations that a count of tries remembers */
	UPSTREAMS_MAX = 4, /* asked and judged for one name */
	AGAIN_PER_S =
		10, /* repetitions do not wait for one another: a silent server costs one time-out, not many */
};

struct reason {
	const struct observed_world *w;
	struct verdict_list *out; /* judging; else NULL */
	struct wish_list *wishes; /* wishing; else NULL */
	int err;
};

/* Which observations; ANY or NULL: whatever they are. */
struct about {
	int server;
	const uint8_t *name;
	int type, way, bits;
	unsigned tag; /* 0: all but pairs, bursts and unique names */
};

struct tries {
	unsigned n; /* sent, on a route */
	unsigned answered;
	unsigned good; /* ... NOERROR or NXDOMAIN */
	unsigned silent, refused, unreachable, closed, wrong;
	unsigned no_route, unsent;
	int seen[TRIES_KEPT];
	unsigned n_seen;
};

/* ---------------------------------------------------------------- facts */

struct tries reason_tries(const struct reason *r, struct about a);
unsigned reason_lost(const struct tries *t);
/* Index of the first, the last, and the answer with most records wanted; -1: none was answered. */
int reason_first(const struct reason *r, struct about a);
int reason_last(const struct reason *r, struct about a);
int reason_fullest(const struct reason *r, struct about a);
const struct observation *reason_at(const struct reason *r, int i);

/* Questions may be put to it, under this index. */
bool reason_asked(const struct reason *r, int s);
/* It stands in the table as one of these kinds (bits 1 << OBSERVED_...), be it under another index. */
bool reason_kind(const struct reason *r, int s, unsigned kinds);
enum {
	KIND_POD = 1 << OBSERVED_POD,
	KIND_SERVICE = 1 << OBSERVED_SERVICE,
	KIND_RESOLVER = 1 << OBSERVED_RESOLVER,
	KIND_GIVEN = 1 << OBSERVED_GIVEN,
	KIND_UPSTREAM = 1 << OBSERVED_UPSTREAM,
	KIND_FRONT = KIND_POD | KIND_SERVICE | KIND_RESOLVER | KIND_GIVEN,
};
/* Asked, and one that clients ask. */
bool reason_front(const struct reason *r, int s);
/* It answered something, whatever the way. */
bool reason_alive(const struct reason *r, int s);
/* It was asked often enough, and nothing came back. */
bool reason_dead(const struct reason *r, int s);
/* Plain UDP to it was tried often enough and lost nothing. */
bool reason_clean(const struct reason *r, int s);
/* All tries of a way, whatever the name. */
struct tries reason_way(const struct reason *r, int s, enum ask_way way);
bool reason_all_lost(const struct tries *t);
/* It loses so little that four losses of four tries beside it are no chance. */
bool reason_keeps(const struct tries *t);
/* Asked, and plain UDP to it keeps. */
bool reason_plain_well(const struct reason *r, int s);
/* An upstream's trouble with EDNS is a fault when clients feel it; else it may be this place's own way to there. */
enum verdict_severity reason_severity(const struct reason *r, int s);
/* Loss on plain UDP that repetition has shown to be none of chance. */
bool reason_lossy(const struct reason *r, int s);
/* What stands in for a server that is unknown: a Corefile is read by CoreDNS and by Binnacle. */
enum observed_software reason_software(const struct reason *r, int s);
bool reason_in_cluster(const struct reason *r, const uint8_t *name);
/* The name that upstreams know: the one asked, or what an ExternalName points to; NULL: it is the cluster's own. */
const uint8_t *reason_outside(const struct reason *r);
/* Servers that this name is forwarded to, as far as known; their number. */
unsigned reason_upstreams(const struct reason *r, const uint8_t *name, int out[UPSTREAMS_MAX]);
/* A name of this server's own that is likely small: the control name, else the one asked. */
const uint8_t *reason_small(const struct reason *r);
/* The way is UDP with EDNS. */
bool reason_edns(enum ask_way way);

/* ---------------------------------------------------------------- words */

/* A text in the world's arena; "" and r->err without memory. */
const char *reason_text(struct reason *r, const char *fmt, ...) PRINTF(2, 3);
const char *reason_name(struct reason *r, const uint8_t *name);
const char *reason_label(const struct reason *r, int s);
const char *reason_type(struct reason *r, uint16_t type);
/* "NOERROR, TC, 1 CNAME, 0 A, 108 bytes", "timeout". */
const char *reason_told(struct reason *r, const struct observation *o);

/* A new verdict with its remedy; NULL when there is no room: a caller goes on without it. */
struct verdict *reason_judge(struct reason *r, enum verdict_slug slug, enum verdict_severity sev, int server,
			     const char *fmt, ...) PRINTF(5, 6);
void reason_because(struct reason *r, struct verdict *v, const struct tries *t, const char *fmt, ...)
	PRINTF(4, 5);
void reason_because_of(struct reason *r, struct verdict *v, int seen, const char *fmt, ...) PRINTF(4, 5);
/* There is already a verdict with this slug: this server is named there as another where it is the same. */
bool reason_also(struct reason *r, enum verdict_slug slug, int server, const struct tries *t);
/* There is a verdict with this slug about this server (ANY: about any). */
bool reason_judged(const struct reason *r, enum verdict_slug slug, int server);
const char *reason_remedy(struct reason *r, enum verdict_slug slug, int server);

/* So many tries of this in all, bursts and pairs by their tag; what is missing is wished for.  `w` is the wish with its
 * number as the total.  A wish without a type asks for the world's. */
void reason_want(struct reason *r, struct wish w);
/* The usual repetition. */
void reason_again(struct reason *r, int s, const uint8_t *name, uint16_t type, enum ask_way way,
		  unsigned total, const char *why);

/* ---------------------------------------------------------------- rules */

struct reason_rule {
	void (*wish)(struct reason *r); /* may be NULL */
	void (*judge)(struct reason *r);
};
extern const struct reason_rule reason_rule_service, reason_rule_pod, reason_rule_parallel, reason_rule_rate,
	reason_rule_edns, reason_rule_large, reason_rule_tcp_client, reason_rule_tcp_upstream,
	reason_rule_loop, reason_rule_truncation, reason_rule_search, reason_rule_external,
	reason_rule_denied, reason_rule_aaaa, reason_rule_lame, reason_rule_dnssec, reason_rule_rest;
