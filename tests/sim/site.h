// SPDX-License-Identifier: Apache-2.0
/* Upstreams of a world: they know the truth, and have their moods. */
#pragma once

#include "net/addr.h"

#include <stdbool.h>
#include <stdint.h>

enum { SITES_MAX = 6 };

enum udp_mood { UDP_FINE, UDP_SILENT, UDP_REFUSED };
enum edns_mood { EDNS_FINE, EDNS_IGNORED, EDNS_FORMERR, EDNS_NOTIMP, EDNS_BADVERS, EDNS_DROPPED };
enum tcp_mood {
	TCP_FINE,
	TCP_REFUSED,
	TCP_BLACKHOLE,
	TCP_HANGS,
	TCP_RESETS,
	TCP_CLOSES,
	TCP_SLOW,
	TCP_CHOPPED
};
enum cut_style { CUT_EMPTY, CUT_CHAIN, CUT_PARTIAL };

/* Percentages of what is asked. */
struct mood {
	enum udp_mood udp;
	enum edns_mood edns;
	enum tcp_mood tcp;
	enum cut_style cut_style;
	bool always_cut;
	bool cookies; /* it knows them (RFC 7873), */
	bool strict; /* and wants its own back over UDP: else BADCOOKIE */
	bool lowers; /* its answers are in lower case, the question too */
	uint8_t loss, doubled, slow, servfail, broken, forged;
	unsigned closes_after;
};

struct site {
	unsigned index;
	uint8_t group;
	struct net_addr addr;
	char text[32];
	uint64_t rtt_ns, jitter_ns;
	struct mood mood;
	bool perfect; /* its mood has no fault */
	uint64_t since_ns; /* of this mood */
	unsigned n_probes;
};

extern struct site sites[SITES_MAX];
extern unsigned n_sites;

/* Make `n` sites of a group; `trouble`: percent of those with faults. */
void site_draw(unsigned n, uint8_t group, unsigned trouble);
/* Its mood changes. */
void site_change_mood(struct site *s, unsigned trouble);
/* A datagram leaves for it: not more a second than the configuration's pace. */
void site_paced(void);
/* All of a group have been perfect since `ns`. */
bool site_all_perfect(uint8_t group, uint64_t since_ns);
/* At most one of the group has had faults since `ns`, and one at least has had none. */
bool site_one_perfect(uint8_t group, uint64_t since_ns);
