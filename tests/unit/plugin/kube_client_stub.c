// SPDX-License-Identifier: Apache-2.0
/* kube/client.h without an API server: a store that the test fills.  Linked before the real one. */
#include "kube_client_stub.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

struct kube_client {
	struct kube_store *store;
	struct kube_options options;
};

static struct kube_client the_client;
const char *kube_stub_refuses;

struct kube_store *kube_stub_store(void)
{
	return the_client.store;
}

const struct kube_options *kube_stub_options(void)
{
	return &the_client.options;
}

int kube_options_check(const struct kube_options *o, char error[KUBE_ERROR_MAX])
{
	the_client.options = *o;
	if (!kube_stub_refuses)
		return 0;
	snprintf(error, KUBE_ERROR_MAX, "%s", kube_stub_refuses);
	return ERR_SYNTAX;
}

int kube_open(const struct kube_options *o, struct kube_client **ret, char error[KUBE_ERROR_MAX])
{
	unsigned watched = 1u << KUBE_SERVICE | 1u << KUBE_NAMESPACE;

	(void)error;
	if (!o->no_endpoints)
		watched |= 1u << KUBE_SLICE;
	if (o->pods)
		watched |= 1u << KUBE_POD;
	if (o->multicluster)
		watched |= 1u << KUBE_IMPORT | 1u << KUBE_IMPORT_SLICE;
	the_client.options = *o;
	if (!the_client.store)
		the_client.store = kube_store_new(o->keep, watched);
	*ret = &the_client;
	return 0;
}

void kube_close(struct kube_client *c)
{
	if (!c || !c->store)
		return;
	kube_store_free(c->store);
	c->store = NULL;
}

const struct kube_store *kube_client_store(const struct kube_client *c)
{
	return c->store;
}

bool kube_synced(const struct kube_client *c)
{
	return kube_store_all_synced(c->store);
}

bool kube_away(const struct kube_client *c)
{
	return false;
}

uint64_t kube_last_event_s(const struct kube_client *c, enum kube_kind kind)
{
	return 0;
}

struct library *const kube_libraries[] = {NULL};

void kube_run(struct kube_client *c, void (*fn)(void *arg), void *arg)
{
	(void)c;
	fn(arg);
}

/* ---------------------------------------------------------------- objects from text */

enum { WORDS_MAX = 64, PARTS_MAX = 64 };

struct words {
	char buf[4096];
	char *v[WORDS_MAX];
	unsigned n;
};

static void split(struct words *w, const char *text)
{
	char *save;

	snprintf(w->buf, sizeof(w->buf), "%s", text);
	w->n = 0;
	for (char *p = strtok_r(w->buf, " ", &save); p && w->n < WORDS_MAX; p = strtok_r(NULL, " ", &save))
		w->v[w->n++] = p;
}

static struct kube_str str(const char *s)
{
	return (struct kube_str){s, (uint32_t)strlen(s)};
}

/* "http/tcp:80", ":80" (no name), "http:80" (tcp). */
static void add_port(struct kube_port *p, char *text)
{
	char *colon = strrchr(text, ':'), *slash;

	*colon = '\0';
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	*p = (struct kube_port){.name = text, .name_len = (uint8_t)strlen(text), .port = (uint16_t)atoi(colon + 1)};
	if (slash && !strcmp(slash + 1, "udp"))
		p->proto = KUBE_UDP;
}

static void set_name(struct kube_object *o, char *text)
{
	char *slash = strchr(text, '/');

	*slash = '\0';
	o->ns = str(text);
	o->name = str(slash + 1);
}

/* svc NS/NAME [ip=..] [ext=..] [cname=..] [headless] [port=..] */
static void put_service(struct words *w, enum kube_kind kind)
{
	struct kube_addr ips[PARTS_MAX], ext[PARTS_MAX];
	struct kube_port ports[PARTS_MAX];
	struct kube_object o = {.kind = kind, .ips = ips, .externals = ext, .ports = ports};

	set_name(&o, w->v[1]);
	for (unsigned i = 2; i < w->n; i++) {
		char *a = w->v[i];

		if (!strcmp(a, "headless"))
			o.type = KUBE_HEADLESS;
		else if (!strncmp(a, "ip=", 3))
			ips[o.n_ips++] = kube_addr_parse(a + 3, strlen(a + 3));
		else if (!strncmp(a, "ext=", 4))
			ext[o.n_externals++] = kube_addr_parse(a + 4, strlen(a + 4));
		else if (!strncmp(a, "port=", 5))
			add_port(&ports[o.n_ports++], a + 5);
		else if (!strncmp(a, "cname=", 6)) {
			o.type = KUBE_EXTERNAL_NAME;
			o.external_name = str(a + 6);
		}
	}
	kube_store_apply(the_client.store, &o, 1000);
}

/* slice NS/NAME SERVICE [cluster=..] [port=..] [ep=ADDR[,host=..][,pod=..][,zone=..][,down]] */
static void put_slice(struct words *w, enum kube_kind kind)
{
	struct kube_object_endpoint eps[PARTS_MAX];
	struct kube_addr addrs[PARTS_MAX];
	struct kube_port ports[PARTS_MAX];
	struct kube_object o = {.kind = kind, .endpoints = eps, .ports = ports, .service = str(w->v[2])};

	set_name(&o, w->v[1]);
	if (!strcmp(w->v[2], "-"))
		o.service = (struct kube_str){NULL, 0};
	for (unsigned i = 3; i < w->n; i++) {
		char *a = w->v[i], *save;

		if (!strncmp(a, "port=", 5)) {
			add_port(&ports[o.n_ports++], a + 5);
			continue;
		}
		if (!strncmp(a, "cluster=", 8)) {
			o.cluster = str(a + 8);
			continue;
		}
		struct kube_object_endpoint *e = &eps[o.n_endpoints];
		char *p = strtok_r(a + 3, ",", &save);

		addrs[o.n_endpoints] = kube_addr_parse(p, strlen(p));
		*e = (struct kube_object_endpoint){.addrs = &addrs[o.n_endpoints++], .n_addrs = 1};
		while ((p = strtok_r(NULL, ",", &save))) {
			if (!strncmp(p, "host=", 5))
				e->hostname = str(p + 5);
			else if (!strncmp(p, "pod=", 4))
				e->pod = str(p + 4);
			else if (!strncmp(p, "zone=", 5))
				e->zone = str(p + 5);
			else
				e->not_ready = true;
		}
	}
	kube_store_apply(the_client.store, &o, 1000);
}

/* pod NS/NAME ADDR [KEY=VALUE]... */
static void put_pod(struct words *w)
{
	struct kube_label labels[PARTS_MAX];
	struct kube_object o = {.kind = KUBE_POD, .labels = labels};

	set_name(&o, w->v[1]);
	o.pod_ip = kube_addr_parse(w->v[2], strlen(w->v[2]));
	for (unsigned i = 3; i < w->n; i++) {
		char *eq = strchr(w->v[i], '=');

		*eq = '\0';
		labels[o.n_labels++] = (struct kube_label){str(w->v[i]), str(eq + 1)};
	}
	kube_store_apply(the_client.store, &o, 1000);
}

void kube_stub_put(const char *text)
{
	struct words w;
	struct kube_object ns = {.kind = KUBE_NAMESPACE};

	split(&w, text);
	if (!strcmp(w.v[0], "ns")) {
		ns.name = str(w.v[1]);
		kube_store_apply(the_client.store, &ns, 1000);
	} else if (!strcmp(w.v[0], "svc")) {
		put_service(&w, KUBE_SERVICE);
	} else if (!strcmp(w.v[0], "import")) {
		put_service(&w, KUBE_IMPORT);
	} else if (!strcmp(w.v[0], "slice")) {
		put_slice(&w, KUBE_SLICE);
	} else if (!strcmp(w.v[0], "import-slice")) {
		put_slice(&w, KUBE_IMPORT_SLICE);
	} else {
		put_pod(&w);
	}
}

void kube_stub_sync(void)
{
	for (int k = 0; k < KUBE_N_KINDS; k++)
		kube_store_set_synced(the_client.store, (enum kube_kind)k);
}
