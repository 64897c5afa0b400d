// SPDX-License-Identifier: Apache-2.0
/* The address that a client asked, on sockets bound to no address: it must also be the one that answers. */
#include "net/udp_internal.h"

#include <string.h>

static bool link_local(const struct net_addr *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->v6.sin6_addr);
}

/* For a broadcast, spec_dst is the interface's own address. */
static void read_v4(const struct in_pktinfo *p, struct udp_return *r)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = r->local.v4.sin_port};

	at.sin_addr = p->ipi_spec_dst;
	r->local = (struct net_addr){.v4 = at};
}

/* The interface matters only where the same address may exist on several.  A multicast address cannot
 * answer: then the kernel chooses. */
static void read_v6(const struct in6_pktinfo *p, struct udp_return *r)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = r->local.v6.sin6_port};

	at.sin6_addr = p->ipi6_addr;
	r->local = (struct net_addr){.v6 = at};
	if (IN6_IS_ADDR_MULTICAST(&p->ipi6_addr))
		r->local.v6.sin6_addr = in6addr_any;
	if (link_local(&r->local) || link_local(&r->peer)) {
		r->ifindex = p->ipi6_ifindex;
		if (link_local(&r->local))
			r->local.v6.sin6_scope_id = p->ipi6_ifindex;
	}
}

void udp_control_read(struct msghdr *m, struct udp_return *r)
{
	r->ifindex = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo p;

			memcpy(&p, CMSG_DATA(c), sizeof(p));
			read_v4(&p, r);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo p;

			memcpy(&p, CMSG_DATA(c), sizeof(p));
			read_v6(&p, r);
		}
	}
}

/* IPV6_PKTINFO with a v4-mapped address is what Linux takes for IPv4 answers of a dual-stack socket.  The
 * length leaves out CMSG_SPACE's padding: so it fits the kernel's buffer on the stack (a header and 20
 * bytes) and no memory is allocated for it. */
size_t udp_control_write(struct udp_control *c, const struct udp_return *to)
{
	struct cmsghdr *h = (void *)c->bytes;

	if (to->local.sa.sa_family == AF_INET) {
		struct in_pktinfo p = {.ipi_spec_dst = to->local.v4.sin_addr};

		*h = (struct cmsghdr){CMSG_LEN(sizeof(p)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(h), &p, sizeof(p));
		return CMSG_LEN(sizeof(p));
	}
	struct in6_pktinfo p = {.ipi6_addr = to->local.v6.sin6_addr, .ipi6_ifindex = to->ifindex};

	*h = (struct cmsghdr){CMSG_LEN(sizeof(p)), IPPROTO_IPV6, IPV6_PKTINFO};
	memcpy(CMSG_DATA(h), &p, sizeof(p));
	return CMSG_LEN(sizeof(p));
}
