// SPDX-License-Identifier: Apache-2.0
/* One query's life, and what plugins may do with it.
 *
 *   request (net) -> slot from the pool, wire check -> block -> chain down -> answer -> chain up
 *     -> write for this client (wire/answer.h) -> net_reply_end -> slot back
 *
 * A query belongs to one worker from first byte to last.  Its slot and first arena block are 2 KiB; more comes
 * from the worker's arena pool, which has the in-flight limit.  The core owns the deadline: 4.5 s from arrival (glibc and
 * musl give up at 5 s); then it answers SERVFAIL with EDE 23 itself.  Thread: worker. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/heap.h"
#include "net/dns_server.h"
#include "server/plugin.h"
#include "wire/answer.h"
#include "wire/query.h"

#include <stdbool.h>
#include <stdint.h>

struct block;
struct gen_worker;
struct listener;
struct metadata_value;
struct upstream_late;
struct worker;
struct zone_entry;

enum {
	QUERY_SLOT_SIZE = 2048,
	QUERY_DEADLINE_MS = 4500,
	QUERY_UDP_CAP = 4096,      /* no UDP answer is larger, whatever the client says: amplification, fragments */
	QUERY_DEPTH_MAX = 8,       /* sub-queries within sub-queries */
	QUERY_TREE_MAX = 32,       /* sub-queries of one client query in all */
};

/* Names one query on one worker; stays harmless after its end. */
struct query_handle {
	uint32_t slot, serial;
};

enum reply_form {
	REPLY_NONE,    /* nothing yet; or a drop (q->dropped) */
	REPLY_WIRE,    /* q->reply.wire, shared and read-only */
	REPLY_RECORDS, /* q->reply.rr[], in the arena; built to wire by the core at the end */
};

/* One record of the record form.  Everything in the query's arena or a frozen state. */
struct reply_rr {
	struct reply_rr *next;
	const uint8_t *owner;    /* uncompressed wire name; NULL: the query's own name as the client wrote it */
	const uint8_t *rdata;
	uint32_t ttl_s;
	uint16_t type, cls, rdlen;
	bool required;           /* matters outside the answer section; see wire/answer.h */
};

struct reply {
	enum reply_form form;
	uint16_t rcode;
	bool aa, ra, ad;         /* of the record form; for wire: copied from its header when it was set */
	bool cd;                 /* the query's (RFC 4035 3.2.2), unless the plugin says otherwise */
	uint16_t flags_set, flags_clear; /* of the header, whatever else decides them (`header`) */
	bool ttl_fixed;          /* every TTL leaves as ttl_s */
	uint32_t ttl_s;
	const struct wire_answer *wire;
	struct reply_rr *rr[3], **rr_last[3]; /* by enum wire_section */
	int32_t ede;             /* EDE_NONE or the code for EDNS clients */
	const char *ede_text;    /* NULL or static/arena text */
	bool rotate;             /* loadbalance: turn the address run */
	bool keep_order;         /* loadbalance: the first address is meant to be the first, also of a cut run */
	bool no_store;           /* right for this client, but not to be kept (got without EDNS under DO ...) */
	bool cut;                /* the upstream's truncation could not be resolved: TC over UDP, SERVFAIL on streams */
	struct upstream_late *late; /* with `cut`: the complete answer may still come (upstream/upstream.h) */
	const uint8_t *options;  /* more EDNS options for the client's OPT, wire form */
	uint16_t options_len;
};

enum query_kind {
	QUERY_CLIENT,     /* came from the net */
	QUERY_SERVER,     /* sub-query (a): routed again on the same listener with the client's address */
	QUERY_CHAIN,      /* sub-query (b): the rest of this chain after the caller */
	QUERY_BACKGROUND, /* sub-query (c): kind b with no client and no writing */
};

struct query {
	struct worker *w;
	uint32_t slot, serial;
	enum query_kind kind;

	struct wire_query in;        /* what was asked (of a sub-query: what the parent asks) */
	uint8_t question[WIRE_NAME_MAX + 4]; /* the question as the client wrote it */
	uint64_t hop_options;        /* hop-by-hop EDNS options that go upstream all the same, a bit a code: rewrite put them in */
	uint16_t request_len;        /* bytes of the client's message */
	const uint8_t *request;      /* the message itself, until the first WAIT; then NULL */
	const struct query_tap *taps; /* who is shown its messages (server/tap.h) */
	struct net_return from;
	struct listener *listener;
	struct gen_worker *gen;      /* counted: the generation cannot go while this query lives */
	const struct block *block;
	const struct zone_entry *zone; /* by which it was routed; NULL: none yet, or not by route */
	uint16_t udp_cap;            /* QUERY_UDP_CAP, or less by bufsize */
	bool udp_lowered;            /* bufsize has spoken */
	bool fit_subset;             /* a cut address answer goes without TC (plugin fit) */

	uint64_t arrived_ns;         /* monotonic */
	uint64_t deadline_ns;
	struct timer timer;          /* armed on the first WAIT */

	struct reply reply;
	bool dropped;                /* no answer shall be sent */
	const char *error;           /* text for `errors`, in the arena; NULL: none */
	const char *answered_by;     /* name of the plugin that was DONE (metrics, log) */
	uint16_t answered_place;     /* its place in the block's chain, from 1; 0: nobody's */

	/* chain position; chain.c */
	int16_t at;                  /* index in the block's chain; start - 1 after the way up */
	int8_t direction;            /* 1 down, -1 up */
	bool waiting;
	uint8_t depth;
	bool has_trail;              /* it, or the client's query that it is asked for, has one (server/trail.h) */
	uint32_t began;              /* its serial when it began: with the slot, which query it is */
	struct trail *trail;
	struct query *parent;        /* of sub-queries; NULL once the parent no longer waits for this one */
	struct query_handle root;    /* of the tree that this sub-query is in */
	uint16_t tree_total;         /* of the root: sub-queries started so far */
	void (*sub_done)(struct query *parent, struct query *sub, void *arg);
	void *sub_arg;
	uint8_t *scratch;            /* all plugins' query_size together; instance.scratch_off tells where */
	struct query *sub;           /* the sub-query that this one waits for */
	int16_t start;               /* chain position where this query began (QUERY_CHAIN: after the caller) */

	/* who holds how many slots (query.c, shedding) */
	struct query *wait_next, *wait_prev;
	bool listed;                 /* is in a bucket: has waited at least once */
	uint8_t bucket;

	struct metadata_value *metadata; /* server/metadata.c */
	enum { METADATA_ZONE_UNKNOWN, METADATA_ZONE_IN, METADATA_ZONE_OUT } metadata_zone;

	struct arena arena;          /* first block: the rest of the slot */
};

/* ---- for the core ---- */

struct query_limits {
	size_t worker_bytes;         /* in-flight memory of one worker; default 8 MiB */
	size_t process_bytes;        /* of all; default 32 MiB */
};
extern const struct query_limits query_limits_default;

/* `shared_in_use`: the process-wide sum.  NULL: no memory. */
struct query_pool *query_pool_new(struct worker *w, const struct query_limits *l, size_t *shared_in_use);
void query_pool_free(struct query_pool *p);
/* Queries that wait now (gauge). */
size_t query_pool_waiting(const struct query_pool *p);

/* A message from the net (request_fn; arg is the worker).  ret->listener is a `struct port_worker`. */
void query_receive(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret);
/* Answer all that wait in this generation part with SERVFAIL (its time is up). */
void query_abort_all(struct worker *w, const struct gen_worker *gw);

/* A question of our own (trail_ask), which goes the way of a client's over UDP: routed, counted, logged.  Only its end is another:
 * `ended(NULL, query, arg)` is called in place of writing to the net, with the query as it would be answered. */
struct query_inside {
	const uint8_t *name;         /* uncompressed wire; copied */
	uint16_t type;
	const char *listener;        /* its text; "": the first that speaks plain DNS */
	struct net_addr client;      /* who seems to ask */
	struct trail *trail;         /* begun here; outlives the query */
	void (*ended)(struct query *parent, struct query *q, void *arg);
	void *arg;
};
/* 0: `ended` will be called, maybe before this returns.  ERR_GONE: there is no such listener; ERR_LIMIT. */
int query_inside(struct worker *w, const struct query_inside *in) MUST_USE;

/* Go on with the chain until the query ends or waits (chain.c). */
void chain_run(struct query *q);
/* The end of the way up: write the answer for this client, or hand it to the parent; free the slot (query.c). */
void query_finish(struct query *q);
/* First WAIT of a query: count it, arm its deadline, keep what still points into the packet.  False: it could not be admitted
 * and q->reply says so; the chain goes up at once. */
bool query_admit_wait(struct query *q);
/* Write q->reply for its client and send it (respond.c). */
void respond(struct query *q);
/* The same into memory of at least 64 KiB in place of the net: how much, 0: there is no answer.  `ret` says how it was made to fit. */
size_t respond_into(struct query *q, uint8_t *out, struct wire_fit *ret);

/* ---- for plugins ---- */

static inline struct query_handle query_handle(const struct query *q)
{
	return (struct query_handle){q->slot, q->serial};
}
/* The query of a handle, or NULL once it has ended. */
struct query *query_find(struct worker *w, struct query_handle h);

/* Continue after STEP_WAIT, as if the hook had returned `s` (NEXT or DONE).  The query may end in here.
 * A query that is not waiting (late resume) is left alone. */
void query_resume(struct query *q, enum step s);

/* Set a wire answer as the reply (takes rcode, aa, ra, ad from its header). */
void reply_set_wire(struct query *q, const struct wire_answer *a);
/* Begin a record-form reply. */
void reply_begin(struct query *q, unsigned rcode, bool aa);
/* Append a record; the arena keeps the node, the caller the bytes.  -ENOMEM at the limit. */
int reply_add(struct query *q, enum wire_section s, const uint8_t *owner, uint16_t type, uint32_t ttl_s,
	      const uint8_t *rdata, uint16_t rdlen) MUST_USE;
/* An empty reply for a failure: rcode, EDE (code or EDE_NONE, static text or NULL) and the text that `errors` logs
 * (formatted into the arena).  Returns STEP_DONE. */
enum step query_fail(struct query *q, unsigned rcode, int ede, const char *ede_text, const char *fmt, ...) PRINTF(5, 6);
/* The header's flags of the answer: QR, opcode, AA, RD, RA, AD, CD.  TC depends on the client. */
uint16_t reply_flags(const struct query *q);
/* No answer at all (acl drop, erratic).  Returns STEP_DONE. */
enum step query_drop(struct query *q);

/* Turn the reply into record form, to change or order its records (not copied where they need not be: the wire form must
 * stay); what was built of records before is forgotten.  Everything else of the reply stays.  0; -ENOENT: there is no
 * reply; -ENOMEM, -EBADMSG: it stays as it is. */
int reply_records(struct query *q) MUST_USE;
/* The wire form of the reply, built if it is in record form.  NULL: there is none, or no memory. */
const struct wire_answer *reply_wire(struct query *q);

/* Another question (rewrite): `name` is uncompressed wire, any case, and not q->question itself.  Who changes it keeps the client's and
 * puts it back on the way up. */
void query_set_question(struct query *q, const uint8_t *name, uint16_t type, uint16_t cls);

/* bufsize: lower what a UDP answer may take and what the upstream is told. */
void query_cap_udp(struct query *q, uint16_t size);
/* 65535 on streams; else max(512, client's size), capped by udp_cap; 512 without EDNS. */
uint16_t query_limit(const struct query *q);
/* "udp" or "tcp"; qname in presentation form, lower case (arena; NULL at the limit). */
const char *query_proto(const struct query *q);
const char *query_name_text(struct query *q);

/* May wait for the same question of another client instead of being asked.  Not HINFO, which hardly anybody asks but
 * `loop` and its kin in other servers: their question must come round as often as it does. */
static inline bool query_may_merge(const struct query *q)
{
	return q->in.qtype != TYPE_HINFO;
}

/* ---- sub-queries ---- */

/* Start a sub-query from a hook that then returns STEP_WAIT.  When it ends, `done(parent, sub, arg)` is called
 * (never from within query_sub): sub->reply holds the answer, in sub's arena, which ends when `done` returns: copy
 * what shall stay (wire_answer_copy).  `done` normally ends with query_resume(parent, ...).
 * `name`: uncompressed wire; class is IN for QUERY_SERVER, the parent's else.
 * ERR_LIMIT: depth, total or memory; the caller answers SERVFAIL with EDE.  QUERY_BACKGROUND: `done` may be NULL. */
int query_sub(struct query *parent, enum query_kind kind, const uint8_t *name, uint16_t type,
	      void (*done)(struct query *parent, struct query *sub, void *arg), void *arg) MUST_USE;
