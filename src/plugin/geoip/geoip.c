// SPDX-License-Identifier: Apache-2.0
/* geoip: where a client's address is, as metadata.  The database is mapped into memory and searched when somebody asks for a
 * label, not for each query. */
#include "plugin/geoip/geoip.h"

#include "server/query.h"
#include "wire/wire.h"

#include <string.h>

enum { ECS_HEAD = 4, FAMILY_V4 = 1, FAMILY_V6 = 2 };

/* The address of a client subnet option, its host part zero (RFC 7871 6).  False: none, or not a right one. */
static bool subnet_address(const struct query *q, struct net_addr *ret)
{
	uint16_t len;
	size_t max;
	const uint8_t *o = wire_option_find(q->in.options, q->in.options_len, OPTION_CLIENT_SUBNET, &len);
	unsigned family;

	if (!o || len < ECS_HEAD)
		return false;
	family = wire_u16(o);
	max = family == FAMILY_V4 ? 4 : 16;
	len = (uint16_t)(len - ECS_HEAD);
	if ((family != FAMILY_V4 && family != FAMILY_V6) || len > max || o[2] > max * 8 || len != (o[2] + 7) / 8)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->sa.sa_family = family == FAMILY_V4 ? AF_INET : AF_INET6;
	memcpy(family == FAMILY_V4 ? (void *)&ret->v4.sin_addr : (void *)&ret->v6.sin6_addr, o + ECS_HEAD, len);
	return true;
}

/* A v4-mapped client is an IPv4 one. */
static struct net_addr plain(const struct net_addr *a)
{
	struct net_addr out = *a;

	if (a->sa.sa_family == AF_INET6 && net_addr_family(a) == 1) {
		memset(&out, 0, sizeof(out));
		out.v4.sin_family = AF_INET;
		memcpy(&out.v4.sin_addr, a->v6.sin6_addr.s6_addr + 12, 4);
	}
	return out;
}

static struct net_addr address_of(const struct geoip *g, const struct query *q)
{
	struct net_addr a;

	if (g->edns_subnet && subnet_address(q, &a))
		return a;
	return plain(net_return_peer(&q->from));
}

static const char *metadata(const void *state, struct query *q, const struct metadata_label *label)
{
	const struct geoip *g = state;
	const struct geoip_value *v = geoip_value_of(g, label);
	struct net_addr a;

	if (!v)
		return NULL;
	a = address_of(g, q);
	return geoip_look_up(g, v, &a, &q->arena);
}

static void geoip_free(void *state)
{
	struct geoip *g = state;

	if (g->is_open)
		libmaxminddb.close(&g->db);
}

static struct library *const libraries[] = {&libmaxminddb_library, NULL};

const struct plugin plugin_geoip = {
	.name = "geoip",
	.state_size = sizeof(struct geoip),
	.libraries = libraries,
	.setup = geoip_setup,
	.free = geoip_free,
	.metadata = metadata,
};
