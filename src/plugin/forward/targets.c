// SPDX-License-Identifier: Apache-2.0
/* The TO words: addresses, resolv.conf-style files, host names. */

#include "plugin/forward/forward.h"

#include "base/arena.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "upstream/resolve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TO_MAX = 15, PER_FILE_MAX = 15, PER_HOST_MAX = 16 };

static const char resolv_conf[] = "/etc/resolv.conf", hosts_file[] = "/etc/hosts";

/* What has been gathered. */
struct gathering {
	struct forward_reading *r;
	const struct cf_token *t; /* the word that is read */
	struct upstream_target *targets;
	unsigned n;
	unsigned entries; /* before host names expand: the limit is on these */
	const char *empty_file; /* one without nameservers */
	struct net_addr system[PER_FILE_MAX]; /* the system's resolvers, read once */
	size_t n_system;
	bool system_read;
};

PRINTF(2, 3) static int fail(const struct gathering *g, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a longer message is cut */
	va_end(ap);
	return cf_error(g->r->s->in->errs, g->t->file, g->t->line, "plugin forward: %s", text);
}

/* ---------------------------------------------------------------- words */

static int port_number(const char *text, uint16_t *ret)
{
	unsigned long v;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	v = strtoul(text, &end, 10);
	if (*end || v == 0 || v > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)v;
	return 0;
}

/* Cut "HOST:PORT" or "[HOST]:PORT"; without a port HOST alone.  An IPv6 address without brackets has no port. */
static int split_port(const char *text, char host[256], uint16_t *port)
{
	const char *from = text, *end, *rest;

	if (*text == '[') {
		from++;
		end = strchr(from, ']');
		if (!end)
			return -EINVAL;
		rest = end + 1;
	} else {
		end = strchr(text, ':');
		if (!end || strchr(end + 1, ':'))
			end = text + strlen(text);
		rest = end;
	}
	if (end == from || end - from > 255 || (*rest && *rest != ':'))
		return -EINVAL;
	memcpy(host, from, (size_t)(end - from));
	host[end - from] = '\0';
	return *rest ? port_number(rest + 1, port) : 0;
}

int forward_address(const char *text, uint16_t port, struct net_addr *ret)
{
	char host[256];

	if (split_port(text, host, &port))
		return -EINVAL;
	return net_addr_parse(host, port, ret);
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Strip "dns://"; what other schemes say is refused in its own words. */
static int strip_scheme(const struct gathering *g, const char **text)
{
	const char *rest = strstr(*text, "://");

	if (!rest)
		return 0;
	if (has_prefix(*text, "dns://")) {
		*text = rest + 3;
		return 0;
	}
	if (has_prefix(*text, "https://") && strchr(rest + 3, '/'))
		return fail(g, "\"%.100s\" has a path; the path is always /dns-query and is not given",
			    *text);
	if (has_prefix(*text, "tls://") || has_prefix(*text, "https://"))
		return fail(g, "upstreams over TLS are not in this build yet, found \"%.100s\"", *text);
	return fail(g, "\"%.100s\" has a scheme that is no upstream's; expected dns://", *text);
}

/* ---------------------------------------------------------------- gathering */

static bool known(const struct gathering *g, const struct net_addr *a)
{
	for (unsigned i = 0; i < g->n; i++) {
		if (net_addr_equal(&g->targets[i].addr, a))
			return true;
	}
	return false;
}

static int add(struct gathering *g, const struct net_addr *a)
{
	char text[NET_ADDR_TEXT_MAX];
	struct upstream_target *t = &g->targets[g->n];

	if (known(g, a))
		return 0;
	if (g->n == UPSTREAM_TARGETS_MAX)
		return fail(g, "more than %d addresses", UPSTREAM_TARGETS_MAX);
	*t = (struct upstream_target){.addr = *a};
	t->text = arena_strdup(g->r->s->arena, net_addr_port_text(a, text));
	if (!t->text)
		return fail(g, "out of memory");
	g->n++;
	return 0;
}

static int read_file(const struct gathering *g, const char *path, const char **text, size_t *len)
{
	return cf_source_system.read(cf_source_system.arg, g->r->s->arena, path, text, len);
}

/* 0, ERR_SYNTAX, or -errno when there is no such file. */
static int add_file(struct gathering *g, const char *path)
{
	struct net_addr found[PER_FILE_MAX];
	const char *text;
	size_t len, n;
	int err = read_file(g, path, &text, &len);

	if (err)
		return err;
	n = upstream_resolv_conf(text, len, found, PER_FILE_MAX);
	if (!n)
		g->empty_file = path;
	g->entries += (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		err = add(g, &found[i]);
		if (err)
			return err;
	}
	return 0;
}

static void read_system(struct gathering *g)
{
	const char *text;
	size_t len;

	if (!g->system_read && read_file(g, resolv_conf, &text, &len) == 0)
		g->n_system = upstream_resolv_conf(text, len, g->system, PER_FILE_MAX);
	g->system_read = true;
}

/* `resolver`, or what the system uses: its hosts file, then its name servers. */
static size_t look_up(struct gathering *g, const char *host, uint16_t port, struct net_addr *out,
		      const char **why)
{
	const struct forward_reading *r = g->r;
	const char *text;
	size_t len, n = 0;

	if (r->n_resolvers)
		return upstream_resolve(host, port, r->resolvers, r->n_resolvers, out, PER_HOST_MAX, why);
	if (read_file(g, hosts_file, &text, &len) == 0)
		n = upstream_hosts_file(text, len, host, port, out, PER_HOST_MAX);
	if (n)
		return n;
	read_system(g);
	return upstream_resolve(host, port, g->system, g->n_system, out, PER_HOST_MAX, why);
}

static int add_host(struct gathering *g, const char *text)
{
	struct net_addr found[PER_HOST_MAX];
	const char *why = "no such host";
	uint16_t port = FORWARD_PORT;
	char host[256];
	size_t n;

	if (strchr(text, '/'))
		return fail(g, "file \"%.200s\" cannot be read", text);
	if (split_port(text, host, &port))
		return fail(g, "\"%.100s\" is no address, file or host name", text);
	n = look_up(g, host, port, found, &why);
	if (!n)
		return fail(g, "host name \"%.100s\" cannot be resolved: %s", host, why);
	g->entries++;
	for (size_t i = 0; i < n; i++) {
		int err = add(g, &found[i]);

		if (err)
			return err;
	}
	return 0;
}

static int add_word(struct gathering *g)
{
	const char *text = g->t->text;
	struct net_addr a;
	int err = strip_scheme(g, &text);

	if (err)
		return err;
	if (forward_address(text, FORWARD_PORT, &a) == 0) {
		g->entries++;
		return add(g, &a);
	}
	err = add_file(g, text);
	if (!err || err == ERR_SYNTAX)
		return err;
	return add_host(g, text);
}

/* Files and names may say something else next time, with the same Corefile. */
static void note_targets(const struct gathering *g)
{
	struct setup *s = g->r->s;

	for (unsigned i = 0; i < g->n && s->note_content; i++)
		s->note_content(s, g->targets[i].text, strlen(g->targets[i].text) + 1);
}

int forward_targets(struct forward_reading *r)
{
	struct gathering g = {.r = r, .t = r->to[0]};
	int err = 0;

	g.targets = arena_alloc(r->s->arena, UPSTREAM_TARGETS_MAX * sizeof(*g.targets));
	if (!g.targets)
		return fail(&g, "out of memory");
	for (size_t i = 0; i < r->n_to; i++) {
		g.t = r->to[i];
		if (add_word(&g))
			err = ERR_SYNTAX;
	}
	if (err)
		return err;
	if (g.entries > TO_MAX)
		return fail(&g, "more than %d TO entries, found %u", TO_MAX, g.entries);
	if (!g.n)
		return fail(&g, "\"%.200s\" names no nameserver, and no other TO is given", g.empty_file);
	note_targets(&g);
	r->targets = g.targets;
	r->rule->config.targets = g.targets;
	r->rule->config.n_targets = g.n;
	return 0;
}
