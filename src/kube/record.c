// SPDX-License-Identifier: Apache-2.0
/* Packing: from a decoded object to the record that is kept.  All numbers in the host's order; nothing is
 * aligned.
 *
 *   service   ip4 4*n, ip6 16*n, ports, externals, external name to the end
 *   slice     ip4 4*n, ip6 16*n, ports, [cluster], texts of each address in that order
 *   pod       address, [name, labels]
 *   port      number 2, protocol 1 (| PSEUDO), name length 1, name
 *   external  4 or 16 and the address; or 0, length 1, host name
 *   text      length 1, bytes */
#include "kube/store_internal.h"

#include "kube/record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTNAME_MAX = 63, POD_NAME_MAX = 63 };

static void put(struct kube_pack *p, const void *data, size_t len)
{
	if (p->len + len > p->cap) {
		size_t cap = (p->len + len) * 2 + 256;
		uint8_t *more = p->failed ? NULL : realloc(p->data, cap);

		if (!more) {
			p->failed = true;
			return;
		}
		p->data = more;
		p->cap = cap;
	}
	if (len)
		memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void put_u8(struct kube_pack *p, size_t n)
{
	uint8_t byte = (uint8_t)n;

	p->failed |= n > UINT8_MAX;
	put(p, &byte, 1);
}

static void put_text(struct kube_pack *p, struct kube_str text)
{
	put_u8(p, text.len);
	put(p, text.s, text.len);
}

static void put_port(struct kube_pack *p, const struct kube_port *port)
{
	put(p, &port->port, sizeof(port->port));
	put_u8(p, port->proto | (port->pseudo ? RECORD_PSEUDO_PORT : 0));
	put_text(p, (struct kube_str){port->name, port->name_len});
}

/* An object without ports has the pseudo port, except a ServiceImport. */
static uint16_t put_ports(struct kube_pack *p, const struct kube_object *o)
{
	static const struct kube_port none = {.pseudo = true, .port = UINT16_MAX, .proto = KUBE_TCP};

	for (size_t i = 0; i < o->n_ports; i++)
		put_port(p, &o->ports[i]);
	p->failed |= o->n_ports > UINT16_MAX;
	if (o->n_ports || o->kind == KUBE_IMPORT)
		return (uint16_t)o->n_ports;
	put_port(p, &none);
	return 1;
}

static size_t put_addrs(struct kube_pack *p, const struct kube_addr *addrs, size_t n, uint8_t len)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (addrs[i].len != len)
			continue;
		put(p, addrs[i].bytes, len);
		found++;
	}
	return found;
}

static void put_external(struct kube_pack *p, const struct kube_addr *a)
{
	put_u8(p, a->len);
	if (a->len)
		put(p, a->bytes, a->len);
	else
		put_text(p, a->host);
}

/* The packed data behind the first `head_len` bytes of a header. */
static void *finish(struct kube_store *s, const void *head, size_t head_len)
{
	uint8_t *record =
		s->pack.failed || s->pack.len > UINT32_MAX / 2 ? NULL : malloc(head_len + s->pack.len);

	if (record)
		memcpy(record, head, head_len);
	if (record && s->pack.len)
		memcpy(record + head_len, s->pack.data, s->pack.len);
	return record;
}

static void start(struct kube_store *s)
{
	s->pack.len = 0;
	s->pack.failed = false;
}

struct kube_service *kube_pack_service(struct kube_store *s, const struct kube_object *o)
{
	struct kube_service h = {.version = o->version, .type = (uint8_t)o->type}, *svc;
	struct kube_pack *p = &s->pack;
	size_t n4, n6;

	start(s);
	n4 = put_addrs(p, o->ips, o->n_ips, 4);
	n6 = put_addrs(p, o->ips, o->n_ips, 16);
	h.n_ip4 = (uint8_t)n4;
	h.n_ip6 = (uint8_t)n6;
	h.first_is_ip6 = o->n_ips && o->ips[0].len == 16;
	h.n_ports = put_ports(p, o);
	h.n_external = (uint16_t)o->n_externals;
	for (size_t i = 0; i < o->n_externals; i++)
		put_external(p, &o->externals[i]);
	put(p, o->external_name.s, o->type == KUBE_EXTERNAL_NAME ? o->external_name.len : 0);
	p->failed |= n4 > UINT8_MAX || n6 > UINT8_MAX || o->n_externals > UINT16_MAX;
	h.data_len = (uint32_t)p->len;
	svc = finish(s, &h, offsetof(struct kube_service, data));
	return svc;
}

/* ---------------------------------------------------------------- slices */

static uint16_t put_endpoints(struct kube_pack *p, const struct kube_object *o, uint8_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_endpoints; i++) {
		if (!o->endpoints[i].not_ready)
			n += put_addrs(p, o->endpoints[i].addrs, o->endpoints[i].n_addrs, len);
	}
	p->failed |= n > UINT16_MAX;
	return (uint16_t)n;
}

static uint8_t texts_of(const struct kube_store *s, const struct kube_object *o)
{
	uint8_t texts = 0;

	for (size_t i = 0; i < o->n_endpoints; i++) {
		const struct kube_object_endpoint *e = &o->endpoints[i];

		if (e->not_ready)
			continue;
		texts |= e->hostname.len ? KUBE_TEXT_HOSTNAME : 0;
		texts |= e->pod.len && s->keep & KUBE_KEEP_POD_NAMES ? KUBE_TEXT_POD : 0;
		texts |= e->zone.len && s->keep & KUBE_KEEP_ZONES ? KUBE_TEXT_ZONE : 0;
	}
	return texts;
}

static void put_lower(struct kube_pack *p, struct kube_str text)
{
	size_t at = p->len + 1;

	put_text(p, text);
	for (size_t i = at; i < p->len && !p->failed; i++)
		p->data[i] = (uint8_t)tolower(p->data[i]);
}

static void put_endpoint_texts(struct kube_pack *p, const struct kube_object_endpoint *e, uint8_t texts)
{
	static const struct kube_str none;

	if (texts & KUBE_TEXT_HOSTNAME)
		put_text(p, e->hostname.len <= HOSTNAME_MAX ? e->hostname : none);
	if (texts & KUBE_TEXT_POD)
		put_text(p, e->pod.len <= POD_NAME_MAX ? e->pod : none);
	if (texts & KUBE_TEXT_ZONE)
		put_lower(p, e->zone);
}

/* For each address of one family, in the order of put_endpoints. */
static void put_texts(struct kube_pack *p, const struct kube_object *o, uint8_t len, uint8_t texts)
{
	for (size_t i = 0; i < o->n_endpoints; i++) {
		const struct kube_object_endpoint *e = &o->endpoints[i];

		for (size_t j = 0; j < e->n_addrs && !e->not_ready; j++) {
			if (e->addrs[j].len == len)
				put_endpoint_texts(p, e, texts);
		}
	}
}

struct kube_slice *kube_pack_slice(struct kube_store *s, const struct kube_object *o)
{
	struct kube_slice h = {.version = o->version, .texts = texts_of(s, o)}, *slice;
	struct kube_pack *p = &s->pack;

	start(s);
	h.n_ip4 = put_endpoints(p, o, 4);
	h.n_ip6 = put_endpoints(p, o, 16);
	h.n_ports = put_ports(p, o);
	if (o->kind == KUBE_IMPORT_SLICE) {
		put_text(p, o->cluster);
		h.texts |= KUBE_OF_IMPORT;
	}
	put_texts(p, o, 4, h.texts);
	put_texts(p, o, 16, h.texts);
	h.data_len = (uint32_t)p->len;
	slice = finish(s, &h, offsetof(struct kube_slice, data));
	return slice;
}

/* ---------------------------------------------------------------- pods */

struct kube_pod *kube_pack_pod(struct kube_store *s, const struct kube_object *o)
{
	struct kube_pod h = {.version = o->version, .addr_len = o->pod_ip.len}, *pod;
	struct kube_pack *p = &s->pack;

	start(s);
	put(p, o->pod_ip.bytes, o->pod_ip.len);
	if (s->keep & KUBE_KEEP_POD_META) {
		put_text(p, o->name);
		for (size_t i = 0; i < o->n_labels; i++) {
			if (o->labels[i].key.len > UINT8_MAX)
				continue; /* 317 bytes are allowed; who uses those goes without */
			put_text(p, o->labels[i].key);
			put_text(p, o->labels[i].value);
		}
	}
	p->failed |= p->len > UINT16_MAX;
	h.data_len = (uint16_t)p->len;
	pod = finish(s, &h, offsetof(struct kube_pod, data));
	return pod;
}

/* ---------------------------------------------------------------- comparisons */

bool kube_service_same(const struct kube_service *a, const struct kube_service *b)
{
	return a->type == b->type && a->first_is_ip6 == b->first_is_ip6 && a->n_ip4 == b->n_ip4 &&
	       a->n_ip6 == b->n_ip6 && a->n_ports == b->n_ports && a->n_external == b->n_external &&
	       a->data_len == b->data_len && memcmp(a->data, b->data, a->data_len) == 0;
}

bool kube_slice_same(const struct kube_slice *a, const struct kube_slice *b)
{
	return a->n_ip4 == b->n_ip4 && a->n_ip6 == b->n_ip6 && a->n_ports == b->n_ports &&
	       a->texts == b->texts && a->data_len == b->data_len &&
	       memcmp(a->data, b->data, a->data_len) == 0;
}

bool kube_pod_same(const struct kube_pod *a, const struct kube_pod *b)
{
	return a->addr_len == b->addr_len && a->data_len == b->data_len &&
	       memcmp(a->data, b->data, a->data_len) == 0;
}
