// SPDX-License-Identifier: Apache-2.0
/* The plugin's hooks; the way of a question is drawn in kubernetes.h. */
#include "plugin/kubernetes/kubernetes.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "server/background.h"
#include "server/generation.h"
#include "server/lifecycle.h"
#include "server/runtime.h"
#include "server/trail.h"
#include "server/worker.h"

#include <string.h>
#include <time.h>

static const uint64_t FIRST_WAIT_NS = 250 * NS_PER_MS;

const struct plugin plugin_kubernetes;

const struct kubernetes *k8s_of_block(const struct block *b)
{
	for (size_t i = 0; i < b->n_all; i++) {
		if (b->all[i].plugin == &plugin_kubernetes)
			return b->all[i].state;
	}
	return NULL;
}

/* ---------------------------------------------------------------- life */

static struct kube_options options_of(const struct kubernetes *k)
{
	const struct k8s_settings *set = &k->set;

	return (struct kube_options){
		.endpoint = set->endpoint,
		.cert = set->cert,
		.key = set->key,
		.ca = set->ca,
		.kubeconfig = set->kubeconfig,
		.context = set->context,
		.labels = set->labels,
		.namespace_labels = set->namespace_labels,
		.no_endpoints = set->no_endpoints,
		.pods = set->pods == K8S_PODS_VERIFIED,
		.multicluster = set->has_multicluster,
		.keep = (set->endpoint_pod_names ? KUBE_KEEP_POD_NAMES : 0u) |
			(set->zonal ? KUBE_KEEP_ZONES : 0u) | k8s_metadata_keep(k),
		.qps = set->qps,
		.burst = set->burst,
		.max_inflight = set->max_inflight,
	};
}

static int setup(struct setup *s, void *state)
{
	struct kubernetes *k = state;
	char error[KUBE_ERROR_MAX];
	struct kube_options o;

	k->block = s->block;
	if (k8s_settings_read(s, &k->set))
		return ERR_SYNTAX;
	if (k8s_metadata_setup(k))
		return cf_fail(s->in, "out of memory");
	o = options_of(k);
	if (kube_options_check(&o, error))
		return cf_fail(s->in, "%s", error);
	if (kube_options_run_commands(&o))
		s->gen->commands_by = "kubernetes";
	return 0;
}

/* A generation before serves on, so there is time to read the cluster first.  Without one the other zones
 * shall be served at once, and questions for this one wait (wait.c); the moment that an API server takes
 * which is there is waited for all the same, so that the first questions need not. */
static void wait_for_sync(const struct kubernetes *k)
{
	const struct timespec pause = {.tv_nsec = 5 * NS_PER_MS};
	uint64_t until = k->wait_until_ns, soon = clock_mono_ns() + FIRST_WAIT_NS;

	if (!server_generation() && until > soon)
		until = soon;
	while (!kube_synced(k->client) && clock_mono_ns() < until && !lifecycle_stopping())
		(void)nanosleep(&pause, NULL);
}

static int start(struct generation *gen, void *state)
{
	struct kubernetes *k = state;
	struct kube_options o = options_of(k);
	char error[KUBE_ERROR_MAX];
	int err = kube_open(&o, &k->client, error);

	if (err) {
		log_line(LOG_ERROR, "plugin/kubernetes: %s", error);
		return err;
	}
	k->store = kube_client_store(k->client);
	k->wait_until_ns = clock_mono_ns() + k->set.startup_timeout_ns;
	err = k8s_local_addresses(k);
	if (!err) {
		wait_for_sync(k);
		err = k8s_watch_names_start(k);
	}
	if (err)
		kube_close(k->client);
	else
		k8s_owners_start(k);
	return err;
}

static void stop(void *state)
{
	struct kubernetes *k = state;

	k8s_owners_stop(k);
	background_stop(k->watch_names);
	kube_close(k->client);
	k->client = NULL;
}

static bool ready(const void *state)
{
	const struct kubernetes *k = state;

	return k->client && kube_synced(k->client);
}

/* ---------------------------------------------------------------- answers */

bool k8s_ask_begin(struct k8s_ask *a, const struct kubernetes *k, struct query *q)
{
	for (size_t i = 0; i < k->set.n_zones; i++) {
		const struct k8s_zone *z = &k->set.zones[i];
		int left = k8s_labels_left(&q->in, z->key->zone, z->key->zone_len);

		if (left < 0)
			continue;
		*a = (struct k8s_ask){.k = k, .store = k->store, .q = q, .zone = z};
		a->zone_off = (unsigned)q->in.qname_len - z->key->zone_len;
		k8s_name_read(&q->in, (unsigned)left, z->multicluster, k->set.zonal, &a->name);
		return true;
	}
	return false;
}

static enum k8s_outcome schema_version(struct k8s_ask *a)
{
	static const uint8_t version[] = "\0051.1.0";
	enum { SCHEMA_TTL_S = 28800 };

	if (a->name.kind != K8S_NAME_SCHEMA)
		return k8s_addresses(a);
	reply_begin(a->q, RCODE_NOERROR, true);
	if (reply_add(a->q, SECTION_ANSWER, NULL, TYPE_TXT, SCHEMA_TTL_S, version, sizeof(version) - 1))
		return K8S_NO_MEMORY;
	return K8S_ANSWERED;
}

static enum k8s_outcome look_up(struct k8s_ask *a)
{
	switch (a->q->in.qtype) {
	case TYPE_SRV:
		return k8s_srv_answer(a);
	case TYPE_PTR:
		return k8s_reverse(a);
	case TYPE_TXT:
		return schema_version(a);
	case TYPE_SOA:
		return k8s_soa(a);
	case TYPE_NS:
		return k8s_ns(a);
	default:
		return k8s_addresses(a);
	}
}

static enum step deny(struct k8s_ask *a, unsigned rcode)
{
	struct wire_plain_soa soa = k8s_soa_of(a->k, a->zone);

	return k8s_deny(a->q, rcode, a->zone_off, &soa);
}

static enum step settle(struct k8s_ask *a, enum k8s_outcome o)
{
	const struct kubernetes *k = a->k;

	switch (o) {
	case K8S_ANSWERED:
		return STEP_DONE;
	case K8S_WAITS:
		return STEP_WAIT;
	case K8S_NODATA:
		return deny(a, RCODE_NOERROR);
	case K8S_NO_MEMORY:
		return k8s_out_of_memory(a->q);
	case K8S_UNKNOWN:
	case K8S_NXDOMAIN:
		break;
	}
	if (k->set.has_fallthrough && o == K8S_NXDOMAIN && zone_list_has(&k->set.fallthrough, &a->q->in))
		return STEP_NEXT;
	return deny(a,
		    o == K8S_UNKNOWN || !kube_store_all_synced(a->store) ? RCODE_SERVFAIL : RCODE_NXDOMAIN);
}

/* ---------------------------------------------------------------- hooks */

static void say(struct k8s_ask *a, enum k8s_outcome o)
{
	static const char *const words[] = {
		[K8S_ANSWERED] = "found in the cluster's objects",
		[K8S_NODATA] = "the name is in the cluster, without records of this type",
		[K8S_NXDOMAIN] = "not in the cluster",
		[K8S_WAITS] = "an ExternalName: its target is asked for",
		[K8S_UNKNOWN] = "the cluster has not been read yet",
		[K8S_NO_MEMORY] = "out of query memory",
	};
	bool falls = o == K8S_NXDOMAIN && a->k->set.has_fallthrough && zone_list_has(&a->k->set.fallthrough, &a->q->in);

	trail_say(a->q, "%s%s", words[o], falls ? ": falls through" : "");
}

static enum step answer(struct k8s_ask *a)
{
	enum k8s_outcome o = look_up(a);

	if (unlikely(a->q->has_trail))
		say(a, o);
	return settle(a, o);
}

static void answer_late(struct query *q, void *arg)
{
	struct k8s_ask a;
	enum step s = STEP_NEXT;

	if (k8s_ask_begin(&a, arg, q))
		s = answer(&a);
	if (s != STEP_WAIT)
		query_resume(q, s);
}

/* The same whatever the cluster holds. */
static bool is_fixed(const struct k8s_ask *a)
{
	return a->zone_off == 0 || a->name.kind == K8S_NAME_SCHEMA;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	struct k8s_ask a;

	if (!k8s_ask_begin(&a, state, q)) {
		if (unlikely(q->has_trail))
			trail_say(q, "the name is in none of its zones");
		return STEP_NEXT;
	}
	if (unlikely(q->in.qtype == TYPE_AXFR || q->in.qtype == TYPE_IXFR))
		return query_fail(q, RCODE_REFUSED, EDE_PROHIBITED, "zone transfers are not allowed here",
				  NULL);
	if (unlikely(k8s_unsynced(a.k)) && !is_fixed(&a) &&
	    k8s_wait(scratch, a.k, q, answer_late, (void *)(uintptr_t)a.k))
		return STEP_WAIT;
	return answer(&a);
}

/* Also when a question's time was up while it waited. */
static enum step reply(const void *state, struct query *q, void *scratch)
{
	k8s_wait_end(scratch, q);
	return STEP_NEXT;
}

const struct plugin plugin_kubernetes = {
	.name = "kubernetes",
	.state_size = sizeof(struct kubernetes),
	.query_size = sizeof(struct k8s_wait),
	.libraries = kube_libraries,
	.setup = setup,
	.start = start,
	.stop = stop,
	.query = query,
	.reply = reply,
	.ready = ready,
	.metadata = k8s_metadata,
	.transfer = k8s_transfer,
	.show = k8s_show,
	.makes_answers = true,
};
