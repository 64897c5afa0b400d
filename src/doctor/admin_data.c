// SPDX-License-Identifier: Apache-2.0
#include "doctor/admin_data.h"

#include "base/text.h"
#include "doctor/api.h"
#include "doctor/discover.h"
#include "doctor/facts.h"
#include "doctor/world.h"

#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53, TLS_PORT = 853, OWN_MAX = 256 };

bool admin_data_applies(const struct observed_world *w)
{
	struct net_addr own[OWN_MAX];
	int n = net_interface_addrs(NULL, own, OWN_MAX);

	for (unsigned i = 0; i < w->n_servers; i++) {
		const struct observed_server *s = &w->servers[i];

		if (s->kind == OBSERVED_UPSTREAM || s->addr.sa.sa_family == AF_UNSPEC)
			continue;
		if (net_addr_is_loopback(&s->addr))
			return true;
		for (int k = 0; k < n; k++) {
			if (net_addr_same_host(&own[k], &s->addr))
				return true;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- the document */

/* The rules of a block's forward; NULL: it has none. */
static const cJSON *rules_of(const cJSON *block)
{
	for (const cJSON *p = api_first(api_member(block, "plugins")); p; p = p->next) {
		const char *name = api_text(p, "name");

		if (name && strcmp(name, "forward") == 0)
			return api_member(api_member(p, "state"), "rules");
	}
	return NULL;
}

/* A server for "192.0.2.1:53"; -1: no address. */
static int add_upstream(struct observed_world *w, const char *to)
{
	struct net_addr addr;

	if (!to || discover_address(to, DNS_PORT, &addr))
		return -1;
	return world_server(w, OBSERVED_UPSTREAM, &addr, "upstream",
			    net_addr_port(&addr) == TLS_PORT
				    ? "it is asked over TLS, which doctor does not speak"
				    : NULL);
}

unsigned admin_data_upstreams(struct observed_world *w, const char *document, int *servers, unsigned max)
{
	cJSON *doc = cJSON_Parse(document);
	unsigned n = 0;

	for (const cJSON *b = api_first(api_member(doc, "blocks")); b; b = b->next) {
		for (const cJSON *r = api_first(rules_of(b)); r; r = r->next) {
			for (const cJSON *u = api_first(api_member(r, "upstreams")); u && n < max;
			     u = u->next) {
				int server = add_upstream(w, api_text(u, "to"));

				if (server >= 0)
					servers[n++] = server;
			}
		}
	}
	cJSON_Delete(doc);
	return n;
}

/* ---------------------------------------------------------------- a Corefile out of it */

static void put_rule(struct text *t, const cJSON *rule)
{
	const char *from = api_text(rule, "from"), *to;

	text_put(t, "    forward %s", from ? from : ".");
	for (const cJSON *u = api_first(api_member(rule, "upstreams")); u; u = u->next) {
		struct net_addr addr;

		to = api_text(u, "to");
		if (to && !discover_address(to, DNS_PORT, &addr))
			text_put(t, " %s%s", net_addr_port(&addr) == TLS_PORT ? "tls://" : "", to);
	}
	text_put(t, "\n");
}

/* Those that mean the same without their arguments. */
static bool stands_alone(const char *plugin)
{
	return strcmp(plugin, "loop") == 0 || strcmp(plugin, "cache") == 0 || strcmp(plugin, "errors") == 0;
}

static void put_block(struct text *t, const cJSON *block)
{
	for (const cJSON *k = api_first(api_member(block, "keys")); k; k = k->next)
		text_put(t, "%s ", cJSON_GetStringValue(k) ? cJSON_GetStringValue(k) : ".");
	text_put(t, "{\n");
	for (const cJSON *p = api_first(api_member(block, "plugins")); p; p = p->next) {
		const char *name = api_text(p, "name");

		if (name && stands_alone(name))
			text_put(t, "    %s\n", name);
	}
	for (const cJSON *r = api_first(rules_of(block)); r; r = r->next)
		put_rule(t, r);
	text_put(t, "}\n");
}

void admin_data_corefile(struct observed_world *w, const char *document, const char *where)
{
	cJSON *doc = cJSON_Parse(document);
	struct text t = {0};

	for (const cJSON *b = api_first(api_member(doc, "blocks")); b; b = b->next)
		put_block(&t, b);
	if (t.len && !t.failed)
		facts_of_corefile(w, COREFILE_ADMIN, where, t.p, t.len);
	free(t.p);
	cJSON_Delete(doc);
}
