// SPDX-License-Identifier: Apache-2.0
#include "doctor/discover.h"

#include "doctor/admin_data.h"
#include "doctor/ask.h"
#include "doctor/cloud.h"
#include "doctor/cluster.h"
#include "doctor/facts.h"
#include "doctor/resolv.h"
#include "doctor/run.h"
#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COREFILE_MAX = 1 << 20 };

/* ---------------------------------------------------------------- addresses given */

int discover_address(const char *text, uint16_t port, struct net_addr *ret)
{
	char host[NET_ADDR_TEXT_MAX];
	bool bracket = text[0] == '[';
	const char *end = bracket ? strchr(text, ']') : strchr(text, ':');
	size_t len;
	char *rest;
	unsigned long n;

	if (!net_addr_parse(text, port, ret))
		return 0;
	if (!end)
		return -EINVAL;
	text += bracket;
	len = (size_t)(end - text);
	end += bracket;
	if (len >= sizeof(host) || (*end && *end != ':'))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (*end) {
		n = strtoul(end + 1, &rest, 10);
		if (*rest || rest == end + 1 || n == 0 || n > UINT16_MAX)
			return -EINVAL;
		port = (uint16_t)n;
	}
	return net_addr_parse(host, port, ret);
}

static int add_given(struct observed_world *w, const struct flag_list *list, enum observed_kind kind,
		     const char *what, uint16_t port)
{
	for (unsigned i = 0; i < list->n; i++) {
		struct net_addr addr;

		if (discover_address(list->v[i], port, &addr)) {
			fprintf(stderr,
				"\"%s\" is no address: expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT\n",
				world_safe(w, list->v[i], strlen(list->v[i]), 200));
			return -1;
		}
		if (world_server(w, kind, &addr, what, NULL) < 0) {
			fprintf(stderr, "too many servers\n");
			return -1;
		}
	}
	return 0;
}

static bool is_two_names(const char *text, const char *flag)
{
	const char *slash = text ? strchr(text, '/') : NULL;

	if (!text || (slash && slash != text && slash[1] && !strchr(slash + 1, '/')))
		return true;
	fprintf(stderr, "invalid value for flag -%s: expected NAMESPACE/NAME\n", flag);
	return false;
}

/* ---------------------------------------------------------------- the Corefile */

static int read_corefile(struct observed_world *w, const char *path)
{
	char *text = world_alloc(w, COREFILE_MAX + 1);
	const char *where = world_safe(w, path, strlen(path), 300);
	FILE *f = fopen(path, "re");
	size_t len;

	if (!f) {
		fprintf(stderr, "%s: %s\n", where, strerror(errno));
		return -1;
	}
	len = fread(text, 1, COREFILE_MAX, f);
	fclose(f);
	facts_of_corefile(w, COREFILE_FILE, where, text, len);
	return 0;
}

/* What is known of the upstreams behind a file of the DNS server: those given, a cloud's, or nothing. */
static void find_behind_file(struct observed_world *w, const struct doctor_options *o, unsigned first_given)
{
	const char *path = facts_resolv_path(w);
	int servers[FLAG_LIST_MAX];
	unsigned n = 0;

	for (; path && n < o->upstreams.n; n++)
		servers[n] = (int)(first_given + n);
	if (path && n == 0 && o->status && admin_data_applies(w))
		n = admin_data_upstreams(w, o->status, servers, FLAG_LIST_MAX);
	if (path && n == 0)
		n = cloud_resolvers(w, servers, FLAG_LIST_MAX);
	if (path && n == 0) {
		servers[n++] = world_server(w, OBSERVED_UPSTREAM, NULL,
					    world_printf(w, "upstreams in %s of the DNS server", path),
					    "that file is the DNS server's own, which cannot be read from "
					    "here; name them with --upstream");
	}
	if (path)
		facts_resolv_upstreams(w, servers, n);
}

/* ---------------------------------------------------------------- names */

static const uint8_t *domain_in_search(struct observed_world *w)
{
	static const uint8_t svc[] = "\3svc";

	for (unsigned i = 0; i < w->resolv.n_search; i++) {
		const uint8_t *name = w->resolv.search[i];

		if (wire_name_labels(name) > 1 && memcmp(name, svc, 4) == 0)
			return name + 4;
	}
	return NULL;
}

static const uint8_t *domain_in_corefile(const struct observed_world *w)
{
	for (unsigned i = 0; i < w->corefile.n_blocks; i++) {
		if (w->corefile.blocks[i].n_kubernetes_zones)
			return w->corefile.blocks[i].kubernetes_zones[0];
		if (w->corefile.blocks[i].has_kubernetes && w->corefile.blocks[i].n_zones)
			return w->corefile.blocks[i].zones[0];
	}
	return NULL;
}

static void find_domain(struct observed_world *w)
{
	w->kube.domain = domain_in_search(w);
	if (!w->kube.domain)
		w->kube.domain = domain_in_corefile(w);
	if (!w->kube.domain && w->kube.reached)
		w->kube.domain = world_name_of(w, "cluster.local");
}

static int set_names(struct observed_world *w, const struct doctor_options *o)
{
	w->asked = world_name_of(w, o->name);
	w->asked_text = world_safe(w, o->name, strlen(o->name), 300);
	if (!w->asked) {
		fprintf(stderr, "\"%s\" is no domain name\n", w->asked_text);
		return -1;
	}
	w->asked_absolute = o->name[0] && o->name[strlen(o->name) - 1] == '.';
	resolv_walks(w, o->name);
	return 0;
}

static int set_control(struct observed_world *w, const struct doctor_options *o)
{
	char text[WIRE_NAME_TEXT_MAX + 32];
	char domain[WIRE_NAME_TEXT_MAX];

	if (!o->control && !w->kube.domain)
		return 0;
	if (w->kube.domain)
		wire_name_text(w->kube.domain, domain);
	snprintf(text, sizeof(text), "kubernetes.default.svc.%s", w->kube.domain ? domain : "");
	w->control = world_name_of(w, o->control ? o->control : text);
	if (w->control || !o->control)
		return 0;
	fprintf(stderr, "\"%s\" is no domain name\n", world_safe(w, o->control, strlen(o->control), 300));
	return -1;
}

/* ---------------------------------------------------------------- routes */

/* An address is asked only where there is a way to it. */
static void look_for_routes(struct observed_world *w)
{
	for (unsigned i = 0; i < w->n_servers; i++) {
		struct observed_server *s = &w->servers[i];
		int err = s->same_as < 0 && s->state == SERVER_ASKED ? ask_route(&s->addr) : 0;

		if (err && ask_is_no_route(err)) {
			s->state = SERVER_NO_ROUTE;
			s->reason = world_printf(w, "not reachable from here (%s)", strerror(-err));
		}
	}
	for (unsigned i = 0; i < w->n_servers; i++) {
		struct observed_server *s = &w->servers[i];

		if (s->same_as >= 0 && s->state == SERVER_ASKED) {
			s->state = w->servers[s->same_as].state;
			s->reason = w->servers[s->same_as].reason;
		}
	}
}

/* The cluster's resolver is ours: then we stand where its clients do. */
static void look_where_we_are(struct observed_world *w)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");

	w->in_cluster |= host && *host;
	for (unsigned i = 0; i < w->n_servers; i++) {
		const struct observed_server *s = &w->servers[i];

		if ((s->kind == OBSERVED_SERVICE || s->kind == OBSERVED_POD) && s->same_as >= 0 &&
		    w->servers[s->same_as].kind == OBSERVED_RESOLVER)
			w->in_cluster = true;
	}
}

int discover(struct observed_world *w, const struct doctor_options *o)
{
	unsigned first_upstream;

	if (!is_two_names(o->service, "service") || !is_two_names(o->configmap, "configmap"))
		return -1;
	resolv_load(w, o->resolv_conf, o->port);
	if (set_names(w, o) || add_given(w, &o->servers, OBSERVED_GIVEN, "server", o->port))
		return -1;
	if (!o->no_api)
		cluster_discover(w, o);
	if (add_given(w, &o->pods, OBSERVED_POD, "pod", o->port))
		return -1;
	first_upstream = w->n_servers;
	if (add_given(w, &o->upstreams, OBSERVED_UPSTREAM, "upstream", o->port))
		return -1;
	if (o->corefile && read_corefile(w, o->corefile))
		return -1;
	if (w->corefile.origin == COREFILE_NONE && o->status && admin_data_applies(w))
		admin_data_corefile(w, o->status, o->status_where);
	look_where_we_are(w);
	find_behind_file(w, o, first_upstream);
	find_domain(w);
	if (set_control(w, o))
		return -1;
	if (!o->no_api)
		cluster_look_up_target(w, o);
	look_for_routes(w);
	return 0;
}

/* ---------------------------------------------------------------- afterwards */

static bool was_heard(const struct observed_world *w, int server)
{
	for (int i = -1; (i = observe_find(w, i + 1, server, -1, -1, -1)) >= 0;) {
		enum ask_outcome o = w->seen[i].outcome;

		if (o != OUTCOME_TIMEOUT && o != OUTCOME_UNREACHABLE && o != OUTCOME_NOT_SENT)
			return true;
	}
	return false;
}

void discover_unreached(struct observed_world *w)
{
	bool heard = w->in_cluster;

	for (unsigned i = 0; i < w->n_servers; i++)
		heard |= w->servers[i].from_api && was_heard(w, observe_asked_server(w, (int)i));
	for (unsigned i = 0; i < w->n_servers && !heard; i++) {
		struct observed_server *s = &w->servers[i];

		if (!s->from_api || s->state != SERVER_ASKED)
			continue;
		s->state = SERVER_NO_ROUTE;
		s->reason = "not reachable from here (no word from any address of the cluster, of which this "
			    "machine is no part)";
	}
}
