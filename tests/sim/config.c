// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "hostfile.h"
#include "site.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { UNDER_WAY_MS = 30, PACE_MIN = 20 };

struct config configs[CONFIGS_MAX];
unsigned n_configs;

static PRINTF(2, 3) void add(struct config *c, const char *fmt, ...)
{
	size_t len = strlen(c->text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->text + len, sizeof(c->text) - len, fmt, ap); /* the largest one is half as long */
	va_end(ap);
}

bool config_second_port_closed(uint64_t from_ns, uint64_t to_ns)
{
	for (unsigned i = 0; i < n_configs; i++) {
		uint64_t end_ns = i + 1 < n_configs ? configs[i + 1].done_ns : 0;

		if (!configs[i].two_ports && to_ns + UNDER_WAY_MS * NS_PER_MS >= configs[i].begin_ns &&
		    (!end_ns || from_ns <= end_ns))
			return true;
	}
	return false;
}

static void draw_cache(struct config *c)
{
	static const uint32_t ttls[] = {10, 30, 3600};

	c->cache = true;
	c->max_ttl_s = ttls[world_below(3)];
	add(c, "  cache %u {\n", c->max_ttl_s);
	if (world_percent(50)) {
		c->stale_s = 3600;
		c->verify = world_percent(50);
		add(c, "    serve_stale 1h %s\n", c->verify ? "verify" : "immediate");
	}
	if (world_percent(40)) {
		c->prefetch = true;
		add(c, "    prefetch %u 60s %u%%\n", 1 + world_below(3), 10 + world_below(80));
	}
	if (world_percent(15)) {
		c->no_success = world_percent(50);
		c->no_denial = !c->no_success;
		add(c, "    disable %s\n", c->no_success ? "success" : "denial");
	}
	c->servfail_s = 5;
	if (world_percent(30)) {
		c->servfail_s = world_below(20);
		add(c, "    servfail %us\n", c->servfail_s);
	}
	if (world_percent(15)) {
		c->keepttl = true;
		add(c, "    keepttl\n");
	}
	add(c, "  }\n");
}

static void draw_hosts(struct config *c)
{
	static const unsigned reload_ms[] = {0, 50, 200, 1000, 5000}, ttls[] = {5, 30, 3600};

	c->hosts = true;
	c->hosts_reload_ms = reload_ms[world_below(5)];
	c->hosts_ttl_s = ttls[world_below(3)];
	add(c, "  hosts %s {\n    ttl %u\n    reload %ums\n    fallthrough\n  }\n", hostfile_path(), c->hosts_ttl_s,
	    (unsigned)c->hosts_reload_ms);
}

static void add_group(struct config *c, int group)
{
	static const char *const policies[] = {"random", "round_robin", "sequential"};

	add(c, "  forward .");
	for (unsigned i = 0; i < n_sites; i++) {
		if (sites[i].group == group)
			add(c, " %s", sites[i].text);
	}
	add(c, " {\n    policy %s\n", policies[world_below(3)]);
}

bool config_asks(const struct config *c, int group)
{
	return group == c->group || c->next;
}

static void draw_forward(struct config *c)
{
	add_group(c, c->group);
	if (world_percent(25) && sites[n_sites - 1].group != sites[0].group) {
		c->next = true;
		add(c, "    next SERVFAIL %s\n", world_percent(50) ? "NXDOMAIN" : "REFUSED");
	}
	if (world_percent(10)) {
		c->passthrough = true;
		add(c, "    tc passthrough\n");
	}
	if (world_percent(30)) {
		c->failover = true;
		add(c, "    failover SERVFAIL\n");
	}
	if (world_percent(10)) {
		c->max_concurrent = 2 + world_below(6);
		add(c, "    max_concurrent %u\n", c->max_concurrent);
	}
	if (world_percent(10))
		add(c, "    force_tcp\n");
	else if (world_percent(20))
		add(c, "    prefer_udp\n");
	if (world_percent(10)) {
		c->pace = PACE_MIN + world_below(30);
		add(c, "    pace %u\n", c->pace);
	}
	if (world_percent(15))
		add(c, "    case_randomization\n");
	if (world_percent(40))
		add(c, "    cookie %s\n", world_percent(50) ? "on" : "off");
	if (world_percent(20))
		add(c, "    hedge off\n");
	if (world_percent(20))
		add(c, "    max_fails 0\n");
	if (world_percent(20))
		add(c, "    expire %us\n", 1 + world_below(5));
	add(c, "  }\n");
	if (c->next) {
		add_group(c, !c->group);
		add(c, "  }\n");
	}
}

void config_draw(struct config *c, uint8_t group)
{
	*c = (struct config){.group = group};
	c->two_ports = world_percent(50);
	add(c, ".:%u%s {\n", PORT_ALWAYS, c->two_ports ? " .:5353" : "");
	if (world_percent(25)) {
		c->bufsize = 512 + world_below(1500);
		add(c, "  bufsize %u\n", c->bufsize);
	}
	if (world_percent(75))
		draw_cache(c);
	if (world_percent(30))
		draw_hosts(c);
	draw_forward(c);
	add(c, "}\n");
}
