// SPDX-License-Identifier: Apache-2.0
/* The Corefiles of a world, one after the other, and what each of them means for answers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CONFIGS_MAX = 8, PORT_ALWAYS = 53, PORT_SECOND = 5353 };

struct config {
	uint64_t begin_ns, done_ns; /* publishing */
	bool cache, verify, prefetch, failover;
	bool no_success, no_denial; /* not kept by the cache */
	bool keepttl, passthrough;
	uint32_t servfail_s; /* for which the cache keeps failures */
	uint32_t max_ttl_s; /* of the cache */
	uint32_t stale_s; /* the window; 0: off */
	unsigned bufsize; /* 0: none */
	unsigned pace; /* packets a second; 0: off */
	unsigned max_concurrent; /* 0: off */
	uint8_t group; /* of upstreams */
	bool next; /* `next` leads to the upstreams of the other group */
	bool hosts; /* the world's hosts file goes before the upstreams */
	uint32_t hosts_ttl_s;
	uint64_t hosts_reload_ms; /* 0: never */
	bool two_ports; /* listens on the second one too */
	char text[1024];
};

/* Its answers may come from this group. */
bool config_asks(const struct config *c, int group);

extern struct config configs[CONFIGS_MAX];
extern unsigned n_configs;

/* Was the second port closed at some time from `from_ns` to `to_ns`, or while a packet was under way? */
bool config_second_port_closed(uint64_t from_ns, uint64_t to_ns);
void config_draw(struct config *c, uint8_t group);
