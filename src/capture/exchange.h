// SPDX-License-Identifier: Apache-2.0
/* Questions and their answers, and what belongs together.
 *
 *   messages, in the order of their time  -> window of exchanges (25 s of the capture's time, 131,072 at most)
 *                                         -> each is handed out once, 20 s after its question, in the questions' order
 *
 * An exchange is handed out while those that came after it (the same question over TCP, asked again, or asked of an
 * upstream because of it) are still in the window, so whoever takes it can look for them (relate.h).
 *
 * The same packet seen twice counts once: in captures of all interfaces, of several places, on both sides of a DNAT (there
 * with another server address, hop limit or interface), or of a translation of the source.  Such a *copy* with
 * other addresses is an exchange of its own, `front` leads to the one that the client knows, `behind` back.  Thread: one. */
#pragma once

#include "base/hash.h"
#include "capture/decode.h"

enum { EXCHANGES_MAX = 131072, CAPTURE_CONNECTIONS_MAX = 8192 };

/* Where a packet stands. */
struct capture_place {
	unsigned file;
	uint32_t packet; /* 0: none */
	int64_t time_ns;
};

struct exchange_answer {
	struct capture_place at;
	uint32_t files; /* bit: seen in that file */
	unsigned n; /* different answers that came; the first counts */
	uint16_t flags;
	uint16_t n_records[4];
	size_t len;
	enum capture_read read;
	bool answer_known, opt_known, has_opt, has_soa, has_ns, fragment_lost;
	uint16_t n_cname, n_address, n_other, n_fragments, udp_size;
	struct capture_detail detail;
	uint16_t targets_len, last_target;
	uint8_t targets[]; /* what the CNAMEs lead to, as in capture_message */
};

struct exchange {
	/* who, what, how */
	struct capture_end client, server;
	bool tcp;
	uint16_t id, flags, qtype, qclass;
	bool question_known, name_cut, opt_known, has_opt, do_bit;
	uint16_t udp_size;
	uint8_t hop_limit;
	uint32_t ifindex;
	size_t len;

	/* the question */
	struct capture_place asked; /* first */
	int64_t asked_last_ns; /* sent again with the same id: the last time */
	unsigned n_sent; /* without copies */
	unsigned n_copies;
	uint32_t files;
	/* what came: NULL: nothing */
	struct exchange_answer *answer;
	unsigned n_wrong_id, n_wrong_question, n_wrong_source;
	struct capture_place wrong; /* the first of these */
	struct capture_end wrong_source;

	/* The same exchange with other addresses. */
	struct exchange *front, *behind;

	/* the window's own */
	struct exchange *older, *newer; /* by the question's time */
	struct exchange *next_of_client, *next_of_name, *prev_of_client, *prev_of_name;
	bool given_out;
	uint8_t name_len;
	uint8_t name[]; /* lower case; ends with the root label unless name_cut */
};

/* A TCP connection to a DNS port. */
struct capture_connection {
	struct capture_end client, server;
	struct capture_place asked;
	unsigned n_asked; /* SYNs, without copies */
	int64_t last_asked_ns;
	int64_t accepted_ns, reset_ns; /* 0: not seen */
	uint32_t files;
	struct capture_connection *older, *newer, *next;
};

struct exchange_counts {
	uint64_t questions, answers;
	uint64_t copies; /* messages that were seen before */
	uint64_t translated; /* exchanges seen with other addresses too */
	uint64_t without_question; /* answers */
	uint64_t without_question_early; /* ... in the first 5 s of a file: it began in between */
	uint64_t wrong_id, wrong_question;
	uint64_t answered_again;
	uint64_t early; /* given out before their time: the window was full */
	uint64_t bad_order; /* messages more than a second older than one before them */
	uint64_t no_memory;
};

struct exchange_window;

struct exchange_sink {
	/* `e` and all others of the window live during the call. */
	void (*exchange)(void *arg, struct exchange_window *w, const struct exchange *e);
	void *arg;
};

/* sink is copied.  NULL: no memory. */
struct exchange_window *exchange_window_new(const struct hash_key *key, const struct exchange_sink *sink);
/* Clocks of different files may differ by so much (0: they are known to agree). */
void exchange_window_set_slack(struct exchange_window *w, int64_t between_files_ns);
void exchange_window_free(struct exchange_window *w);
void exchange_window_message(struct exchange_window *w, const struct capture_message *m);
void exchange_window_connection(struct exchange_window *w, const struct capture_connection_event *e);
/* Give out all that is left. */
void exchange_window_finish(struct exchange_window *w);
const struct exchange_counts *exchange_window_counts(const struct exchange_window *w);
/* Time of the newest message so far. */
int64_t exchange_window_now_ns(const struct exchange_window *w);

static inline unsigned exchange_rcode(const struct exchange *e)
{
	return e->answer ? e->answer->flags & FLAG_RCODE : 0;
}

static inline bool exchange_truncated(const struct exchange *e)
{
	return e->answer && (e->answer->flags & FLAG_TC);
}

/* The answer section holds CNAMEs and nothing else, and that could be seen (of a cut capture: its only record is one).  Not
 * for questions that a CNAME answers. */
bool exchange_cname_only(const struct exchange *e);
/* It is known that the answer held an address. */
bool exchange_has_address(const struct exchange *e);
/* It is known that the answer is a proper "no such data": NOERROR with an SOA or without any record. */
bool exchange_nodata(const struct exchange *e);
/* From the question to the answer; -1: none. */
int64_t exchange_latency_ns(const struct exchange *e);
