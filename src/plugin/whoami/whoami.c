// SPDX-License-Identifier: Apache-2.0
/* whoami: who the client is to us, as records: its address, and its port and transport as an SRV. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"

#include <string.h>

enum { PREFIX_LEN = 5, SRV_LEN = 7 };

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_no_block(s->in))
			r = ERR_SYNTAX;
	}
	return r;
}

static int add_address(struct query *q, const struct net_addr *peer)
{
	if (peer->sa.sa_family == AF_INET)
		return reply_add(q, SECTION_ADDITIONAL, NULL, TYPE_A, 0, (const uint8_t *)&peer->v4.sin_addr,
				 4);
	if (net_addr_family(peer) == 1) /* v4-mapped: the last four bytes */
		return reply_add(q, SECTION_ADDITIONAL, NULL, TYPE_A, 0, peer->v6.sin6_addr.s6_addr + 12, 4);
	return reply_add(q, SECTION_ADDITIONAL, NULL, TYPE_AAAA, 0, peer->v6.sin6_addr.s6_addr, 16);
}

/* "_udp.NAME SRV 0 0 PORT ."; left out where the prefix makes the name longer than a name can be. */
static int add_srv(struct query *q, const struct net_addr *peer)
{
	size_t len = q->in.qname_len;
	uint8_t *owner;

	if (PREFIX_LEN + len > WIRE_NAME_MAX)
		return 0;
	owner = arena_alloc(&q->arena, PREFIX_LEN + len + SRV_LEN);
	if (!owner)
		return ERR_LIMIT;
	memcpy(owner, q->from.stream ? "\4_tcp" : "\4_udp", PREFIX_LEN);
	memcpy(owner + PREFIX_LEN, q->question, len);
	memset(owner + PREFIX_LEN + len, 0, SRV_LEN); /* priority, weight, port, "." */
	wire_put_u16(owner + PREFIX_LEN + len + 4, net_addr_port(peer));
	return reply_add(q, SECTION_ADDITIONAL, owner, TYPE_SRV, 0, owner + PREFIX_LEN + len, SRV_LEN);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct net_addr *peer = net_return_peer(&q->from);

	reply_begin(q, RCODE_NOERROR, true);
	if (add_address(q, peer) || add_srv(q, peer))
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of query memory");
	return STEP_DONE;
}

const struct plugin plugin_whoami = {
	.name = "whoami",
	.setup = setup,
	.query = query,
	.makes_answers = true,
};
