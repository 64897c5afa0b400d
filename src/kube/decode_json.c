// SPDX-License-Identifier: Apache-2.0
/* Objects in JSON, where the API server gives that (custom resources, servers without protobuf). */
#include "kube/decode.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

static const cJSON *get(const cJSON *json, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json, key);
}

static struct kube_str string_of(const cJSON *json)
{
	const char *s = cJSON_GetStringValue(json);

	return (struct kube_str){s, s ? (uint32_t)strlen(s) : 0};
}

static struct kube_str text(const cJSON *json, const char *key)
{
	return string_of(get(json, key));
}

static void *array(struct kube_decoder *d, const cJSON *json, size_t more, size_t size)
{
	return arena_zalloc(&d->arena, ((size_t)cJSON_GetArraySize(json) + more + 1) * size);
}

/* ---------------------------------------------------------------- metadata */

static int read_labels(struct kube_decoder *d, const cJSON *labels, struct kube_object *o)
{
	bool all = d->kind == KUBE_POD && d->keep & KUBE_KEEP_POD_META && !d->metadata_only;
	struct kube_label *kept = all ? array(d, labels, 0, sizeof(*kept)) : NULL;
	const cJSON *l;

	if (all && !kept)
		return -ENOMEM;
	o->labels = kept;
	cJSON_ArrayForEach(l, labels)
	{
		struct kube_str key = {l->string, l->string ? (uint32_t)strlen(l->string) : 0};

		kube_decode_label(d, key, string_of(l), o);
		if (kept)
			kept[o->n_labels++] = (struct kube_label){key, string_of(l)};
	}
	return 0;
}

static int read_meta(struct kube_decoder *d, const cJSON *meta, struct kube_object *o)
{
	o->name = text(meta, "name");
	o->ns = text(meta, "namespace");
	o->version = kube_version_parse(text(meta, "resourceVersion"));
	o->deleting = text(meta, "deletionTimestamp").len > 0;
	if (o->kind == KUBE_SLICE)
		o->trigger_time = text(get(meta, "annotations"), KUBE_TRIGGER_TIME);
	return read_labels(d, get(meta, "labels"), o);
}

/* ---------------------------------------------------------------- parts */

static void read_port(const cJSON *json, struct kube_port *ret)
{
	const cJSON *number = get(json, "port");
	struct kube_str name = text(json, "name");
	bool has = cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble <= UINT16_MAX;

	*ret = (struct kube_port){.pseudo = !has, .port = has ? (uint16_t)number->valuedouble : UINT16_MAX};
	ret->name = name.s;
	ret->name_len = name.len <= UINT8_MAX ? (uint8_t)name.len : 0;
	ret->proto = kube_proto_parse(text(json, "protocol"));
}

static int read_ports(struct kube_decoder *d, const cJSON *json, struct kube_object *o)
{
	struct kube_port *ports = array(d, json, 0, sizeof(*ports));
	const cJSON *p;

	if (!ports)
		return -ENOMEM;
	o->ports = ports;
	cJSON_ArrayForEach(p, json) read_port(p, &ports[o->n_ports++]);
	return 0;
}

static size_t read_texts(const cJSON *json, struct kube_str *ret)
{
	const cJSON *t;
	size_t n = 0;

	cJSON_ArrayForEach(t, json) ret[n++] = string_of(t);
	return n;
}

static int read_externals(struct kube_decoder *d, const cJSON *ips, const cJSON *ingresses,
			  struct kube_object *o)
{
	struct kube_addr *all = array(d, ips, (size_t)cJSON_GetArraySize(ingresses), sizeof(*all));
	const cJSON *e;

	if (!all)
		return -ENOMEM;
	o->externals = all;
	cJSON_ArrayForEach(e, ips) all[o->n_externals++] = kube_addr_parse(string_of(e).s, string_of(e).len);
	cJSON_ArrayForEach(e, ingresses)
	{
		struct kube_str t = text(e, "ip");

		if (!t.len)
			t = text(e, "hostname");
		all[o->n_externals] = kube_addr_parse(t.s, t.len);
		o->n_externals += t.len > 0;
	}
	return 0;
}

static int read_service(struct kube_decoder *d, const cJSON *json, struct kube_object *o)
{
	const cJSON *spec = get(json, "spec"), *ips = get(spec, "clusterIPs");
	struct kube_str *texts = array(d, ips, 1, sizeof(*texts));
	struct kube_addr *addrs = array(d, ips, 1, sizeof(*addrs));
	size_t n;
	int err;

	if (!texts || !addrs)
		return -ENOMEM;
	n = read_texts(ips, texts);
	if (!n && text(spec, "clusterIP").len)
		texts[n++] = text(spec, "clusterIP");
	kube_decode_cluster_ips(o, text(spec, "type"), texts, n, addrs);
	o->external_name = text(spec, "externalName");
	err = read_externals(d, get(spec, "externalIPs"),
			     get(get(get(json, "status"), "loadBalancer"), "ingress"), o);
	return err ? err : read_ports(d, get(spec, "ports"), o);
}

static int read_import(struct kube_decoder *d, const cJSON *json, struct kube_object *o)
{
	const cJSON *spec = get(json, "spec"), *ips = get(spec, "ips");
	struct kube_str *texts = array(d, ips, 0, sizeof(*texts));
	struct kube_addr *addrs = array(d, ips, 0, sizeof(*addrs));

	if (!texts || !addrs)
		return -ENOMEM;
	kube_decode_cluster_ips(o, (struct kube_str){NULL, 0}, texts, read_texts(ips, texts), addrs);
	o->type = kube_str_is(text(spec, "type"), "Headless") ? KUBE_HEADLESS : KUBE_CLUSTER_IP;
	return read_ports(d, get(spec, "ports"), o);
}

/* ---------------------------------------------------------------- slices */

static int read_endpoint(struct kube_decoder *d, const cJSON *json, struct kube_object_endpoint *ret)
{
	const cJSON *list = get(json, "addresses"), *a;
	struct kube_addr *addrs = array(d, list, 0, sizeof(*addrs));

	if (!addrs)
		return -ENOMEM;
	ret->addrs = addrs;
	cJSON_ArrayForEach(a, list) addrs[ret->n_addrs++] = kube_addr_parse(string_of(a).s, string_of(a).len);
	ret->hostname = text(json, "hostname");
	ret->zone = text(json, "zone");
	ret->pod = text(get(json, "targetRef"), "name");
	ret->not_ready = cJSON_IsFalse(get(get(json, "conditions"), "ready"));
	return 0;
}

static int read_slice(struct kube_decoder *d, const cJSON *json, struct kube_object *o)
{
	const cJSON *list = get(json, "endpoints"), *e;
	struct kube_object_endpoint *endpoints = array(d, list, 0, sizeof(*endpoints));
	int err = 0;

	if (!endpoints)
		return -ENOMEM;
	o->endpoints = endpoints;
	cJSON_ArrayForEach(e, list)
	{
		err = read_endpoint(d, e, &endpoints[o->n_endpoints++]);
		if (err)
			return err;
	}
	return read_ports(d, get(json, "ports"), o);
}

/* ---------------------------------------------------------------- objects */

static int read_parts(struct kube_decoder *d, const cJSON *json, struct kube_object *o)
{
	struct kube_str ip;

	switch (d->kind) {
	case KUBE_SERVICE:
		return read_service(d, json, o);
	case KUBE_IMPORT:
		return read_import(d, json, o);
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		return read_slice(d, json, o);
	case KUBE_POD:
		ip = text(get(json, "status"), "podIP");
		o->pod_ip = kube_addr_parse(ip.s, ip.len);
		return 0;
	case KUBE_NAMESPACE:
	case KUBE_N_KINDS:
		break;
	}
	return 0;
}

int kube_decode_json(struct kube_decoder *d, const cJSON *json, struct kube_object *ret)
{
	int err;

	*ret = (struct kube_object){.kind = d->kind};
	if (!cJSON_IsObject(json))
		return -EBADMSG;
	err = read_meta(d, get(json, "metadata"), ret);
	return err || d->metadata_only ? err : read_parts(d, json, ret);
}

int kube_decode_status_json(const cJSON *json, struct kube_status *ret)
{
	const cJSON *code = get(json, "code"), *after = get(get(json, "details"), "retryAfterSeconds");

	*ret = (struct kube_status){0};
	if (!cJSON_IsObject(json))
		return -EBADMSG;
	if (cJSON_IsNumber(code) && code->valuedouble >= 0 && code->valuedouble < 1000)
		ret->code = code->valueint;
	if (cJSON_IsNumber(after) && after->valuedouble > 0 && after->valuedouble < 86400)
		ret->retry_after_s = (uint32_t)after->valueint;
	ret->reason = text(json, "reason");
	ret->message = text(json, "message");
	return 0;
}

bool kube_meta_initial_end_json(const cJSON *object)
{
	return kube_str_is(text(get(get(object, "metadata"), "annotations"), KUBE_INITIAL_EVENTS_END),
			   "true");
}
