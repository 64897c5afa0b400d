// SPDX-License-Identifier: Apache-2.0
/* What kube-dns had and how it comes out.  Its answers had a TTL of 30 and pod names without a look at the pods, so
 * the Corefile has both. */
#include "cli/convert_kube_dns.h"

#include "base/err.h"
#include "corefile/corefile.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int kube_dns_init(struct arena *a, struct kube_dns *ret)
{
	*ret = (struct kube_dns){.stubs = arena_zalloc(a, KUBE_DNS_STUBS_MAX * sizeof(*ret->stubs))};
	return ret->stubs ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- what is allowed */

static bool is_address(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = 0;
	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

static bool is_port(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && !s[n] && n <= 5 && atoi(s) >= 1 && atoi(s) <= 65535;
}

/* IP, IP:PORT, [IP]:PORT */
static bool is_server(const char *s)
{
	const char *colon = strrchr(s, ':'), *close = strchr(s, ']');

	if (is_address(s, strlen(s)))
		return true;
	if (*s == '[')
		return close && close + 1 == colon && is_address(s + 1, (size_t)(close - s - 1)) &&
		       is_port(colon + 1);
	return colon && strchr(s, ':') == colon && is_address(s, (size_t)(colon - s)) && is_port(colon + 1);
}

static bool is_label(const char *s, size_t len)
{
	if (!len || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && s[i] != '-')
			return false;
	}
	return true;
}

static bool is_domain(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > 253)
		return false;
	while (*s) {
		len = strcspn(s, ".");
		if (!is_label(s, len))
			return false;
		s += len + (s[len] == '.');
	}
	return true;
}

/* ---------------------------------------------------------------- adding */

int kube_dns_add_upstream(struct kube_dns *k, const char *file, const char *server, struct cf_errors *errs)
{
	if (!is_server(server))
		return cf_error(
			errs, file, 0,
			"upstreamNameservers: found \"%.100s\", expected an IP address, maybe with :PORT",
			server);
	if (k->n_upstreams == KUBE_DNS_UPSTREAMS_MAX)
		return cf_error(errs, file, 0,
				"upstreamNameservers: more than %d; kube-dns takes no more either",
				KUBE_DNS_UPSTREAMS_MAX);
	k->upstreams[k->n_upstreams++] = server;
	return 0;
}

static struct kube_dns_stub *stub_of(struct kube_dns *k, const char *domain)
{
	size_t i = 0;

	while (i < k->n_stubs && strcasecmp(k->stubs[i].domain, domain) != 0)
		i++;
	if (i == KUBE_DNS_STUBS_MAX)
		return NULL;
	if (i == k->n_stubs)
		k->stubs[k->n_stubs++].domain = domain;
	return &k->stubs[i];
}

int kube_dns_add_server(struct kube_dns *k, const char *file, const char *domain, const char *server,
			struct cf_errors *errs)
{
	struct kube_dns_stub *s;

	if (!is_domain(domain))
		return cf_error(errs, file, 0, "stubDomains: found \"%.300s\", expected the name of a domain",
				domain);
	if (!is_server(server))
		return cf_error(
			errs, file, 0,
			"stubDomains: %s: found \"%.100s\", expected an IP address, maybe with :PORT%s",
			domain, server,
			is_domain(server) ? " (kube-dns asked for the address of a name once, at its start; "
					    "write that address)"
					  : "");
	s = stub_of(k, domain);
	if (!s || s->n == KUBE_DNS_SERVERS_MAX)
		return cf_error(errs, file, 0, "stubDomains: %s: more than %d servers or %d domains", domain,
				KUBE_DNS_SERVERS_MAX, KUBE_DNS_STUBS_MAX);
	s->servers[s->n++] = server;
	return 0;
}

/* ---------------------------------------------------------------- writing */

static void print_words(const char *const *words, size_t n, FILE *to)
{
	for (size_t i = 0; i < n; i++)
		fprintf(to, " %s", words[i]);
}

static void print_main(const struct kube_dns *k, FILE *to)
{
	static const char *const arpa[] = {"in-addr.arpa", "ip6.arpa"}, *const host[] = {"/etc/resolv.conf"};

	fprintf(to,
		".:53 {\n    errors\n    health {\n        lameduck 5s\n    }\n    ready\n    kubernetes %s",
		k->domain ? k->domain : "cluster.local");
	print_words(k->n_reverse ? k->reverse : arpa, k->n_reverse ? k->n_reverse : ARRAY_LEN(arpa), to);
	fputs(" {\n        pods insecure\n        fallthrough in-addr.arpa ip6.arpa\n        ttl 30\n    }\n"
	      "    prometheus :9153\n    forward .",
	      to);
	print_words(k->n_upstreams ? k->upstreams : host, k->n_upstreams ? k->n_upstreams : 1, to);
	fputs(" {\n        max_concurrent 1000\n    }\n    cache 30\n    loop\n    reload\n    "
	      "loadbalance\n}\n",
	      to);
}

static void print_stub(const struct kube_dns_stub *s, FILE *to)
{
	fprintf(to, "\n%s:53 {\n    errors\n    cache 30\n    loop\n    forward .", s->domain);
	print_words(s->servers, s->n, to);
	fputs(" {\n        max_concurrent 1000\n    }\n}\n", to);
}

void kube_dns_print(const struct kube_dns *k, FILE *to)
{
	print_main(k, to);
	for (size_t i = 0; i < k->n_stubs; i++)
		print_stub(&k->stubs[i], to);
}
