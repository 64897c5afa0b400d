// SPDX-License-Identifier: Apache-2.0
#include "control/startup.h"

#include "base/log.h"
#include "server/generation.h"
#include "server/route.h"
#include "server/runtime.h"
#include "server/server_metrics.h"
#include "wire/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *machine(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
	return "other";
#endif
}

void startup_version(void)
{
	log_plain("Binnacle-" BINNACLE_VERSION);
	log_plain("linux/%s, %s, %s", machine(),
#ifdef __clang__
		  "clang " __clang_version__,
#else
		  "gcc " __VERSION__,
#endif
		  BINNACLE_COMMIT);
}

void startup_build_info(void)
{
	server_metrics_build(BINNACLE_VERSION, BINNACLE_COMMIT,
#ifdef __clang__
			     "clang " __clang_version__
#else
			     "gcc " __VERSION__
#endif
	);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A zone that is not letters, digits and hyphens gets the peer's warning; reverse zones are exempt. */
static bool preferred_syntax(const uint8_t *zone)
{
	static const uint8_t v4[] = "\7in-addr\4arpa", v6[] = "\3ip6\4arpa";

	if (wire_name_in_zone(zone, v4) || wire_name_in_zone(zone, v6))
		return true;
	for (const uint8_t *l = zone; *l; l += *l + 1) {
		for (unsigned i = 1; i <= *l; i++) {
			bool letter = l[i] >= 'a' && l[i] <= 'z', digit = l[i] >= '0' && l[i] <= '9';

			if (!letter && !(i > 1 && digit) && !(l[i] == '-' && i > 1 && i < *l))
				return false;
		}
	}
	return true;
}

static const char *zone_line(struct arena *a, const struct listener *l, const struct zone_entry *z)
{
	char at[NET_ADDR_TEXT_MAX];
	const char *scheme = l->transport == TRANSPORT_DNS ? "" : transport_text(l->transport);
	const char *sep = *scheme ? "://" : "";
	const char *warn = preferred_syntax(z->zone) ? "" : "Warning: Domain does not follow RFC1035 preferred syntax";

	if (l->wildcard)
		return arena_printf(a, "%s%s%s:%u%s%s", scheme, sep, z->text, net_addr_port(&l->at), *warn ? " " : "", warn);
	return arena_printf(a, "%s%s%s:%u on %s%s%s", scheme, sep, z->text, net_addr_port(&l->at),
			    net_addr_text(&l->at, at), *warn ? " " : "", warn);
}

static void list_listener(struct arena *a, const struct listener *l)
{
	const char **lines = arena_alloc(a, l->n_zones * sizeof(*lines));

	for (size_t i = 0; lines && i < l->n_zones; i++) {
		lines[i] = zone_line(a, l, &l->zones[i]);
		if (!lines[i])
			return;
	}
	if (!lines)
		return;
	qsort(lines, l->n_zones, sizeof(*lines), by_text);
	for (size_t i = 0; i < l->n_zones; i++)
		log_plain("%s", lines[i]);
}

void startup_zones(const struct generation *g, bool quiet)
{
	struct arena a;

	if (quiet)
		return;
	arena_init(&a, NULL, 0, NULL);
	for (size_t i = 0; i < g->n_listeners; i++)
		list_listener(&a, &g->listeners[i]);
	arena_fini(&a);
}

static bool uses(const struct generation *g, const struct plugin *p)
{
	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all; k++) {
			if (g->blocks[i].all[k].plugin == p)
				return true;
		}
	}
	return false;
}

/* "errors, cache, forward": in the order in which a query meets them. */
static const char *plugins_text(struct arena *a, const struct generation *g)
{
	const char *text = "none";
	bool first = true;

	for (size_t i = 0; text && i < plugin_table_len; i++) {
		if (!plugin_table[i].plugin || !uses(g, plugin_table[i].plugin))
			continue;
		text = first ? plugin_table[i].name : arena_printf(a, "%s, %s", text, plugin_table[i].name);
		first = false;
	}
	return text ? text : "";
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void startup_summary(const struct generation *g, bool quiet)
{
	size_t n_zones = 0;
	struct arena a;

	if (quiet)
		return;
	startup_version();
	for (size_t i = 0; i < g->n_listeners; i++)
		n_zones += g->listeners[i].n_zones;
	arena_init(&a, NULL, 0, NULL);
	log_line(LOG_INFO, "Serving %zu zone%s on %zu port%s with %u worker%s; plugins: %s", n_zones, plural(n_zones),
		 g->n_listeners, plural(g->n_listeners), server_workers(), plural(server_workers()), plugins_text(&a, g));
	arena_fini(&a);
}

void startup_plugins(void)
{
	const char **names = calloc(plugin_table_len, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < plugin_table_len; i++) {
		if (plugin_table[i].plugin && strcmp(plugin_table[i].name, "on") != 0)
			names[n++] = plugin_table[i].name;
	}
	if (names)
		qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n; i++)
		log_plain("%s", names[i]);
	if (plugin_index("on") >= 0 && plugin_table[plugin_index("on")].plugin)
		log_plain("on");
	free(names);
}
