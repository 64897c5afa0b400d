// SPDX-License-Identifier: Apache-2.0
/* The API server's bodies: lists and watches, protobuf and JSON, in chunks, applied to a store.
 * Input: one byte (bits 0-1: form, bits 2-4: kind, bits 5-7: chunks of 4 to that power), then the body.
 * The same body in one piece must do the same to a second store. */
#include "fuzz.h"

#include "base/rcu.h"
#include "kube/stream.h"

#include <string.h>

struct run {
	struct kube_store *store;
	size_t events;
};

static int on_event(void *arg, const struct kube_event *e)
{
	struct run *r = arg;

	r->events++;
	switch (e->type) {
	case KUBE_EVENT_ITEM:
	case KUBE_EVENT_ADDED:
	case KUBE_EVENT_MODIFIED:
		(void)kube_store_apply(r->store, &e->object, 1700000000);
		break;
	case KUBE_EVENT_DELETED:
		(void)kube_store_delete(r->store, &e->object, 1700000000);
		break;
	case KUBE_EVENT_LIST_META:
	case KUBE_EVENT_BOOKMARK:
	case KUBE_EVENT_ERROR:
		break;
	}
	return 0;
}

static int feed(struct run *r, enum kube_kind kind, enum kube_form form, const uint8_t *data, size_t size,
		size_t chunk)
{
	struct kube_stream s;
	int err = 0;

	r->store = kube_store_new(KUBE_KEEP_POD_NAMES | KUBE_KEEP_ZONES | KUBE_KEEP_POD_META, 0);
	r->events = 0;
	kube_stream_init(&s, kind, KUBE_KEEP_POD_NAMES | KUBE_KEEP_ZONES | KUBE_KEEP_POD_META, on_event, r);
	kube_stream_begin(&s, form);
	for (size_t at = 0; at < size && !err; at += chunk)
		err = kube_stream_feed(&s, data + at, size - at < chunk ? size - at : chunk);
	if (!err)
		err = kube_stream_end(&s);
	kube_stream_fini(&s);
	return err;
}

/* Every record can be read to its end. */
static size_t walk(const struct kube_store *s, bool imports)
{
	struct kube_name_iter it = kube_names(s, imports);
	const struct kube_name *n;
	size_t seen = 0;

	while ((n = kube_name_next(&it))) {
		const struct kube_service *svc = kube_name_service(n);
		struct kube_external_iter externals;
		struct kube_external external;
		struct kube_port_iter ports;
		struct kube_port port;

		if (svc) {
			ports = kube_service_ports(svc);
			externals = kube_service_externals(svc);
			while (kube_port_next(&ports, &port))
				seen += port.name_len;
			while (kube_external_next(&externals, &external))
				seen += external.addr_len + external.host.len;
			seen += kube_service_external_name(svc).len;
		}
		for (const struct kube_slice *slice = kube_name_slices(n); slice;
		     slice = kube_slice_next(slice)) {
			struct kube_endpoint_iter endpoints = kube_slice_endpoints(slice);
			struct kube_endpoint e;

			while (kube_endpoint_next(&endpoints, &e))
				seen += e.addr_len + e.hostname.len + e.pod.len + e.zone.len;
			seen += kube_slice_cluster(slice).len;
		}
	}
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	struct run a, b;
	enum kube_form form;
	enum kube_kind kind;
	int err_a, err_b;

	if (size < 1)
		return 0;
	form = (enum kube_form)(data[0] & 3);
	kind = (enum kube_kind)((data[0] >> 2 & 7) % KUBE_N_KINDS);
	err_a = feed(&a, kind, form, data + 1, size - 1, (size_t)1 << (data[0] >> 5) * 2);
	err_b = feed(&b, kind, form, data + 1, size - 1, size);
	FUZZ_CHECK(a.events == b.events && err_a == err_b);
	FUZZ_CHECK(kube_store_bytes(a.store) == kube_store_bytes(b.store));
	FUZZ_CHECK(walk(a.store, false) == walk(b.store, false) &&
		   walk(a.store, true) == walk(b.store, true));
	kube_store_free(a.store);
	kube_store_free(b.store);
	if (++runs % 256 == 0)
		rcu_drain();
	return 0;
}
