// SPDX-License-Identifier: Apache-2.0
#include "doctor/world.h"

#include "wire/name.h"
#include "wire/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53 };

static void *need(void *p)
{
	if (p)
		return p;
	fputs("out of memory\n", stderr);
	exit(3);
}

void world_init(struct observed_world *w, unsigned budget)
{
	*w = (struct observed_world){.budget = budget < WORLD_BUDGET_MAX ? budget : WORLD_BUDGET_MAX};
	w->arena = need(malloc(sizeof(*w->arena)));
	arena_init(w->arena, NULL, 0, NULL);
	w->servers = world_alloc(w, WORLD_SERVERS_MAX * sizeof(w->servers[0]));
	w->seen = world_alloc(w, (w->budget + WORLD_UNASKED_MAX) * sizeof(w->seen[0]));
}

void world_fini(struct observed_world *w)
{
	arena_fini(w->arena);
	free(w->arena);
}

void *world_alloc(struct observed_world *w, size_t size)
{
	return need(arena_zalloc(w->arena, size));
}

const char *world_printf(struct observed_world *w, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return need(arena_strdup(w->arena, text));
}

const uint8_t *world_name(struct observed_world *w, const uint8_t *name)
{
	return need(arena_copy(w->arena, name, wire_name_len(name)));
}

const uint8_t *world_name_of(struct observed_world *w, const char *text)
{
	uint8_t name[WIRE_NAME_MAX];

	return wire_name_from_text(text, name) < 0 ? NULL : world_name(w, name);
}

/* One byte as it is shown; its length. */
static size_t put_safe(char out[8], uint8_t c)
{
	if (c == '\\')
		return (size_t)sprintf(out, "\\\\");
	if (c < ' ' || c > '~')
		return (size_t)sprintf(out, "\\%03u", c);
	out[0] = (char)c;
	return 1;
}

const char *world_safe(struct observed_world *w, const void *bytes, size_t len, size_t max)
{
	const uint8_t *p = bytes;
	char *out = world_alloc(w, max + 8), one[8];
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		size_t n = put_safe(one, p[i]);

		if (at + n > max) {
			memcpy(out + at, "...", 3);
			break;
		}
		memcpy(out + at, one, n);
		at += n;
	}
	return out;
}

const char *world_name_text(struct observed_world *w, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT_MAX];
	size_t len = wire_name_text(name, text);

	if (len > 1)
		text[len - 1] = '\0';
	return need(arena_strdup(w->arena, text));
}

/* ---------------------------------------------------------------- servers and observations */

static int find_same(const struct observed_world *w, const struct net_addr *addr)
{
	for (unsigned i = 0; i < w->n_servers; i++) {
		const struct observed_server *s = &w->servers[i];

		if (s->addr.sa.sa_family != AF_UNSPEC && s->state != SERVER_UNKNOWN && s->same_as < 0 &&
		    net_addr_same_host(&s->addr, addr) && net_addr_port(&s->addr) == net_addr_port(addr))
			return (int)i;
	}
	return -1;
}

static const char *label_of(struct observed_world *w, const struct net_addr *addr, const char *what)
{
	char text[NET_ADDR_TEXT_MAX];

	if (!addr)
		return world_printf(w, "%s", what);
	if (net_addr_port(addr) == DNS_PORT)
		return world_printf(w, "%s %s", what, net_addr_text(addr, text));
	return world_printf(w, "%s %s", what, net_addr_port_text(addr, text));
}

int world_server(struct observed_world *w, enum observed_kind kind, const struct net_addr *addr,
		 const char *what, const char *reason)
{
	struct observed_server *s = &w->servers[w->n_servers];
	int same = addr && !reason ? find_same(w, addr) : -1;

	if (w->n_servers == WORLD_SERVERS_MAX)
		return -1;
	*s = (struct observed_server){
		.kind = kind,
		.label = label_of(w, addr, what),
		.state = reason ? SERVER_UNKNOWN : SERVER_ASKED,
		.reason = reason,
		.same_as = same,
	};
	if (addr)
		s->addr = *addr;
	return (int)w->n_servers++;
}

int world_observation(struct observed_world *w, const struct observation *o)
{
	if (w->n_seen == w->budget + WORLD_UNASKED_MAX)
		return -1;
	w->seen[w->n_seen] = *o;
	return (int)w->n_seen++;
}
