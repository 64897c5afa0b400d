// SPDX-License-Identifier: Apache-2.0
#include "kube/decode.h"

#include <string.h>

void kube_decoder_init(struct kube_decoder *d, enum kube_kind kind, unsigned keep)
{
	d->kind = kind;
	d->keep = keep;
	d->metadata_only = false;
	arena_init(&d->arena, d->first, sizeof(d->first), NULL);
}

void kube_decoder_fini(struct kube_decoder *d)
{
	arena_fini(&d->arena);
}

void kube_decoder_reset(struct kube_decoder *d)
{
	arena_fini(&d->arena);
	arena_init(&d->arena, d->first, sizeof(d->first), NULL);
}

uint64_t kube_version_parse(struct kube_str text)
{
	uint64_t n = 0;

	if (text.len > 19)
		return 0;
	for (uint32_t i = 0; i < text.len; i++) {
		if (text.s[i] < '0' || text.s[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(text.s[i] - '0');
	}
	return n;
}

bool kube_str_is(struct kube_str text, const char *other)
{
	return text.len == strlen(other) && memcmp(text.s, other, text.len) == 0;
}

uint8_t kube_proto_parse(struct kube_str text)
{
	if (text.len == 0 || kube_str_is(text, "TCP"))
		return KUBE_TCP;
	if (kube_str_is(text, "UDP"))
		return KUBE_UDP;
	return kube_str_is(text, "SCTP") ? KUBE_SCTP : KUBE_PROTO_OTHER;
}

void kube_decode_label(const struct kube_decoder *d, struct kube_str key, struct kube_str value,
		       struct kube_object *o)
{
	if (d->kind == KUBE_SLICE && kube_str_is(key, KUBE_LABEL_SERVICE))
		o->service = value;
	if (d->kind != KUBE_IMPORT_SLICE)
		return;
	if (kube_str_is(key, KUBE_LABEL_MCS_SERVICE))
		o->service = value;
	if (kube_str_is(key, KUBE_LABEL_MCS_CLUSTER))
		o->cluster = value;
}

void kube_decode_annotation(struct kube_str key, struct kube_str value, struct kube_object *o)
{
	if (o->kind == KUBE_SLICE && kube_str_is(key, KUBE_TRIGGER_TIME))
		o->trigger_time = value;
}

void kube_decode_cluster_ips(struct kube_object *o, struct kube_str type, const struct kube_str *texts,
			     size_t n, struct kube_addr *addrs)
{
	size_t kept = 0;

	if (kube_str_is(type, "ExternalName"))
		o->type = KUBE_EXTERNAL_NAME;
	else if (n && kube_str_is(texts[0], "None"))
		o->type = KUBE_HEADLESS;
	else
		o->type = KUBE_CLUSTER_IP;
	for (size_t i = 0; i < n; i++) {
		addrs[kept] = kube_addr_parse(texts[i].s, texts[i].len);
		kept += addrs[kept].len != 0;
	}
	o->ips = addrs;
	o->n_ips = kept;
}
