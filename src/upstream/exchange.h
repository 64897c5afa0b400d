// SPDX-License-Identifier: Apache-2.0
/* One exchange: what ask.c, exchange.c, answer.c, complete.c, policy.c and message.c share.  Rule: worker.
 *
 *   ask -> ASKING --answer--> done
 *            |  \--failure--> next upstream: ASKING ... until attempts or time are used up: ENDING -> done(error)
 *            |--TC---------> COMPLETING --TCP answer--> done
 *                                |--patience over--> done(cut) and LATE --TCP answer--> late
 *                                |--TCP failed-----> done(cut)                                        */
#pragma once

#include "upstream/internal.h"
#include "wire/ingest.h"

enum exchange_phase {
	PHASE_ASKING, /* an attempt runs */
	PHASE_COMPLETING, /* a cut UDP answer is in hand, the whole one is asked for over TCP */
	PHASE_LATE, /* the cut one was given out, TCP goes on */
	PHASE_PAUSED, /* all upstreams fail at once: a pause before the next round */
	PHASE_ENDING, /* the end is known; it comes with the loop's next timers, never from within upstream_ask */
};

enum {
	/* Retries on the same upstream because kept connections had ended. */
	SAME_AGAIN_MAX = 3,
	/* An attempt that is this old when time is up has been lost; a younger one may still be answered. */
	LOST_AGE_MS = 1000,
	/* A place in the slab; ten of them fill a block of 16 KiB.  What the struct leaves is the first block of the
	 * exchange's arena: small answers need no other. */
	EXCHANGE_SIZE = 1624,
	/* A query with a name of ordinary length and a client subnet; longer ones take their frame from the arena. */
	FRAME_INLINE = 192,
};

/* A second attempt beside the first one; hedge.c. */
struct upstream_hedge {
	struct attempt a;
	struct upstream_exchange *x;
	uint8_t frame[];
};

/* In which order upstreams are tried; policy.c. */
struct upstream_order {
	uint8_t list[UPSTREAM_TARGETS_MAX];
	uint8_t at, n;
	uint8_t rounds; /* the list was gone through so often */
	uint8_t down_seen; /* in this round */
	uint64_t round_began_ns;
};

struct upstream_exchange {
	struct upstream_worker *w;
	struct upstream_exchange *next, *prev;
	struct timer timer; /* the earliest of what follows */
	uint64_t end_ns; /* of the whole */
	uint64_t phase_end_ns; /* of the attempt, the patience, the pause */
	void (*done)(void *arg, const struct upstream_result *r); /* NULL: nobody waits */
	void *arg;
	uint64_t tag;
	struct upstream_late late;

	struct attempt a;
	struct upstream_hedge *hedge; /* the second one, while it runs; in `arena` */
	uint64_t due_ns; /* when it is time for one, or for what is `paced`; UINT64_MAX: never */
	uint8_t phase; /* enum exchange_phase */
	bool do_bit, client_stream;
	bool counted; /* holds a place of max_concurrent */
	bool holding; /* holds the owner (late) */
	bool told; /* the asker wants to hear what happens */
	bool trial; /* nobody waits: only what is learned of one upstream counts */
	bool paced; /* the running attempt waits for its turn to be sent, by paced_leg, to a.peer */
	uint8_t paced_leg; /* enum leg */
	bool over_budget; /* an attempt was not sent because of `pace` */
	bool was_hedge; /* the running attempt began as a hedge; the first one has failed */
	bool hedge_said_no; /* `answer` is a hedge's SERVFAIL or the like: given if the first one fails */
	bool last_chance; /* all are down, this attempt is the only one */
	bool lossy_seen; /* some upstream is lossy: see whether a trial is due */
	bool tcp_failed_here; /* TCP failed in this exchange, not only by memory */
	uint8_t bad_cookies; /* BADCOOKIE answers */
	uint8_t same_again; /* retries on the same upstream that cost nothing: kept connections that had ended */
	uint8_t failovers;
	uint16_t failures; /* attempts that failed */

	/* one bit per server */
	uint64_t plain_mask; /* refused EDNS: ask without */
	uint64_t silent_mask; /* silent with EDNS */
	uint64_t over_mask; /* its bucket of packets had no room for this question */
	uint64_t no_cookie_mask; /* trouble with a cookie: ask without */
	uint64_t no_case_mask; /* answered in another letter case: ask in lower case */
	uint64_t tcp_mask; /* TCP was tried and failed */

	uint16_t question_len, plain_len, full_len;
	uint16_t flags; /* of the upstream's header, for `answer` */
	uint64_t heard_sent_ns; /* of the attempt that was last answered */
	bool heard_stream;
	uint16_t rcode;
	bool answer_plain; /* `answer` came without EDNS */
	const struct upstream_server *answer_from;
	struct wire_answer
		*answer; /* in hand: a cut one, one whose rcode fails over, the one to give; or NULL */

	struct failure failure; /* the last one */
	const struct upstream_server *failed_server;

	struct upstream_order order;
	struct arena arena;
	uint8_t room[FRAME_INLINE];
};

static inline uint64_t server_bit(const struct upstream_server *s)
{
	return UINT64_C(1) << s->index;
}
static inline uint8_t *attempt_question(const struct attempt *a)
{
	return a->frame + 2 + WIRE_HEADER_LEN;
}

/* message.c: write the query into the exchange.  -ENOMEM. */
int upstream_message_build(struct upstream_exchange *x, const struct upstream_question *q) MUST_USE;
/* Choose the form of an attempt to `p`; its frame is the exchange's or a copy. */
void upstream_message_select(const struct upstream_exchange *x, struct attempt *a, struct upstream_peer *p,
			     enum leg leg, bool edns);
/* The frame's size, length and room included. */
size_t upstream_message_size(const struct upstream_exchange *x);
/* Our header's flags for a probe or a query without a question yet. */
size_t upstream_message_probe(uint8_t *frame, const uint8_t *domain, bool rd, bool edns);

/* policy.c */
void upstream_order_begin(struct upstream_exchange *x);
/* The next one that is not down; NULL: none is left.  All down: counted, and one at random (once), none with
 * failfast. */
struct upstream_peer *upstream_order_next(struct upstream_exchange *x);
/* The next one for a hedge: not down, not losing questions, and not asked yet in this round.  NULL: none. */
struct upstream_peer *upstream_order_hedge(struct upstream_exchange *x);
/* The first whose TCP may be tried instead of one that failed; NULL: none. */
struct upstream_peer *upstream_order_elsewhere(struct upstream_exchange *x);

/* exchange.c.  Functions that can end the exchange say so: `x` is gone after them. */

/* Arm the timer for the earliest end.  May end (no memory for the timer), so it is the last thing done. */
void upstream_exchange_arm(struct upstream_exchange *x);
/* Ask `p` and give it its time.  0 (may have ended), or why it could not be sent. */
int upstream_exchange_ask(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg,
			  bool fresh) MUST_USE;
/* Ask the next upstream that can be asked, or end.  May end. */
void upstream_exchange_next(struct upstream_exchange *x);
/* How `p` is asked first, and whether with an OPT. */
enum leg upstream_exchange_leg(const struct upstream_exchange *x, struct upstream_peer *p);
bool upstream_exchange_edns(const struct upstream_exchange *x, struct upstream_peer *p);
/* Send the attempt, or leave it to the timer if it must wait for its turn (x->paced), and nothing else.
 * `fresh`: not on a connection that has answered before. */
int upstream_exchange_send(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg,
			   bool fresh) MUST_USE;
void upstream_exchange_note_failure(struct upstream_exchange *x, struct upstream_peer *p,
				    const struct failure *f);
/* Tell the asker what is in hand, or the failure.  Does not end the exchange. */
void upstream_exchange_give(struct upstream_exchange *x, struct upstream_late *late);
/* Tell it and end. */
void upstream_exchange_finish(struct upstream_exchange *x);
/* End without a word. */
void upstream_exchange_drop(struct upstream_exchange *x);
/* Give back its place under max_concurrent. */
void upstream_exchange_uncount(struct upstream_exchange *x);
/* What the running attempt and the timer say (attempt_ops, timer.fire).  May end. */
void upstream_attempt_failed(struct attempt *a, const struct failure *f);
void upstream_exchange_timer(struct timer *t);

/* answer.c */

bool upstream_attempt_answer(struct attempt *a, const uint8_t *msg, size_t len);
/* An answer to `a` that was read is in hand from now on. */
void upstream_exchange_take(struct upstream_exchange *x, const struct attempt *a,
			    const struct wire_ingest *in);
/* A cut answer over UDP that is to be completed. */
bool upstream_answer_completes(const struct upstream_exchange *x, enum leg leg, const struct wire_ingest *in);
/* The rcode leads to the next upstream. */
bool upstream_answer_fails_over(const struct upstream_exchange *x, unsigned rcode);

/* event.c */

void upstream_tell_asked(const struct upstream_exchange *x, const struct attempt *a,
			 const struct upstream_peer *p, enum leg leg);
void upstream_tell_answered(const struct upstream_exchange *x, const struct attempt *a, enum leg leg,
			    const struct wire_ingest *in);
void upstream_tell_failed(const struct upstream_exchange *x, const struct upstream_server *s,
			  const struct failure *f);

/* cookie.c */

enum cookie_verdict {
	COOKIE_FINE, /* right, or none was to be expected */
	COOKIE_FORGED, /* not the one that was sent */
	COOKIE_MISSING, /* this upstream always sends one */
	COOKIE_BAD, /* the upstream wants another one, and has sent it */
	COOKIE_REFUSED, /* the option may be what the upstream cannot read */
};
/* What an answer's cookie says; what it brings is remembered. */
enum cookie_verdict upstream_cookie_judge(struct upstream_exchange *x, const struct attempt *a, enum leg leg,
					  const struct wire_ingest *in);
/* By which way to ask again, after all but COOKIE_FINE and COOKIE_FORGED. */
enum leg upstream_cookie_trouble(struct upstream_exchange *x, const struct attempt *a, enum leg leg,
				 enum cookie_verdict v);
/* The attempt was silent. */
void upstream_cookie_silence(struct upstream_exchange *x, const struct attempt *a);

/* letter_case.c */

/* Write the question's name as it is to be sent; a->mixed. */
void upstream_case_put(const struct upstream_exchange *x, struct attempt *a, const struct upstream_peer *p,
		       enum leg leg);
/* A message that does not answer `e` does so but for the letter case. */
bool upstream_case_differs(const struct wire_expect *e, const uint8_t *msg, size_t len);
/* By which way to ask again then. */
enum leg upstream_case_trouble(struct upstream_exchange *x, const struct attempt *a);

/* hedge.c */

/* The running attempt to `p` was sent: set x->due_ns. */
void upstream_hedge_plan(struct upstream_exchange *x, const struct upstream_peer *p, enum leg leg);
/* A worker's part begins. */
void upstream_hedge_begin(struct upstream_worker *w);
/* A question was asked: it earns a part of a hedge. */
void upstream_hedge_earn(struct upstream_worker *w);
/* The time has come. */
void upstream_hedge_start(struct upstream_exchange *x);
/* What its socket or connection says (attempt_ops).  May end. */
bool upstream_hedge_answer(struct attempt *a, const uint8_t *msg, size_t len);
void upstream_hedge_failed(struct attempt *a, const struct failure *f);
/* Ask the same one again, without EDNS. */
void upstream_hedge_again(struct upstream_exchange *x, enum leg leg);
/* A hedge's answer was read.  May end. */
void upstream_hedge_answered(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg,
			     const struct wire_ingest *in);
/* The first attempt has failed: the hedge is the running one now.  False: there is none. */
bool upstream_hedge_promote(struct upstream_exchange *x);
/* The hedge is given up. */
void upstream_hedge_end(struct upstream_exchange *x);
/* The running attempt, once a hedge, has ended so. */
void upstream_hedge_count(struct upstream_exchange *x, enum hedge_outcome o);

/* complete.c */

/* A cut answer came over UDP from `p` and is in hand.  May end. */
void upstream_complete_begin(struct upstream_exchange *x, struct upstream_peer *p);
/* The TCP attempt failed.  May end. */
void upstream_complete_failed(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f);
/* The TCP answer was read.  Ends, or goes on elsewhere. */
void upstream_complete_answered(struct upstream_exchange *x, struct upstream_peer *p,
				const struct wire_ingest *in);
/* The timer of COMPLETING and LATE.  May end. */
void upstream_complete_timeout(struct upstream_exchange *x);
/* The asker has gone while COMPLETING: go on for what is learned.  May end. */
void upstream_complete_detach(struct upstream_exchange *x);
/* A connection did not come up in time: remember, and let it go on as the probe. */
void upstream_complete_not_connected(struct attempt *a);
