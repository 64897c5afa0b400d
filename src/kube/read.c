// SPDX-License-Identifier: Apache-2.0
/* Reading packed records (their form: record.c).  They were packed by us and are trusted. */
#include "kube/store_internal.h"

#include "kube/record.h"

#include <string.h>

/* ---------------------------------------------------------------- ports */

static const uint8_t *skip_ports(struct kube_port_iter it)
{
	while (it.left--)
		it.at += RECORD_PORT_LEN + it.at[3];
	return it.at;
}

const char *kube_proto_text(uint8_t proto)
{
	static const char *const texts[] = {"tcp", "udp", "sctp", ""};

	return texts[proto < KUBE_PROTO_OTHER ? proto : KUBE_PROTO_OTHER];
}

/* ---------------------------------------------------------------- services */

struct kube_external_iter kube_service_externals(const struct kube_service *svc)
{
	return (struct kube_external_iter){skip_ports(kube_service_ports(svc)), svc->n_external};
}

bool kube_external_next(struct kube_external_iter *it, struct kube_external *ret)
{
	if (!it->left)
		return false;
	it->left--;
	*ret = (struct kube_external){.addr_len = it->at[0], .addr = it->at + 1};
	if (ret->addr_len) {
		it->at += 1 + ret->addr_len;
		return true;
	}
	ret->addr = NULL;
	ret->host = (struct kube_str){(const char *)it->at + 2, it->at[1]};
	it->at += 2 + ret->host.len;
	return true;
}

struct kube_str kube_service_external_name(const struct kube_service *svc)
{
	struct kube_external_iter it = kube_service_externals(svc);
	struct kube_external e;

	while (kube_external_next(&it, &e))
		;
	return (struct kube_str){(const char *)it.at, (uint32_t)(svc->data + svc->data_len - it.at)};
}

/* ---------------------------------------------------------------- slices */

struct kube_str kube_slice_cluster(const struct kube_slice *slice)
{
	const uint8_t *at;

	if (!(slice->texts & KUBE_OF_IMPORT))
		return (struct kube_str){NULL, 0};
	at = skip_ports(kube_slice_ports(slice));
	return (struct kube_str){(const char *)at + 1, at[0]};
}

struct kube_endpoint_iter kube_slice_endpoints(const struct kube_slice *slice)
{
	const uint8_t *at = NULL;

	if (slice->texts & ~KUBE_OF_IMPORT) {
		at = skip_ports(kube_slice_ports(slice));
		at += slice->texts & KUBE_OF_IMPORT ? 1 + at[0] : 0;
	}
	return (struct kube_endpoint_iter){slice, at, 0};
}

static struct kube_str text_next(struct kube_endpoint_iter *it, uint8_t which)
{
	struct kube_str text = {NULL, 0};

	if (it->slice->texts & which) {
		text = (struct kube_str){(const char *)it->texts + 1, it->texts[0]};
		it->texts += 1 + text.len;
	}
	return text;
}

void kube_endpoint_texts(struct kube_endpoint_iter *it, struct kube_endpoint *ret)
{
	ret->hostname = text_next(it, KUBE_TEXT_HOSTNAME);
	ret->pod = text_next(it, KUBE_TEXT_POD);
	ret->zone = text_next(it, KUBE_TEXT_ZONE);
}

/* ---------------------------------------------------------------- names */

bool kube_name_has_endpoints(const struct kube_name *n)
{
	for (const struct kube_slice *s = kube_name_slices(n); s; s = kube_slice_next(s)) {
		if (s->n_ip4 || s->n_ip6)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- pods */

const uint8_t *kube_pod_addr(const struct kube_pod *pod)
{
	return pod->data;
}

struct kube_str kube_pod_name(const struct kube_pod *pod)
{
	const uint8_t *at = pod->data + pod->addr_len;

	if (pod->data_len == pod->addr_len)
		return (struct kube_str){NULL, 0};
	return (struct kube_str){(const char *)at + 1, at[0]};
}

struct kube_label_iter kube_pod_labels(const struct kube_pod *pod)
{
	const uint8_t *at = pod->data + pod->addr_len, *end = pod->data + pod->data_len;

	return (struct kube_label_iter){at == end ? end : at + 1 + at[0], end};
}

bool kube_label_next(struct kube_label_iter *it, struct kube_str *ret_key, struct kube_str *ret_value)
{
	if (it->at == it->end)
		return false;
	*ret_key = (struct kube_str){(const char *)it->at + 1, it->at[0]};
	it->at += 1 + it->at[0];
	*ret_value = (struct kube_str){(const char *)it->at + 1, it->at[0]};
	it->at += 1 + it->at[0];
	return true;
}
