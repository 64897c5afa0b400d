// SPDX-License-Identifier: Apache-2.0
/* Asking upstream servers: one question in, one complete answer (or a reason) out.
 *
 *   ask.c        a question comes in                  exchange.c   its attempts, time-outs, ends
 *   answer.c     what an answer means
 *   complete.c   a cut UDP answer: the whole one over TCP, the patience for it, late answers
 *   message.c    the query as it is sent: our own EDNS, the client's options less the hop-by-hop ones
 *   cookie.c     DNS cookies towards upstreams (RFC 7873)
 *   letter_case.c  random letter case in questions
 *   policy.c     in which order upstreams are tried
 *   hedge.c      a second upstream while the first takes far longer than usual
 *   pace.c       a budget of packets a second, shared by all workers
 *   times.c      what is usual: smoothed times and losses, learned from questions
 *   udp_pool.c   connected UDP sockets: random ports, retired after 200 queries or 10 s
 *   tcp_pool.c, tcp_kept.c, frame.c   kept, pipelined TCP connections (RFC 7766)
 *   health.c     per-upstream state: fails, down flag, probe loop, upstreams that lose real questions
 *   tcp_memory.c, edns_memory.c   what is remembered of an upstream without TCP, without EDNS
 *   set.c        what all workers share        worker.c   one worker's part
 *   resolve.c, resolv_conf.c   host names and files as targets, at setup
 *
 * `struct upstream_set` is one `forward` directive's servers, shared by all workers: `frozen` but for the
 * per-upstream atomics (in flight, fails, round-robin index, memories).
 * `struct upstream_worker` is one worker's part: sockets, connections, running exchanges (rule: worker).
 * Knows nothing of queries and plugins: the caller gives callbacks.          design.md "Upstream exchange" */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "net/addr.h"
#include "wire/answer.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct json;
struct upstream_set;
struct upstream_worker;
struct upstream_exchange;
struct wire_builder;

/* Servers of one set: one bit each in the masks of an exchange. */
enum { UPSTREAM_TARGETS_MAX = 64 };

enum upstream_policy { POLICY_RANDOM, POLICY_ROUND_ROBIN, POLICY_SEQUENTIAL };

/* A budget of packets towards some targets.  Those that give the same name share it, in all sets of the process. */
struct upstream_pace {
	uint32_t rate; /* packets a second, at least 20 */
	const char *name;
};

struct upstream_target {
	struct net_addr addr;
	const char *text; /* "192.0.2.1:53": `to` label, messages */
	const struct upstream_pace *pace; /* NULL: no limit */
};

/* DNS cookies towards upstreams (RFC 7873). */
enum upstream_cookies {
	COOKIES_AUTO, /* once an upstream has answered with EDNS, and not beside options of the client's own */
	COOKIES_ON,
	COOKIES_OFF,
};

struct upstream_config {
	const struct upstream_target *targets;
	unsigned n_targets; /* 1..UPSTREAM_TARGETS_MAX; host names may expand beyond 15 */
	enum upstream_policy policy;
	bool force_tcp, prefer_udp;
	bool tc_passthrough; /* CoreDNS's old way: a cut UDP answer is passed on */
	bool case_randomization; /* random letter case in questions over UDP ("0x20") */
	enum upstream_cookies cookies;
	bool no_hedge; /* never ask a second upstream while the first may still answer */
	uint64_t read_timeout_ns; /* per attempt; default 2 s */
	uint64_t expire_ns; /* idle TCP connections; default 10 s */
	uint64_t max_age_ns; /* 0: unlimited */
	uint32_t max_idle_conns; /* 0: unlimited */
	uint32_t max_fails; /* default 2; 0: never down, no probes */
	uint32_t max_connect_attempts; /* failed attempts; 0: unlimited; default 2 x upstreams */
	uint64_t health_interval_ns; /* default 500 ms */
	bool health_no_rec;
	const uint8_t *health_domain; /* wire name; NULL: "." */
	uint32_t max_concurrent; /* over all workers; 0: off */
	bool failfast; /* failfast_all_unhealthy_upstreams */
	uint32_t failover_rcodes; /* bit per rcode 0..31 */
	const struct net_addr *source; /* source_address or NULL */
	uint16_t edns_size; /* our own EDNS size towards upstreams; 0: 1232 */
};

/* Makes what all workers share; copies the config (targets, texts and domain included) and registers the
 * series.  NULL: no memory.  Thread: control or builder. */
struct upstream_set *upstream_set_new(const struct upstream_config *c);
void upstream_set_free(struct upstream_set *s); /* after all its workers' parts have gone */
/* What is known of its servers: a member `upstreams` of the object that is open.  Thread: any, while the set is there. */
void upstream_show(const struct upstream_set *s, struct json *j);

/* Something that an exchange did or met, for those who look on (trace, the status page). */
enum upstream_event_kind { UPSTREAM_ASKED, UPSTREAM_ANSWERED, UPSTREAM_FAILED };
struct upstream_event {
	enum upstream_event_kind kind;
	const char *upstream; /* text */
	bool stream, edns, hedge; /* over TCP; with EDNS; a second upstream while the first may still answer */
	bool cut; /* ANSWERED: with TC */
	uint16_t rcode; /* ANSWERED */
	uint64_t took_ns; /* ANSWERED: since it was sent */
	const struct upstream_server *server; /* FAILED: for upstream_event_error */
	const struct failure *failure;
};
/* The reason in CoreDNS's words. */
void upstream_event_error(const struct upstream_event *e, char *out, size_t cap);

/* What a worker lends to its part. */
struct upstream_env {
	struct loop *loop;
	struct wire_builder *builder;
	struct arena_pool *arenas;
	uint64_t *cells;
	/* An exchange lives on after its `done` (a TCP attempt that will fill the cache): the owner must stay.
	 * May be NULL. */
	void (*hold)(void *owner);
	void (*release)(void *owner);
	void *owner;
	/* Somebody still waits for the answer: asked with what upstream_ask was given.  May be NULL: use upstream_cancel.
	 * Askers that end early, many at once when memory is short, need not say so then. */
	bool (*wanted)(void *arg, uint64_t tag);
	/* Somebody waits, and this happens: failures always, the rest where the question says `told`.  Must not ask, cancel or
	 * resume.  May be NULL. */
	void (*told)(void *arg, uint64_t tag, const struct upstream_event *e);
};
/* 0 or -errno. */
int upstream_worker_start(struct upstream_set *s, const struct upstream_env *env,
			  struct upstream_worker **ret) MUST_USE;
/* Ends all that still runs (late attempts included, without callbacks but `release`) and frees. */
void upstream_worker_stop(struct upstream_worker *w);

/* A question. */
struct upstream_question {
	const uint8_t *question; /* qname as the client wrote it + type + class */
	uint16_t question_len;
	uint16_t flags; /* of these RD, CD and AD are sent */
	bool do_bit;
	bool client_stream; /* the client came over TCP */
	uint16_t udp_cap; /* our EDNS size is at most this (bufsize); 0: no cap */
	const uint8_t *
		options; /* the client's EDNS options, checked; hop-by-hop ones (cookie, keepalive, padding, NSID) are left out */
	uint16_t options_len;
	uint64_t hop_options; /* of those the hop-by-hop ones that are sent all the same, a bit a code: configuration wants them */
	uint64_t deadline_ns; /* monotonic; the exchange ends shortly before it */
	uint64_t tag; /* given back in the result: the asker's handle */
	bool told; /* the asker wants to hear what happens */
};

/* How it ended. */
struct upstream_result {
	int err; /* 0: there is an answer; else -errno or ERR_GONE (no healthy upstream) */
	uint64_t tag;
	const struct wire_answer *
		answer; /* in the exchange's arena, until `done` returns; ->truncated if TC could not be resolved */
	bool without_edns; /* got without EDNS: not to be stored under DO */
	uint16_t flags; /* of the upstream's header */
	unsigned rcode; /* extended */
	const char *
		upstream; /* text of the upstream that answered or failed last (frozen); NULL: none was asked */
	bool stream; /* it came over TCP */
	uint64_t sent_ns; /* when the question that it answers was sent; 0: no answer */
	char error
		[200]; /* as CoreDNS words it: "read udp 127.0.0.1:4711->127.0.0.1:53: i/o timeout"; "" without err */
	int ede; /* 22/23/24 for failures */
	const char *ede_text; /* static */
	struct upstream_late *late; /* with ->truncated while a TCP attempt goes on; else NULL */
};

/* A complete answer may still come after a cut one was given out.  Whoever wants it (the cache) sets `done` before
 * `upstream_result`'s callback returns; called at most once, a NULL answer when it failed. */
struct upstream_late {
	void (*done)(void *arg, const struct wire_answer *answer);
	void *arg;
};

/* Options of a client that end with us: they are never sent on. */
bool upstream_option_is_hop_by_hop(uint16_t code);

/* Ask.  `done` is called exactly once, never from within upstream_ask, unless upstream_cancel comes first.
 * -ENOMEM / ERR_LIMIT (max_concurrent) at once, without a callback.  Everything in `q` is copied. */
int upstream_ask(struct upstream_worker *w, const struct upstream_question *q,
		 void (*done)(void *arg, const struct upstream_result *r), void *arg,
		 struct upstream_exchange **ret) MUST_USE;
/* Somebody waits for an exchange that another one began: he counts in `max_concurrent` too, as the number of queries that
 * wait.  ERR_LIMIT: there are as many already (counted as rejected).  Each 0 is given back once. */
int upstream_admit(struct upstream_worker *w) MUST_USE;
void upstream_admit_end(struct upstream_worker *w);
/* The asker has gone: no callback any more; the exchange may go on for what it learns.  Not after `done`. */
void upstream_cancel(struct upstream_exchange *x);
