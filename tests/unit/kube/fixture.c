// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct kube_str str(const char *text)
{
	return (struct kube_str){text, (uint32_t)(text ? strlen(text) : 0)};
}

struct kube_port port(const char *name, uint16_t number, uint8_t proto)
{
	return (struct kube_port){
		.name = name, .name_len = (uint8_t)strlen(name), .port = number, .proto = proto};
}

struct kube_addr addr(const char *text)
{
	return kube_addr_parse(text, strlen(text));
}

const char *addr_text(const uint8_t *bytes, size_t len)
{
	static char text[INET6_ADDRSTRLEN];

	return inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
}

enum kube_change put_service(struct kube_store *s, const char *ns, const char *name, const char *ip,
			     const char *ip6)
{
	struct kube_port http = port("http", 80, KUBE_TCP);
	struct kube_addr ips[2];
	struct kube_object o = {.kind = KUBE_SERVICE,
				.ns = str(ns),
				.name = str(name),
				.ips = ips,
				.ports = &http,
				.n_ports = 1};

	if (ip && *ip)
		ips[o.n_ips++] = addr(ip);
	if (ip6 && *ip6)
		ips[o.n_ips++] = addr(ip6);
	o.type = o.n_ips ? KUBE_CLUSTER_IP : KUBE_HEADLESS;
	return kube_store_apply(s, &o, NOW_S);
}

enum kube_change put_slice(struct kube_store *s, const char *ns, const char *name, const char *service,
			   const char *ip)
{
	struct kube_port http = port("http", 80, KUBE_TCP);
	struct kube_addr a = addr(ip ? ip : "");
	struct kube_object_endpoint e = {.addrs = &a, .n_addrs = 1};
	struct kube_object o = {.kind = KUBE_SLICE,
				.ns = str(ns),
				.name = str(name),
				.service = str(service),
				.endpoints = &e,
				.n_endpoints = a.len != 0,
				.ports = &http,
				.n_ports = 1};

	return kube_store_apply(s, &o, NOW_S);
}

enum kube_change put_namespace(struct kube_store *s, const char *name)
{
	struct kube_object o = {.kind = KUBE_NAMESPACE, .name = str(name)};

	return kube_store_apply(s, &o, NOW_S);
}

enum kube_change put_pod(struct kube_store *s, const char *ns, const char *name, const char *ip)
{
	struct kube_object o = {.kind = KUBE_POD, .ns = str(ns), .name = str(name), .pod_ip = addr(ip)};

	return kube_store_apply(s, &o, NOW_S);
}

enum kube_change drop(struct kube_store *s, enum kube_kind kind, const char *ns, const char *name)
{
	struct kube_object o = {.kind = kind, .ns = str(ns), .name = str(name)};

	return kube_store_delete(s, &o, NOW_S);
}

const struct kube_name *find_name(const struct kube_store *s, const char *ns, const char *name)
{
	return kube_name_find(s, ns, strlen(ns), name, strlen(name));
}

const char *at_addr(const struct kube_store *s, enum kube_by_addr by, const char *ip)
{
	static char text[600];
	struct kube_addr a = addr(ip);
	struct kube_addr_iter it = kube_addr_find(s, by, a.bytes, a.len);
	const struct kube_name *n = NULL;

	if (by == KUBE_BY_ENDPOINT) {
		const struct kube_slice *slice = kube_addr_next_slice(&it);
		n = slice ? slice->name : NULL;
	} else if (by == KUBE_BY_POD) {
		const struct kube_pod *pod = kube_addr_next_pod(&it);
		snprintf(text, sizeof(text), "%.*s", pod ? pod->ns->name_len : 0, pod ? pod->ns->name : "");
		return text;
	} else {
		n = kube_addr_next_name(&it);
	}
	text[0] = '\0';
	if (n)
		snprintf(text, sizeof(text), "%.*s/%.*s", n->ns->name_len, n->ns->name, n->name_len, n->name);
	return text;
}
