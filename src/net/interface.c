// SPDX-License-Identifier: Apache-2.0
/* What the machine says of its own addresses. */
#include "net/addr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

static bool take(const struct ifaddrs *i, const char *name, struct net_addr *out)
{
	if (!i->ifa_addr || (name && strcmp(i->ifa_name, name) != 0))
		return false;
	if (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out, i->ifa_addr, i->ifa_addr->sa_family == AF_INET ? sizeof(out->v4) : sizeof(out->v6));
	return true;
}

int net_interface_addrs(const char *name, struct net_addr *out, int max)
{
	struct ifaddrs *all;
	int n = 0;

	if (getifaddrs(&all) == -1)
		return -errno;
	for (const struct ifaddrs *i = all; i && n < max; i = i->ifa_next)
		n += take(i, name, &out[n]);
	freeifaddrs(all);
	return n;
}
