// SPDX-License-Identifier: Apache-2.0
/* Objects in protobuf: the few fields that are kept, by the numbers of Kubernetes' generated.proto files
 * (apimachinery meta/v1, api core/v1, api discovery/v1), which are frozen. */
#include "kube/decode.h"

#include "kube/proto.h"

#include <errno.h>
#include <string.h>

enum { /* ObjectMeta */
       META_NAME = 1,
       META_NAMESPACE = 3,
       META_VERSION = 6,
       META_DELETION = 9,
       META_LABELS = 11,
       META_ANNOTATIONS = 12,
};
enum { OBJECT_META = 1, OBJECT_SPEC = 2, OBJECT_STATUS = 3 };
enum {
	SPEC_PORTS = 1,
	SPEC_CLUSTER_IP = 3,
	SPEC_TYPE = 4,
	SPEC_EXTERNAL_IPS = 5,
	SPEC_EXTERNAL_NAME = 10,
	SPEC_CLUSTER_IPS = 18
};
enum { PORT_NAME = 1, PORT_PROTOCOL = 2, PORT_NUMBER = 3 }; /* ServicePort and EndpointPort */
enum { STATUS_LOAD_BALANCER = 1, BALANCER_INGRESS = 1, INGRESS_IP = 1, INGRESS_HOSTNAME = 2 };
enum { SLICE_ENDPOINTS = 2, SLICE_PORTS = 3 };
enum {
	ENDPOINT_ADDRESSES = 1,
	ENDPOINT_CONDITIONS = 2,
	ENDPOINT_HOSTNAME = 3,
	ENDPOINT_TARGET = 4,
	ENDPOINT_ZONE = 7
};
enum { CONDITION_READY = 1, TARGET_NAME = 3 };
enum { POD_IP = 6 };
enum { MAP_KEY = 1, MAP_VALUE = 2 };
enum { API_MESSAGE = 3, API_REASON = 4, API_DETAILS = 5, API_CODE = 6, DETAILS_RETRY_AFTER = 5 }; /* Status */

static struct kube_str text(const struct proto_field *f)
{
	if (!f->is_bytes || f->len > UINT32_MAX)
		return (struct kube_str){NULL, 0};
	return (struct kube_str){(const char *)f->data, (uint32_t)f->len};
}

static int end_of(const struct proto_reader *r)
{
	return r->failed ? -EBADMSG : 0;
}

static int read_map_entry(const struct proto_field *entry, struct kube_str *key, struct kube_str *value)
{
	struct proto_reader r = proto_reader(entry->data, entry->len);
	struct proto_field f;

	*key = *value = (struct kube_str){NULL, 0};
	while (proto_next(&r, &f)) {
		if (f.number == MAP_KEY)
			*key = text(&f);
		else if (f.number == MAP_VALUE)
			*value = text(&f);
	}
	return end_of(&r);
}

/* ---------------------------------------------------------------- metadata */

static int read_label(const struct kube_decoder *d, const struct proto_field *entry, struct kube_object *o,
		      struct kube_label *labels)
{
	struct kube_str key, value;
	int err = read_map_entry(entry, &key, &value);

	if (err)
		return err;
	kube_decode_label(d, key, value, o);
	if (labels)
		labels[o->n_labels++] = (struct kube_label){key, value};
	return 0;
}

static int read_annotation(const struct proto_field *entry, struct kube_object *o)
{
	struct kube_str key, value;
	int err = read_map_entry(entry, &key, &value);

	if (!err)
		kube_decode_annotation(key, value, o);
	return err;
}

static int read_meta_field(const struct kube_decoder *d, const struct proto_field *f, struct kube_object *o,
			   struct kube_label *labels)
{
	switch (f->number) {
	case META_NAME:
		o->name = text(f);
		return 0;
	case META_NAMESPACE:
		o->ns = text(f);
		return 0;
	case META_VERSION:
		o->version = kube_version_parse(text(f));
		return 0;
	case META_DELETION:
		o->deleting = true;
		return 0;
	case META_LABELS:
		return f->is_bytes ? read_label(d, f, o, labels) : -EBADMSG;
	case META_ANNOTATIONS:
		return f->is_bytes ? read_annotation(f, o) : -EBADMSG;
	default:
		return 0;
	}
}

static int read_meta(struct kube_decoder *d, const struct proto_field *meta, struct kube_object *o)
{
	struct proto_reader r = proto_reader(meta->data, meta->len);
	struct kube_label *labels = NULL;
	struct proto_field f;
	size_t n;
	int err = 0;

	if (d->kind == KUBE_POD && d->keep & KUBE_KEEP_POD_META && !d->metadata_only) {
		n = proto_count(meta->data, meta->len, META_LABELS);
		labels = arena_alloc(&d->arena, (n + 1) * sizeof(*labels));
		if (!labels)
			return -ENOMEM;
		o->labels = labels;
		o->n_labels = 0;
	}
	while (!err && proto_next(&r, &f))
		err = read_meta_field(d, &f, o, labels);
	return err ? err : end_of(&r);
}

/* ---------------------------------------------------------------- ports */

static int read_port(const struct proto_field *field, struct kube_port *ret)
{
	struct proto_reader r = proto_reader(field->data, field->len);
	struct kube_str name = {NULL, 0}, proto = {NULL, 0};
	struct proto_field f;

	*ret = (struct kube_port){.pseudo = true, .port = UINT16_MAX};
	while (proto_next(&r, &f)) {
		if (f.number == PORT_NAME)
			name = text(&f);
		else if (f.number == PORT_PROTOCOL)
			proto = text(&f);
		else if (f.number == PORT_NUMBER && !f.is_bytes && f.value <= UINT16_MAX) {
			ret->port = (uint16_t)f.value;
			ret->pseudo = false;
		}
	}
	ret->name = name.s;
	ret->name_len = name.len <= UINT8_MAX ? (uint8_t)name.len : 0;
	ret->proto = kube_proto_parse(proto);
	return end_of(&r);
}

/* All fields `number` of the message are ports. */
static int read_ports(struct kube_decoder *d, const uint8_t *data, size_t len, uint32_t number,
		      struct kube_object *o)
{
	struct proto_reader r = proto_reader(data, len);
	struct kube_port *ports =
		arena_alloc(&d->arena, (proto_count(data, len, number) + 1) * sizeof(*ports));
	struct proto_field f;
	int err = 0;

	if (!ports)
		return -ENOMEM;
	o->ports = ports;
	o->n_ports = 0;
	while (!err && proto_next(&r, &f)) {
		if (f.number == number && f.is_bytes)
			err = read_port(&f, &ports[o->n_ports++]);
	}
	return err ? err : end_of(&r);
}

/* ---------------------------------------------------------------- services */

static int read_spec(struct kube_decoder *d, const struct proto_field *spec, struct kube_object *o)
{
	size_t n_ips = proto_count(spec->data, spec->len, SPEC_CLUSTER_IPS);
	size_t n_ext = proto_count(spec->data, spec->len, SPEC_EXTERNAL_IPS);
	struct kube_str *texts = arena_alloc(&d->arena, (n_ips + 1) * sizeof(*texts));
	struct kube_addr *ips = arena_alloc(&d->arena, (n_ips + 1) * sizeof(*ips));
	struct kube_addr *ext = arena_alloc(&d->arena, (n_ext + 1) * sizeof(*ext));
	struct proto_reader r = proto_reader(spec->data, spec->len);
	struct kube_str first = {NULL, 0}, type = {NULL, 0};
	struct proto_field f;
	size_t n = 0, m = 0;

	if (!texts || !ips || !ext)
		return -ENOMEM;
	while (proto_next(&r, &f)) {
		if (f.number == SPEC_CLUSTER_IP)
			first = text(&f);
		else if (f.number == SPEC_TYPE)
			type = text(&f);
		else if (f.number == SPEC_EXTERNAL_NAME)
			o->external_name = text(&f);
		else if (f.number == SPEC_CLUSTER_IPS && f.is_bytes)
			texts[n++] = text(&f);
		else if (f.number == SPEC_EXTERNAL_IPS && f.is_bytes)
			ext[m++] = kube_addr_parse((const char *)f.data, f.len);
	}
	if (!n && first.len)
		texts[n++] = first;
	kube_decode_cluster_ips(o, type, texts, n, ips);
	o->externals = ext;
	o->n_externals = m;
	return r.failed ? -EBADMSG : read_ports(d, spec->data, spec->len, SPEC_PORTS, o);
}

static int read_ingress(const struct proto_field *ingress, struct kube_addr *ret)
{
	struct proto_reader r = proto_reader(ingress->data, ingress->len);
	struct kube_str ip = {NULL, 0}, host = {NULL, 0};
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == INGRESS_IP)
			ip = text(&f);
		else if (f.number == INGRESS_HOSTNAME)
			host = text(&f);
	}
	*ret = ip.len ? kube_addr_parse(ip.s, ip.len) : kube_addr_parse(host.s, host.len);
	return end_of(&r);
}

/* Behind the externalIPs, which the spec, read before, has brought. */
static int read_balancer(struct kube_decoder *d, const struct proto_field *balancer, struct kube_object *o)
{
	size_t n = proto_count(balancer->data, balancer->len, BALANCER_INGRESS);
	struct kube_addr *all = arena_alloc(&d->arena, (o->n_externals + n + 1) * sizeof(*all));
	struct proto_reader r = proto_reader(balancer->data, balancer->len);
	struct proto_field f;
	int err = 0;

	if (!all)
		return -ENOMEM;
	if (o->n_externals)
		memcpy(all, o->externals, o->n_externals * sizeof(*all));
	o->externals = all;
	while (!err && proto_next(&r, &f)) {
		if (f.number != BALANCER_INGRESS || !f.is_bytes)
			continue;
		err = read_ingress(&f, &all[o->n_externals]);
		o->n_externals += all[o->n_externals].len || all[o->n_externals].host.len;
	}
	return err ? err : end_of(&r);
}

static int read_service_status(struct kube_decoder *d, const struct proto_field *status,
			       struct kube_object *o)
{
	struct proto_reader r = proto_reader(status->data, status->len);
	struct proto_field f;
	int err = 0;

	while (!err && proto_next(&r, &f)) {
		if (f.number == STATUS_LOAD_BALANCER && f.is_bytes)
			err = read_balancer(d, &f, o);
	}
	return err ? err : end_of(&r);
}

/* ---------------------------------------------------------------- slices */

static int read_ready(const struct proto_field *conditions, struct kube_object_endpoint *ret)
{
	struct proto_reader r = proto_reader(conditions->data, conditions->len);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == CONDITION_READY && !f.is_bytes)
			ret->not_ready = !f.value;
	}
	return end_of(&r);
}

static int read_target(const struct proto_field *target, struct kube_object_endpoint *ret)
{
	struct proto_reader r = proto_reader(target->data, target->len);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == TARGET_NAME)
			ret->pod = text(&f);
	}
	return end_of(&r);
}

static int read_endpoint(struct kube_decoder *d, const struct proto_field *endpoint,
			 struct kube_object_endpoint *ret)
{
	size_t n = proto_count(endpoint->data, endpoint->len, ENDPOINT_ADDRESSES);
	struct kube_addr *addrs = arena_alloc(&d->arena, (n + 1) * sizeof(*addrs));
	struct proto_reader r = proto_reader(endpoint->data, endpoint->len);
	struct proto_field f;
	int err = addrs ? 0 : -ENOMEM;

	*ret = (struct kube_object_endpoint){.addrs = addrs};
	while (!err && proto_next(&r, &f)) {
		if (f.number == ENDPOINT_HOSTNAME)
			ret->hostname = text(&f);
		else if (f.number == ENDPOINT_ZONE)
			ret->zone = text(&f);
		else if (f.number == ENDPOINT_ADDRESSES && f.is_bytes)
			addrs[ret->n_addrs++] = kube_addr_parse((const char *)f.data, f.len);
		else if (f.number == ENDPOINT_CONDITIONS && f.is_bytes)
			err = read_ready(&f, ret);
		else if (f.number == ENDPOINT_TARGET && f.is_bytes)
			err = read_target(&f, ret);
	}
	return err ? err : end_of(&r);
}

static int read_slice(struct kube_decoder *d, const uint8_t *data, size_t len, struct kube_object *o)
{
	size_t n = proto_count(data, len, SLICE_ENDPOINTS);
	struct kube_object_endpoint *endpoints = arena_alloc(&d->arena, (n + 1) * sizeof(*endpoints));
	struct proto_reader r = proto_reader(data, len);
	struct proto_field f;
	int err = endpoints ? 0 : -ENOMEM;

	o->endpoints = endpoints;
	o->n_endpoints = 0;
	while (!err && proto_next(&r, &f)) {
		if (f.number == SLICE_ENDPOINTS && f.is_bytes)
			err = read_endpoint(d, &f, &endpoints[o->n_endpoints++]);
	}
	return err ? err : read_ports(d, data, len, SLICE_PORTS, o);
}

/* ---------------------------------------------------------------- pods */

static int read_pod_status(const struct proto_field *status, struct kube_object *o)
{
	struct proto_reader r = proto_reader(status->data, status->len);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == POD_IP && f.is_bytes)
			o->pod_ip = kube_addr_parse((const char *)f.data, f.len);
	}
	return end_of(&r);
}

/* ---------------------------------------------------------------- objects */

static int read_part(struct kube_decoder *d, const struct proto_field *f, struct kube_object *o)
{
	bool service = d->kind == KUBE_SERVICE;

	if (!f->is_bytes)
		return 0;
	if (f->number == OBJECT_META)
		return read_meta(d, f, o);
	if (d->metadata_only)
		return 0;
	if (f->number == OBJECT_SPEC && service)
		return read_spec(d, f, o);
	if (f->number == OBJECT_STATUS && service)
		return read_service_status(d, f, o);
	if (f->number == OBJECT_STATUS && d->kind == KUBE_POD)
		return read_pod_status(f, o);
	return 0;
}

int kube_decode_proto(struct kube_decoder *d, const uint8_t *data, size_t len, struct kube_object *ret)
{
	struct proto_reader r = proto_reader(data, len);
	bool slice = d->kind == KUBE_SLICE || d->kind == KUBE_IMPORT_SLICE;
	struct proto_field f;
	int err = 0;

	*ret = (struct kube_object){.kind = d->kind};
	while (!err && proto_next(&r, &f))
		err = read_part(d, &f, ret);
	if (!err)
		err = end_of(&r);
	if (!err && slice && !d->metadata_only)
		err = read_slice(d, data, len, ret);
	return err;
}

/* ---------------------------------------------------------------- Status, bookmarks */

static int read_retry_after(const struct proto_field *details, struct kube_status *ret)
{
	struct proto_reader r = proto_reader(details->data, details->len);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == DETAILS_RETRY_AFTER && !f.is_bytes)
			ret->retry_after_s = f.value < UINT32_MAX ? (uint32_t)f.value : 0;
	}
	return end_of(&r);
}

int kube_decode_status_proto(const uint8_t *data, size_t len, struct kube_status *ret)
{
	struct proto_reader r = proto_reader(data, len);
	struct proto_field f;
	int err = 0;

	*ret = (struct kube_status){0};
	while (!err && proto_next(&r, &f)) {
		if (f.number == API_MESSAGE)
			ret->message = text(&f);
		else if (f.number == API_REASON)
			ret->reason = text(&f);
		else if (f.number == API_CODE && !f.is_bytes)
			ret->code = f.value < 1000 ? (int)f.value : 0;
		else if (f.number == API_DETAILS && f.is_bytes)
			err = read_retry_after(&f, ret);
	}
	return err ? err : end_of(&r);
}

static bool meta_has(const struct proto_field *meta, const char *annotation)
{
	struct proto_reader r = proto_reader(meta->data, meta->len);
	struct kube_str key, value;
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == META_ANNOTATIONS && f.is_bytes && read_map_entry(&f, &key, &value) == 0 &&
		    kube_str_is(key, annotation))
			return kube_str_is(value, "true");
	}
	return false;
}

bool kube_meta_initial_end_proto(const uint8_t *object, size_t len)
{
	struct proto_reader r = proto_reader(object, len);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == OBJECT_META && f.is_bytes)
			return meta_has(&f, KUBE_INITIAL_EVENTS_END);
	}
	return false;
}
