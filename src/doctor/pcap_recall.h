// SPDX-License-Identifier: Apache-2.0
/* Questions that failed at a server, remembered beyond the window of exchanges: what a later answer to the same question
 * shows (pcap_early.c: a denial that was kept, pcap_signed.c: an answer that is there when nobody checks signatures).
 *
 * 2,048 questions at servers; where a question finds no room, the one of its eight neighbours that was not asked for
 * longest gives way.  Findings are made when all is read, or when one gives way: what comes later may speak against
 * them.  Thread: one. */
#pragma once

#include "doctor/pcap_report.h"

enum { RECALL_WAYS = 8, RECALL_BUCKETS = 256, RECALL_ZONES_MAX = 64 };

/* An answer, and the question's sender. */
struct recall_seen {
	struct capture_place at; /* packet 0: none */
	struct capture_end client, server;
};

/* Denials by one server that end at the same moment: one of them, kept. */
struct recall_denial {
	struct recall_seen first, last;
	uint32_t first_ttl_s, last_ttl_s; /* of the SOA */
	unsigned n; /* answers; 0: no denial */
	int64_t ends_ns;
	uint32_t
		usual_ttl_s; /* of new denials of that zone, by another answer that was longer; 0: not known */
	struct capture_end upstream; /* who gave it; family 0: not seen */
	struct recall_seen exists; /* the same question was answered with records meanwhile */
	bool exists_surely; /* ... by what is no old answer in a cache */
	struct recall_seen
		ended; /* the first answer with records when it had ended; or one that was denied after `exists` */
	bool is_sign; /* that shows a fault */
	bool comes_and_goes; /* it was denied anew later: no more judged */
};

struct recall_failure {
	struct recall_seen first, last, unchecked; /* SERVFAIL, and the answer to a question with CD */
	unsigned n, n_after; /* SERVFAILs; after `unchecked` */
	bool tried_anew; /* the failure after it was not an old one in a cache */
	uint16_t ede; /* of signatures; 0: none */
	struct capture_detail detail; /* of the answer to the question with CD */
};

struct report_recall {
	bool used;
	struct capture_end server; /* the one that answers, where it is known who stands behind an address */
	uint16_t qtype, qclass;
	int64_t last_ns;
	struct recall_denial denial;
	struct recall_failure failure;
	uint8_t name_len, name[WIRE_NAME_MAX];
};

struct report_zone {
	struct capture_end server;
	uint32_t ttl_s; /* the longest that it gave a denial */
	uint8_t name_len, name[WIRE_NAME_MAX];
};

struct report_memory {
	struct report_recall v[RECALL_BUCKETS][RECALL_WAYS];
	unsigned n; /* used */
	struct report_zone zones[RECALL_ZONES_MAX];
	unsigned n_zones;
};

/* The server whose answers these are. */
const struct capture_end *recall_server(const struct exchange *e);
/* This question at that server; NULL: not remembered. */
struct report_recall *recall_find(struct report *r, const struct exchange *e,
				  const struct capture_end *server);
/* ... or made. */
struct report_recall *recall_take(struct report *r, const struct exchange *e);
/* Calls fn for the question at each server but the one that answered now. */
void recall_others(struct report *r, const struct exchange *e, const struct report_known *k,
		   void (*fn)(struct report *r, struct report_recall *i, const struct exchange *e,
			      const struct report_known *k));
/* NOERROR with records of the type that was asked for; any answer that is there in whole, and not marked as cut. */
bool recall_is_good(const struct exchange *e);
bool recall_is_whole(const struct exchange *e);
struct recall_seen recall_seen(const struct exchange *e);
/* "node.pcap #12, 14:03:02.123 UTC: 10.0.2.2 asks 10.0.1.10 for A www.example.org." */
const char *recall_text(struct report *r, const struct report_recall *i, const struct recall_seen *s);

/* One more answer. */
void report_recall_exchange(struct report *r, const struct exchange *e, const struct report_known *k);
/* All was read. */
void report_recall_finish(struct report *r);

/* pcap_early.c: a denial; records for what may have been denied; what it comes to. */
void early_denied(struct report *r, const struct exchange *e, const struct report_known *k);
void early_exists(struct report *r, const struct exchange *e, const struct report_known *k);
void early_settle(struct report *r, const struct report_recall *i);

/* pcap_signed.c */
void signed_answer(struct report *r, const struct exchange *e, const struct report_known *k);
void signed_failed(struct report *r, const struct exchange *e, const struct report_known *k);
void signed_exists(struct report *r, const struct exchange *e);
void signed_settle(struct report *r, const struct report_recall *i);
