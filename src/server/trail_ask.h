// SPDX-License-Identifier: Apache-2.0
/* Asking the running server a question from another thread, to see which way it takes: it is put to a worker as if a client had
 * asked over UDP, goes through routing, views and the chain, is counted and logged as any other, and everything that happened is
 * kept: each plugin's turn with what it did, the questions that plugins asked, and the reply as the client would have had it.
 *
 * The worker writes into memory that the asker has made; nothing of it costs other queries anything.
 * Thread: any that may wait up to TRAIL_WAIT_MS (admin HTTP, builder). */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"
#include "server/trail.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct text;

/* The core answers within 4.5 s; this is for a worker that is late. */
enum { TRAIL_WAIT_MS = 6000, TRAIL_SERVER_MAX = 96, TRAIL_ERROR_MAX = 256 };

struct trail_question {
	uint8_t name[WIRE_NAME_MAX];
	uint16_t type;
	char server[TRAIL_SERVER_MAX]; /* a listener ("dns://:53"); "": the first that speaks plain DNS */
	struct net_addr client;        /* who seems to ask: acl, view */
};

struct trail_report {
	struct trail_question asked;
	char server[TRAIL_SERVER_MAX];
	char zone[WIRE_NAME_TEXT_MAX]; /* by which it was routed; "": no block serves it */
	unsigned worker;
	uint64_t began_ns, ended_ns;   /* monotonic */
	bool dropped, cut;             /* no answer; TC */
	uint16_t rcode;
	int32_t ede;                   /* EDE_NONE: none */
	char ede_text[TRAIL_ERROR_MAX], error[TRAIL_ERROR_MAX];
	const char *answered_by;       /* a plugin; "": none */
	unsigned whole_len;            /* bytes of the answer before it was made to fit */
	unsigned reply_len;
	struct trail trail;
	struct trail_notes notes;
	uint8_t reply[65536];          /* the message */
};

/* A question from words.  `type` NULL or "": A, and `from`: the loopback address; `server` NULL: "".
 * 0; -EINVAL with the reason in `why` (static). */
int trail_question(struct trail_question *ret, const char *name, const char *type, const char *server, const char *from,
		   const char **why) MUST_USE;

/* Ask and wait.  The report is the caller's, for trail_report_free; NULL with the reason in `why` (static). */
struct trail_report *trail_ask(const struct trail_question *q, const char **why) MUST_USE;
void trail_report_free(struct trail_report *r);

/* The report as a JSON object; and as lines for a terminal.  Names, texts and records are escaped in both. */
void trail_show_json(const struct trail_report *r, struct text *out);
void trail_show_text(const struct trail_report *r, struct text *out);
