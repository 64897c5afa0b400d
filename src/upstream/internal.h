// SPDX-License-Identifier: Apache-2.0
/* Inside of upstream/: what its files share.
 *
 *   upstream_set ---- upstream_server   (one per target; shared by workers: frozen + atomics)
 *        |                  |
 *   upstream_worker - upstream_peer     (one per target and worker: sockets, connections, usual times)
 *        |                  |
 *   upstream_exchange -- attempt        (one question to one peer over one socket or connection)
 *
 * An attempt is what sockets and connections know: an id under which an answer may come, and whom to tell.  An
 * exchange has one, and a second one while it hedges; sockets and connections do not care how many. */
#pragma once

#include "base/clock.h"
#include "base/heap.h"
#include "base/metrics.h"
#include "net/loop.h"
#include "upstream/upstream.h"
#include "wire/wire.h"

#include <stdatomic.h>

struct attempt;
struct upstream_bucket;
struct tcp_kept;
struct udp_socket;
struct upstream_peer;

/* ---------------------------------------------------------------- shared by workers */

/* Outcomes of asking again over TCP after a cut UDP answer (metric label). */
enum tcp_outcome { TCP_ANSWERED, TCP_LATE, TCP_FAILED, TCP_CUT_TOO, TCP_NOT_TRIED, N_TCP_OUTCOMES };
/* Why an attempt failed (metric label). */
enum fail_kind { FAIL_TIMEOUT, FAIL_REFUSED, FAIL_BROKEN, FAIL_NETWORK, N_FAIL_KINDS };

/* What is wrong with an answer's cookie (metric label). */
enum cookie_trouble { COOKIE_LABEL_FORGED, COOKIE_LABEL_MISSING, COOKIE_LABEL_BAD, N_COOKIE_TROUBLES };
/* What came of a hedge (metric label). */
enum hedge_outcome { HEDGE_WON, HEDGE_LOST, N_HEDGE_OUTCOMES };

/* rcodes 0..23 have a series each, others share the last one. */
enum { N_RCODE_SERIES = 25 };

/* Series of one upstream; frozen. */
struct server_series {
	metric_id duration[N_RCODE_SERIES];
	metric_id probe_failures;
	metric_id pool_hits[2], pool_misses[2]; /* udp, tcp */
	metric_id cookies[N_COOKIE_TROUBLES], case_fallbacks;
	metric_id truncated, edns_fallbacks, mismatched;
	metric_id tcp[N_TCP_OUTCOMES], failures[N_FAIL_KINDS], hedges[N_HEDGE_OUTCOMES];
};

struct upstream_server {
	/* frozen */
	struct net_addr addr;
	const char *text;
	unsigned index;
	struct server_series series;
	struct upstream_bucket *bucket; /* NULL: not paced */

	/* counter: written when something changes, read by each exchange */
	_Alignas(64) atomic_uint fails; /* failed probes in a row */
	atomic_bool probing; /* some worker runs the probe loop */
	atomic_uint lost; /* real questions in a row without an answer */
	atomic_uint_least64_t trial_ns; /* when a lossy upstream may be tried again */
	atomic_uint_least64_t probe_ok_ns; /* when a probe was last answered */
	/* tcp_memory.c */
	atomic_uint_least64_t tcp_bad_until_ns; /* 0: nothing bad known */
	atomic_uint_least64_t tcp_hold_ns; /* how long the next trouble is remembered */
	atomic_uint_least64_t tcp_probe_ns; /* not before this the next probe */
	atomic_uint_least64_t tcp_gap_ns; /* between probes, growing */
	atomic_bool tcp_probing;
	atomic_bool tcp_works; /* has connected, and not failed since */
	atomic_uint tcp_unanswered; /* questions in a row to which a connection brought nothing in time */
	/* edns_memory.c */
	atomic_uint edns_silences; /* answered without where it was silent with EDNS */
	atomic_uint_least64_t edns_ok_ns; /* last answer to a query with EDNS; 0: never */
	atomic_uint_least64_t edns_off_until_ns; /* 0: in use */
	/* times.c: what the workers have learned, each at most once a second */
	_Alignas(64) atomic_uint_least64_t usual_ns[2], spread_ns[2]; /* udp, tcp; 0: not known */
	atomic_uint loss; /* share of questions without an answer, in 1/65536 */
};

struct upstream_set {
	struct upstream_config c; /* frozen; what it points to lives in `arena` */
	struct arena arena;
	struct upstream_server *servers;
	unsigned n;
	metric_id all_down, rejected; /* coredns_forward_* */
	_Alignas(64) atomic_uint round_robin;
	atomic_uint in_flight;
	atomic_uint n_workers;
};

/* set.c: the histogram of exchanges. */
extern const struct metric_desc upstream_duration_desc;

/* ---------------------------------------------------------------- attempts */

enum leg { LEG_NONE, LEG_UDP, LEG_TCP };
/* Where an attempt failed; the words of its message. */
enum stage { STAGE_DIAL, STAGE_WRITE, STAGE_READ, STAGE_UNPACK };

struct failure {
	int err; /* -errno, ERR_MISMATCH (8 wrong answers), ERR_GONE (a kept connection ended) */
	enum stage stage;
	enum leg leg;
	bool closed; /* the peer closed in order */
	struct net_addr local; /* sa_family 0: not known */
};

struct attempt_ops {
	/* Something came under the attempt's id.  False: it is not the answer (counted and dropped, the wait goes
	 * on).  True: it was taken; the attempt has left its socket. */
	bool (*answer)(struct attempt *a, const uint8_t *msg, size_t len);
	/* The attempt has ended without an answer and has left its socket. */
	void (*failed)(struct attempt *a, const struct failure *f);
};

struct attempt {
	const struct attempt_ops *ops;
	struct upstream_peer *peer;
	uint8_t *frame; /* room for a length (2), then the message; id and length are set when it is sent */
	uint16_t len; /* of the message */
	uint16_t id;
	uint8_t leg; /* enum leg; LEG_NONE: waits nowhere */
	bool fresh; /* TCP: only on a connection that has not answered yet */
	uint16_t place; /* in its socket's or connection's table */
	uint32_t wrong_before; /* UDP: wrong datagrams on the socket when this was sent */
	bool edns, cookie, mixed; /* it has an OPT; with a cookie; letters of random case */
	uint64_t sent_ns;
	union {
		struct udp_socket *socket;
		struct tcp_kept *conn;
	};
};

/* ---------------------------------------------------------------- one worker */

struct udp_pool {
	struct udp_socket **places; /* those in use; `share` of them */
	struct udp_socket *retired; /* kept until their last attempt ends */
	unsigned share, n_open;
	unsigned live; /* attempts that wait */
	struct timer sweep;
};

struct tcp_pool {
	struct tcp_kept *conns; /* last opened first */
	unsigned n, n_idle;
	unsigned depth; /* queries a connection gets at once; lowered for upstreams that close early */
};

/* A question of our own: a health probe, or whether EDNS works again. */
struct probe {
	struct attempt a;
	struct upstream_peer *peer;
	struct timer timer;
	bool running, edns, asked;
	uint8_t frame[2 + WIRE_HEADER_LEN + WIRE_NAME_MAX + 4 + 11];
};

/* One worker's cookies with one upstream; cookie.c. */
struct cookie_memory {
	uint8_t client[8], client_before[8];
	uint8_t server[32];
	uint8_t server_len; /* 0: none yet */
	bool expected; /* it has sent one: an answer without is suspicious */
	uint8_t missing,
		strikes; /* in a row: answers without; silence, and questions answered only without */
	uint8_t lapses; /* TCP answers without one from an upstream that had sent one; since the client's was made */
	uint64_t made_ns; /* the client's; 0: never */
	uint64_t off_until_ns; /* it cannot */
};

/* From question to answer; `smoothed_ns` 0: not known.                                         RFC 6298 2 */
struct usual_time {
	uint64_t smoothed_ns, spread_ns;
};

struct upstream_peer {
	struct upstream_server *server;
	struct upstream_worker *w;
	struct udp_pool udp;
	struct tcp_pool tcp;
	struct usual_time usual[2]; /* udp, tcp */
	uint32_t loss; /* as in the server */
	struct cookie_memory cookie;
	uint64_t case_off_until_ns; /* letter_case.c: it cannot */
	uint8_t case_strikes; /* answers in another case, in a row */
	uint64_t told_ns; /* when the server's were last written */
	struct probe health, edns;
};

struct slab_chunk;

struct upstream_worker {
	struct upstream_set *set;
	struct upstream_env env;
	struct upstream_peer *peers; /* by server index */
	struct upstream_exchange *running; /* all of them, the newest first */
	struct upstream_exchange *hand; /* where the search for unwanted ones goes on; NULL: at the newest */
	unsigned n_running;
	unsigned n_late;
	unsigned hedge_credit; /* hedge.c */
	struct slab_chunk *chunks; /* those with free places */
	struct slab_chunk *full;
};

static inline uint64_t worker_now(const struct upstream_worker *w)
{
	return loop_now_ns(w->env.loop);
}
static inline struct timer_heap *worker_timers(const struct upstream_worker *w)
{
	return loop_timers(w->env.loop);
}

/* slab.c: places for exchanges, cut out of blocks of the worker's arena pool, so that they count in its limit. */
void *upstream_slab_take(struct upstream_worker *w, size_t size);
void upstream_slab_put(struct upstream_worker *w, void *p);
void upstream_slab_fini(struct upstream_worker *w);

/* ---------------------------------------------------------------- udp_pool.c, tcp_pool.c */

/* Send a->frame on a random socket under a random id.  0: the attempt waits, one of its ops will be called
 * unless upstream_leave comes first.  -errno, ERR_LIMIT: it does not wait. */
int upstream_udp_send(struct upstream_peer *p, struct attempt *a) MUST_USE;
/* The attempt is no longer waited for; what still comes under its id is ignored. */
void upstream_udp_leave(struct attempt *a);
/* Datagrams have come to its socket since it was sent that were no answer to anything. */
bool upstream_udp_heard_wrong(const struct attempt *a);
/* The socket's local address as far as it is known. */
struct net_addr upstream_udp_local(const struct attempt *a);
/* `to` waits in the place of `from`, whose fields it has. */
void upstream_udp_move(const struct attempt *from, struct attempt *to);
void upstream_udp_fini(struct upstream_peer *p);

/* Send a->frame over a kept or a new connection; on a new one it goes out once it is connected. */
int upstream_tcp_send(struct upstream_peer *p, struct attempt *a) MUST_USE;
void upstream_tcp_leave(struct attempt *a);
/* Leave after a whole time-out.  A connection that has brought nothing since the question was sent is closed. */
void upstream_tcp_leave_silent(struct attempt *a);
/* The attempt's connection is up; and has brought something since the question was sent. */
bool upstream_tcp_connected(const struct attempt *a);
bool upstream_tcp_heard(const struct attempt *a);
struct net_addr upstream_tcp_local(const struct attempt *a);
void upstream_tcp_move(const struct attempt *from, struct attempt *to);
/* Open a connection without a question, to see whether that works (server->tcp_probing was taken). */
void upstream_tcp_open_probe(struct upstream_peer *p);
/* The attempt's connection, not up yet, now is the probe (server->tcp_probing was taken). */
void upstream_tcp_make_probe(struct attempt *a);
void upstream_tcp_fini(struct upstream_peer *p);

/* Leave whatever the attempt waits on. */
void upstream_leave(struct attempt *a);

/* ---------------------------------------------------------------- times.c */

/* An answer came after `ns`; a question was lost. */
void upstream_times_answered(struct upstream_peer *p, enum leg leg, uint64_t ns);
void upstream_times_lost(struct upstream_peer *p);
/* What this worker has learned, else what others have. */
struct usual_time upstream_times_usual(const struct upstream_peer *p, enum leg leg);
/* The gauges of one upstream. */
void upstream_times_show(struct upstream_server *s);
void upstream_times_hide(struct upstream_server *s);

/* ---------------------------------------------------------------- pace.c */

/* The bucket of that name, made if there is none; the rate is the last one given.  NULL: no memory.
 * Thread: control or builder. */
struct upstream_bucket *upstream_bucket_get(const char *name, uint32_t rate);
void upstream_bucket_put(struct upstream_bucket *b);
/* Take `n` packets out at the earliest time that keeps the rate.  0: `ret_wait_ns` from now; ERR_LIMIT: that would be
 * more than `max_wait_ns`, nothing was taken.  Any worker. */
int upstream_bucket_take(struct upstream_bucket *b, unsigned n, uint64_t now, uint64_t max_wait_ns,
			 uint64_t *ret_wait_ns) MUST_USE;
/* What a question to `p` costs, in packets. */
unsigned upstream_pace_cost(const struct upstream_peer *p, enum leg leg);
/* The same for exchanges, counted; questions wait a little if they must. */
int upstream_pace_question(struct upstream_peer *p, enum leg leg, uint64_t *ret_wait_ns) MUST_USE;
/* For a hedge, which does not wait. */
bool upstream_pace_hedge(struct upstream_peer *p, enum leg leg);
/* A probe, which is counted and never held back. */
void upstream_pace_probe(struct upstream_peer *p, enum leg leg);

/* ---------------------------------------------------------------- memories */

/* tcp_memory.c.  Any worker. */
bool upstream_tcp_usable(const struct upstream_server *s, uint64_t now);
void upstream_tcp_trouble(struct upstream_server *s, uint64_t now);
/* It connects; unless it is known to connect and never answer, all is well. */
void upstream_tcp_fine(struct upstream_server *s);
/* A question over an open connection was answered; has brought nothing for the whole patience. */
void upstream_tcp_answered(struct upstream_server *s);

/* ---------------------------------------------------------------- wrong.c */
/* Count a message that answers nothing that was asked; a [DEBUG] line shows it. */
void upstream_wrong_reply(struct upstream_worker *w, const struct upstream_server *server,
			  const uint8_t *data, size_t len);
void upstream_tcp_unanswered(struct upstream_server *s, uint64_t now);
/* Look whether TCP works again, unless somebody does or has just done. */
void upstream_tcp_probe(struct upstream_peer *p);
/* A probe has ended (a connection that was its). */
void upstream_tcp_probe_ended(struct upstream_server *s, uint64_t now);

/* edns_memory.c */
bool upstream_edns_usable(struct upstream_peer *p);
/* An answer came to a query with EDNS. */
void upstream_edns_works(struct upstream_server *s, uint64_t now);
/* It refused EDNS (FORMERR, NOTIMP without OPT, BADVERS) and answered without. */
void upstream_edns_refused(struct upstream_server *s, uint64_t now);
/* It was silent with EDNS and answered without. */
void upstream_edns_silence(struct upstream_server *s, uint64_t now);
/* Silence to EDNS may be because of EDNS: no success with it for ten minutes. */
bool upstream_edns_doubtful(const struct upstream_server *s, uint64_t now);

/* cookie.c */
enum { COOKIE_OPTION_MAX = 4 + 8 + 32 };
/* Write the option for a question to `p`; its size, 0: `p` cannot. */
size_t upstream_cookie_put(struct upstream_peer *p, uint8_t *out);

/* health.c */
bool upstream_down(const struct upstream_set *set, const struct upstream_server *s);
/* An attempt has failed: count it, start the probe loop. */
void upstream_health_error(struct upstream_peer *p, bool silent);
/* A real question was answered. */
void upstream_health_heard(struct upstream_peer *p);
/* It has lost several real questions in a row: asked last. */
bool upstream_lossy(const struct upstream_server *s);
/* A lossy upstream gets one question beside the others now and then; true: this one (claimed). */
bool upstream_trial_due(struct upstream_server *s, uint64_t now);
void upstream_probe_edns(struct upstream_peer *p);
void upstream_probes_fini(struct upstream_peer *p);

/* error_text.c: a failure in Go's words, as CoreDNS logs it. */
void upstream_error_text(const struct upstream_server *s, const struct failure *f, char *out, size_t cap);
enum fail_kind upstream_fail_kind(int err);
/* The error speaks of the network or the upstream, not of our own limits. */
bool upstream_net_error(int err);
