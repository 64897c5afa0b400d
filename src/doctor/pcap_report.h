// SPDX-License-Identifier: Apache-2.0
/* What captures showed, gathered exchange by exchange; inside of `binnacle doctor --pcap`.
 *
 *   capture/ window  -> pcap_collect.c   totals, servers, names, lists         (one call an exchange)
 *                       pcap_find.c      findings: what is a sign of a fault, with its story
 *                       pcap_walk.c      walks along a search path
 *                       pcap_recall.c    questions that failed, remembered for longer; pcap_early.c, pcap_signed.c
 *   at the end       -> pcap_judge.c     verdicts (doctor/verdict.h); pcap_say.c: their words
 *                       pcap_show.c, pcap_json.c
 *
 * All of it is bounded: tables keep what came first, or what is most frequent, and count the rest.  Texts belong to
 * `arena`.  Thread: one. */
#pragma once

#include "base/arena.h"
#include "capture/exchange.h"
#include "capture/relate.h"
#include "doctor/verdict.h"

enum {
	REPORT_SERVERS_MAX = 192,
	REPORT_SERVER_SLOTS = 512,
	REPORT_BEHIND_MAX = 8,
	REPORT_NAMES_MAX = 8192,
	REPORT_TOP_NAMES = 10,
	REPORT_LIST_MAX = 32,
	REPORT_SIZES_MAX = 16,
	REPORT_FINDINGS_MAX = 48,
	REPORT_SURE = 3, /* so many of the same are no chance */
	REPORT_STORIES_MAX = 2, /* kept of each finding */
	REPORT_WALKS_MAX = 1024,
	REPORT_LATENCY_BUCKETS = 320,
	REPORT_RATE_CLASSES = 40, /* two for each doubling */
	REPORT_RCODES = 16,
	REPORT_TEXT_MAX = 4 << 20, /* bytes of stories and texts */
};

/* Times, by their logarithm: eight steps in each doubling, so percentiles are right to a tenth. */
struct report_latency {
	uint32_t n[REPORT_LATENCY_BUCKETS];
	uint64_t total;
	int64_t max_ns;
};
void report_latency_add(struct report_latency *l, int64_t ns);
/* percent: 0..100.  Nanoseconds; 0 when there is none. */
int64_t report_latency_ns(const struct report_latency *l, unsigned percent);

/* Questions of one second, put into the class of their number. */
struct report_rate {
	int64_t second;
	uint32_t asked, lost;
	struct {
		uint64_t asked, lost, seconds;
	} classes[REPORT_RATE_CLASSES];
};

struct report_server {
	struct capture_end addr;
	bool is_upstream; /* was asked because of another question */
	bool is_behind; /* stands behind a translated address */
	int behind[REPORT_BEHIND_MAX]; /* indexes of those that stand behind this one */
	unsigned n_behind;
	uint64_t asked, answered, tcp_asked, tcp_answered;
	uint64_t lost; /* unanswered, and not answered when it was asked again either */
	uint64_t edns_asked, edns_answered, plain_asked, plain_answered; /* UDP */
	uint64_t truncated, rcodes[REPORT_RCODES], referrals;
	uint64_t fragmented, fragment_lost;
	uint64_t aaaa_answered;
	uint64_t pairs, pairs_half, pairs_half_later, pairs_lost, singles,
		singles_lost; /* A and AAAA at once; the rest */
	struct report_latency latency;
	struct report_rate rate;
};

struct report_name {
	uint64_t n;
	uint8_t len;
	bool cut;
	uint8_t *name;
};

/* A name at a server, and how often something happened. */
struct report_item {
	struct capture_end server;
	const char *name;
	uint16_t qtype;
	uint64_t n, n_good, n_bad; /* what good and bad are stands at the list */
};
struct report_list {
	struct report_item v[REPORT_LIST_MAX];
	unsigned n;
	uint64_t more; /* that found no room */
};

struct report_finding {
	enum verdict_slug slug;
	enum verdict_severity severity;
	struct capture_end server, client; /* the latter only where the rule tells clients apart */
	uint64_t n;
	uint64_t n_mended; /* ... after which the client got what it wanted otherwise */
	const char *stories[REPORT_STORIES_MAX];
	unsigned n_stories;
};

/* A client that tries one name with several suffixes. */
struct report_walk {
	struct capture_end client;
	int64_t last_ns;
	struct capture_end server;
	unsigned n_questions, n_names;
	bool failed, worked; /* the last name was denied; it had an answer */
	uint8_t name_len, name[WIRE_NAME_MAX];
};

struct report_memory;
struct report {
	struct arena arena;
	size_t text_used;
	const char *labels[CAPTURE_FILES_MAX]; /* short names of the files, safe to print */
	const char *unread; /* a file of which nothing could be read, and why; NULL: none */
	unsigned n_files;
	uint64_t file_answers[CAPTURE_FILES_MAX];
	int64_t file_last_ns[CAPTURE_FILES_MAX]; /* of messages */
	struct hash_key key;
	struct exchange_window *w;
	const struct capture_fragment_counts *fragments; /* of the decoder; NULL: not known */

	struct report_server *servers;
	unsigned n_servers;
	uint16_t server_slots[REPORT_SERVER_SLOTS]; /* index + 1 */
	uint64_t servers_more; /* exchanges with servers that found no room */

	uint64_t questions, answered, tcp;
	uint64_t unanswered,
		at_the_end; /* the latter: less than 3 s before the captures end; not counted as unanswered */
	uint64_t repeated, repeated_answered, sent_again; /* asked anew; sent again with the same id */
	uint64_t truncated, truncated_over_tcp, truncated_tcp_failed, truncated_alone, truncated_empty;
	uint64_t cname_only, cname_only_without_tc;
	uint64_t wrong_id, wrong_question, wrong_source;
	uint64_t late; /* answers after 5 s */
	uint64_t fragments_unseen; /* answers of which the capture's filter left only the first fragment */
	uint64_t edns_none, edns_unknown, edns_other, edns_do;
	struct {
		unsigned size;
		uint64_t n;
	} edns[REPORT_SIZES_MAX];
	unsigned n_edns;
	uint64_t rcodes[REPORT_RCODES];
	uint64_t caused, causing; /* upstream questions, and those that led to them */
	struct report_list truncated_list; /* good: over TCP then; bad: TCP failed */
	struct report_list cname_list; /* good: with TC */
	struct report_list lost_list; /* n: unanswered; good: answered when asked again; bad: never */

	struct report_name *names;
	unsigned n_names;
	uint64_t
		names_forgotten; /* counts taken off all to make room: what is shown may be too low by that */
	struct report_walk *walks;
	uint64_t walks_done, walks_questions, walks_names;
	struct report_list walk_list; /* n: questions; good: names that worked */

	struct report_memory *memory; /* pcap_recall.h */

	struct report_finding findings[REPORT_FINDINGS_MAX];
	unsigned n_findings;
	uint64_t findings_more;
	bool no_memory;
};

/* 0 or -ENOMEM. */
int report_init(struct report *r, const char *const *paths, unsigned n) MUST_USE;
void report_fini(struct report *r);
/* For struct exchange_sink and capture_sink; arg is the report. */
void report_exchange(void *arg, struct exchange_window *w, const struct exchange *e);
void report_message(struct report *r, const struct capture_message *m);
/* All exchanges were given. */
void report_finish(struct report *r);

/* ---------------------------------------------------------------- parts */

/* NULL: no room. */
struct report_server *report_server(struct report *r, const struct capture_end *addr);
const struct report_server *report_find_server(const struct report *r, const struct capture_end *addr);
/* Some server with that address (whatever the port) has been asked. */
bool report_is_server(const struct report *r, const struct capture_end *host);
void report_rate_add(struct report_rate *t, int64_t time_ns, bool lost);
/* The second that is being counted ends. */
void report_rate_end(struct report_rate *t);
void report_name_add(struct report *r, const uint8_t *name, size_t len, bool cut);
/* The most frequent first; how many. */
unsigned report_top_names(struct report *r, const struct report_name *ret[REPORT_TOP_NAMES]);
/* The item, made where there is room; NULL. */
struct report_item *report_item(struct report *r, struct report_list *l, const struct capture_end *server,
				uint16_t qtype, const char *name);
void report_item_add(struct report *r, struct report_list *l, const struct exchange *e, bool good, bool bad);
void report_walk_add(struct report *r, const struct exchange *e);
void report_walk_finish(struct report *r);

/* What is known about an exchange when it is given out. */
struct report_known {
	const struct exchange *over_tcp, *repeated;
	const struct capture_connection *connection;
	const struct exchange *caused[EXCHANGE_CAUSED_MAX];
	unsigned n_caused;
	bool at_the_end; /* too near to the captures' end to be called unanswered */
	bool repeat_answered;
};
void report_find(struct report *r, const struct exchange *e, const struct report_known *k);

/* One more sign of a fault.  `mended`: the client got what it wanted otherwise.  Where to put its story; NULL: there are
 * enough. */
const char **report_sign(struct report *r, enum verdict_slug slug, enum verdict_severity severity,
			 const struct capture_end *server, const struct capture_end *client, bool mended);

/* Texts, in the arena, safe to print. */
const char *report_text(struct report *r, const char *fmt, ...) PRINTF(2, 3);
const char *report_place(struct report *r, const struct capture_place *p);
enum { REPORT_NAME_TEXT_MAX = WIRE_NAME_TEXT_MAX + 4 };
/* A cut name ends in "...".  Returns out. */
const char *report_write_name(const uint8_t *name, size_t len, bool cut, char out[REPORT_NAME_TEXT_MAX]);
/* What happened, from the client's question to its end: several lines. */
const char *report_story(struct report *r, const struct exchange *e, const struct report_known *k);
/* Address, with a port that is not 53. */
const char *report_end(struct report *r, const struct capture_end *e);
/* The finding in a line; `slug` may be another one than its own. */
const char *report_summary(struct report *r, enum verdict_slug slug, const struct report_finding *f);
/* "NOERROR, TC, 2 CNAME, no address, 120 bytes" */
const char *report_told(struct report *r, const struct exchange *e);

/* Verdicts.  0 or -ENOMEM. */
int report_judge(struct report *r, struct verdict_list *ret) MUST_USE;
