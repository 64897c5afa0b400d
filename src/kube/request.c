// SPDX-License-Identifier: Apache-2.0
/* What is asked of the API server: paths, selectors, media types. */
#include "kube/client_internal.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static const char *base_path(enum kube_kind kind)
{
	static const char *const paths[] = {
		"/api/v1/services",
		"/apis/discovery.k8s.io/v1/endpointslices",
		"/api/v1/namespaces",
		"/api/v1/pods",
		"/apis/multicluster.x-k8s.io/v1alpha1/serviceimports",
		"/apis/discovery.k8s.io/v1/endpointslices",
	};

	return paths[kind];
}

/* Text that grows in a buffer; too long: ok is false. */
struct text {
	char *at, *end;
	bool ok;
};

PRINTF(2, 3) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, (size_t)(t->end - t->at), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= t->end - t->at)
		t->ok = false;
	else
		t->at += n;
}

static void add_escaped(struct text *t, const char *name, const char *value)
{
	char *escaped = kube_http_escape(value);

	if (escaped)
		add(t, "&%s=%s", name, escaped);
	t->ok &= escaped != NULL;
	free(escaped);
}

/* The label selector of a kind, "" for none. */
static void label_selector(const struct kube_options *o, enum kube_kind kind, char *ret, size_t cap)
{
	const char *labels = o->labels ? o->labels : "";

	if (kind == KUBE_NAMESPACE || kind == KUBE_IMPORT)
		snprintf(ret, cap, "%s", o->namespace_labels ? o->namespace_labels : "");
	else if (kind == KUBE_IMPORT_SLICE)
		snprintf(ret, cap, "%s%s" KUBE_LABEL_MCS_SERVICE, labels, *labels ? "," : "");
	else
		snprintf(ret, cap, "%s", labels);
}

static void add_selectors(struct text *t, const struct kube_watch *w)
{
	char selector[2048];

	label_selector(&w->client->options, w->kind, selector, sizeof(selector));
	if (*selector)
		add_escaped(t, "labelSelector", selector);
	if (w->kind == KUBE_POD)
		add_escaped(t, "fieldSelector",
			    "status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown");
}

static unsigned watch_timeout_s(void)
{
	return WATCH_TIMEOUT_MIN_S + rng_below(&kube_loop.rng, WATCH_TIMEOUT_MIN_S);
}

bool kube_watch_path(const struct kube_watch *w, char *path, size_t cap)
{
	struct text t = {path, path + cap, true};
	bool have = w->version && !w->consistent;

	switch (w->state) {
	case WATCH_STREAMED_LIST:
		add(&t,
		    "%s?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch="
		    "NotOlderThan"
		    "&timeoutSeconds=%u",
		    base_path(w->kind), watch_timeout_s());
		if (have)
			add(&t, "&resourceVersion=%llu", (unsigned long long)w->version);
		break;
	case WATCH_PAGED_LIST:
		add(&t, "%s?limit=%d", base_path(w->kind), PAGE_LIMIT);
		if (w->next)
			add_escaped(&t, "continue", w->next);
		else if (!w->consistent)
			add(&t, "&resourceVersion=%llu", (unsigned long long)w->version);
		break;
	case WATCH_FOLLOWING:
	case WATCH_WAITING:
		add(&t, "%s?watch=true&allowWatchBookmarks=true&resourceVersion=%llu&timeoutSeconds=%u",
		    base_path(w->kind), (unsigned long long)w->version, watch_timeout_s());
		break;
	}
	add_selectors(&t, w);
	return t.ok;
}

bool kube_check_path(const struct kube_watch *w, char *path, size_t cap)
{
	struct text t = {path, path + cap, true};

	add(&t, "%s?resourceVersion=0", base_path(w->kind));
	add_selectors(&t, w);
	return t.ok;
}

static const char *user_agent(void)
{
	static char agent[200];
	struct utsname u;

	if (!agent[0])
		snprintf(agent, sizeof(agent), "User-Agent: Binnacle/" BINNACLE_VERSION " (linux/%s)",
			 uname(&u) ? "unknown" : u.machine);
	return agent;
}

struct kube_request *kube_client_get(struct kube_client *c, const char *path, const char *accept,
				     const struct kube_request_ops *ops, void *arg)
{
	static char authorization[AUTH_TOKEN_MAX + 64]; /* one thread */
	const char *headers[AUTH_HEADERS_MAX + 4];
	struct kube_request *r;
	size_t n = 0;

	headers[n++] = user_agent();
	headers[n++] = accept;
	headers[n] = kube_auth_header(&c->auth, authorization, sizeof(authorization));
	n += headers[n] != NULL;
	for (size_t i = 0; i < c->auth.n_headers; i++)
		headers[n++] = c->auth.headers[i];
	headers[n] = NULL;
	r = kube_http_get(kube_loop.http, &c->auth.target, path, headers, ops, arg);
	explicit_bzero(authorization, strlen(authorization));
	return r;
}
