// SPDX-License-Identifier: Apache-2.0
/* Who asks what: the most frequent clients, names and zones, and how often there was which answer code, transport, delay and
 * answering plugin, since the start and for the last minute, by samples.
 *
 * Each worker draws its samples itself: every question while it has few, down to one of 64 on average (the gaps are geometric, so each
 * question has the same chance whatever came before it; a sample counts as often as it stands for, so counts are right on average).
 * How many it takes is decided by what came before: at most some 160 a second, or one of 64 where that is more.
 *
 * Memory: WHO_* below, 127 KB a worker, whatever is asked.  Thread: worker, each its own. */
#pragma once

#include "base/compiler.h"
#include "server/query.h"
#include "server/who_table.h"
#include "server/worker.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	WHO_NAMES = 192,
	WHO_NAME_MAX = 128,  /* wire form; of longer names the end, as "*." and whole labels */
	WHO_CLIENTS = 256,
	WHO_CLIENT_MAX = 16, /* address: 4 bytes (mapped IPv6 too) or 16 */
	WHO_ZONES = 64,
	WHO_ZONE_MAX = 72,   /* wire form */
	WHO_SLOT_S = 10,     /* the last minute: the slot that is being filled and the WHO_SLOTS - 1 before it */
	WHO_GAP_LOG_MAX = 6, /* one question of 64 */
	WHO_RCODES = 25,     /* 0..23, and the rest */
	WHO_PLUGINS = 24,    /* the first ones that answer; then nobody's place */
	WHO_DELAYS = 96,     /* four in each doubling, from 1 us */
};

enum who_kind { WHO_CLIENT, WHO_NAME, WHO_ZONE, WHO_N_KINDS };
enum who_transport { WHO_UDP, WHO_TCP, WHO_TLS, WHO_HTTPS, WHO_HTTPS3, WHO_GRPC, WHO_QUIC, WHO_N_TRANSPORTS };

/* Of one question: what is counted. */
struct who_seen {
	const uint8_t *client; /* 4 or 16 bytes */
	uint8_t client_len;
	const uint8_t *name, *zone; /* wire, lower case, at most WHO_NAME_MAX and WHO_ZONE_MAX */
	uint8_t name_len, zone_len;
	uint16_t rcode;
	enum who_transport transport;
	const char *plugin;    /* that answered, a text that stays; NULL: the server itself */
	uint64_t delay_ns;
};

/* How often, since the start and in each slot. */
struct who_tally {
	uint64_t total;
	uint32_t slots[WHO_SLOTS];
};

struct who {
	uint64_t drawn;          /* questions up to the one that is sampled next */
	uint32_t gap;            /* of them since the last sample, or since it was looked at again */
	uint64_t began_ns;       /* when it was made */
	uint32_t slot;           /* the one that is being filled: time / WHO_SLOT_S */
	/* the next gap */
	unsigned gap_log;        /* one of 2^gap_log is sampled */
	uint64_t random;
	uint64_t window_ns;      /* when this window began */
	uint64_t window_drawn;   /* `drawn` then */
	uint32_t window_samples;
	/* counts */
	struct who_tally asked;  /* questions, exactly, up to the last sample */
	struct who_tally questions, samples; /* what the samples stand for, and their number */
	struct who_tally squares; /* the samples' weights squared: how far chance may have led */
	struct who_tally rcodes[WHO_RCODES], transports[WHO_N_TRANSPORTS], delays[WHO_DELAYS], plugins[WHO_PLUGINS + 1];
	const char *plugin_names[WHO_PLUGINS + 1]; /* [0]: NULL, the server itself */
	struct who_table total[WHO_N_KINDS], minute[WHO_N_KINDS];
	uint64_t memory[];       /* of the tables */
};

/* `seed`: any.  NULL: no memory.  The first question is sampled. */
struct who *who_new(uint64_t seed, uint64_t now_ns);
void who_free(struct who *w);
/* The same again, into what who_new has made. */
void who_copy(struct who *to, const struct who *from);
/* Count a sample that stands for as many as the gap it was drawn with; the number of questions until the next one, from 1. */
uint32_t who_count(struct who *w, const struct who_seen *s, uint64_t now_ns);
/* Time has passed: slots that are over are emptied. */
void who_turn(struct who *w, uint64_t now_ns);
/* For who reads: questions were rarer lately than a gap of `left` more expects.  As the gaps have no memory, another may be drawn at any
 * time; its length. */
uint32_t who_look_again(struct who *w, uint32_t left, uint64_t now_ns);
/* In which of `delays` a delay is counted, and where that begins and ends. */
unsigned who_delay_index(uint64_t ns);
double who_delay_begin_s(unsigned index);

/* The question has been answered (or not, when it was dropped). */
void who_sample(struct query *q);
static inline void who_asked(struct query *q)
{
	if (unlikely(--q->w->who_left == 0))
		who_sample(q);
}
