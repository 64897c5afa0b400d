// SPDX-License-Identifier: Apache-2.0
/* The resolvers of clouds: what stands in /etc/resolv.conf of their machines unless somebody changed it. */
#include "doctor/cloud.h"

#include "doctor/world.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DNS_PORT = 53, VENDOR_MAX = 100 };

static const struct cloud {
	const char *vendor; /* a word of the firmware's texts */
	const char *name;
	const char *resolvers[2];
} clouds[] = {
	{"amazon", "Amazon", {"169.254.169.253", "fd00:ec2::253"}},
	{"google", "Google", {"169.254.169.254"}},
	{"alibaba", "Alibaba", {"100.100.2.136", "100.100.2.138"}},
};

static const struct cloud *find(const char *vendor)
{
	for (size_t i = 0; i < ARRAY_LEN(clouds); i++) {
		if (strcasestr(vendor, clouds[i].vendor))
			return &clouds[i];
	}
	return NULL;
}

static unsigned add(struct observed_world *w, const struct cloud *c, int *servers, unsigned max)
{
	const char *what = world_printf(w, "upstream (%s's resolver)", c->name);
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_LEN(c->resolvers) && n < max && c->resolvers[i]; i++) {
		struct net_addr addr;
		int server = net_addr_parse(c->resolvers[i], DNS_PORT, &addr)
				     ? -1
				     : world_server(w, OBSERVED_UPSTREAM, &addr, what, NULL);

		if (server >= 0)
			servers[n++] = server;
	}
	return n;
}

unsigned cloud_resolvers_of(struct observed_world *w, const char *vendor, int *servers, unsigned max)
{
	const struct cloud *c = find(vendor);

	return c ? add(w, c, servers, max) : 0;
}

unsigned cloud_resolvers(struct observed_world *w, int *servers, unsigned max)
{
	static const char *const files[] = {"/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/bios_vendor",
					    "/sys/class/dmi/id/product_version"};
	unsigned n = 0;

	if (w->aws && w->in_cluster)
		return add(w, &clouds[0], servers, max);
	for (size_t i = 0; i < ARRAY_LEN(files) && n == 0; i++) {
		char vendor[VENDOR_MAX + 1] = "";
		FILE *f = fopen(files[i], "re");

		if (!f)
			continue;
		if (fgets(vendor, sizeof(vendor), f))
			n = cloud_resolvers_of(w, vendor, servers, max);
		fclose(f);
	}
	return n;
}
