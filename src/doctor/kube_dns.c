// SPDX-License-Identifier: Apache-2.0
#include "doctor/kube_dns.h"

#include "base/text.h"
#include "doctor/api.h"
#include "doctor/discover.h"
#include "doctor/facts.h"

#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53 };

static unsigned put_addresses(struct text *t, const cJSON *list)
{
	unsigned n = 0;

	for (const cJSON *a = api_first(list); a; a = a->next) {
		const char *text = cJSON_GetStringValue(a);
		struct net_addr addr;

		if (!text || discover_address(text, DNS_PORT, &addr))
			continue;
		text_put(t, " %s", text);
		n++;
	}
	return n;
}

/* Domains are words of a Corefile then: nothing else may slip in. */
static bool is_domain(const char *text)
{
	return text && *text &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       strlen(text);
}

static cJSON *parse(const cJSON *data, const char *key)
{
	const char *text = api_text(data, key);

	return text ? cJSON_Parse(text) : NULL;
}

static void put_stub_domains(struct text *t, const cJSON *data)
{
	cJSON *stubs = parse(data, "stubDomains");

	for (const cJSON *s = cJSON_IsObject(stubs) ? stubs->child : NULL; s; s = s->next) {
		if (!is_domain(s->string) || !cJSON_IsArray(s) || !s->child)
			continue;
		text_put(t, "%s {\n    forward .", s->string);
		(void)put_addresses(t, s);
		text_put(t, "\n}\n");
	}
	cJSON_Delete(stubs);
}

void kube_dns_facts(struct observed_world *w, const char *where, const cJSON *data)
{
	cJSON *upstreams = parse(data, "upstreamNameservers");
	struct text t = {0};

	text_put(&t, ". {\n    cache\n    forward .");
	if (put_addresses(&t, cJSON_IsArray(upstreams) ? upstreams : NULL) == 0)
		text_put(&t, " /etc/resolv.conf");
	text_put(&t, "\n}\n");
	put_stub_domains(&t, data);
	if (!t.failed)
		facts_of_corefile(w, COREFILE_CONFIGMAP, where, t.p, t.len);
	free(t.p);
	cJSON_Delete(upstreams);
}
