// SPDX-License-Identifier: Apache-2.0
#include "plugin/erratic/zone.h"

#include "base/err.h"
#include "server/query.h"

#include <string.h>

/* "ns1.NAME" or NULL: no memory.  A name that gets too long stays without its label. */
static const uint8_t *below(struct query *q, char label, size_t *ret_len)
{
	size_t len = q->in.qname_len, extra = len + 2 <= WIRE_NAME_MAX ? 2 : 0;
	uint8_t *name = arena_alloc(&q->arena, extra + len);

	if (!name)
		return NULL;
	if (extra) {
		name[0] = 1;
		name[1] = (uint8_t)label;
	}
	memcpy(name + extra, q->question, len);
	*ret_len = extra + len;
	return name;
}

static int add_soa(struct query *q)
{
	/* sns.dns.icann.org. noc.dns.icann.org. 2018050825 7200 3600 1209600 3600 */
	static const uint8_t soa[] = "\3sns\3dns\5icann\3org\0\3noc\3dns\5icann\3org\0"
				     "\170\111\3\11" "\0\0\34\40" "\0\0\16\20" "\0\22\165\0" "\0\0\16\20";

	return reply_add(q, SECTION_ANSWER, NULL, TYPE_SOA, 0, soa, sizeof(soa) - 1);
}

int erratic_zone_add(struct query *q, bool closed)
{
	static const uint8_t addr[2][16] = {
		{0x20, 0x01, 0x0b, 0xd8, [15] = 0x53},
		{0x20, 0x01, 0x05, 0x00, [15] = 0x54},
	};
	const uint8_t *ns[2];
	size_t len[2];

	ns[0] = below(q, 'a', &len[0]);
	ns[1] = below(q, 'b', &len[1]);
	if (!ns[0] || !ns[1] || add_soa(q))
		return ERR_LIMIT;
	for (int i = 1; i >= 0; i--) {
		if (reply_add(q, SECTION_ANSWER, NULL, TYPE_NS, 0, ns[i], (uint16_t)len[i]))
			return ERR_LIMIT;
	}
	for (int i = 0; i < 2; i++) {
		if (reply_add(q, SECTION_ANSWER, ns[i], TYPE_AAAA, 0, addr[i], sizeof(addr[i])))
			return ERR_LIMIT;
	}
	return closed && add_soa(q) ? ERR_LIMIT : 0;
}
