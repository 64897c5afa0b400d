// SPDX-License-Identifier: Apache-2.0
#include "doctor/api.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/library.h"
#include "doctor/run.h"
#include "doctor/world.h"
#include "kube/http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_TEXT_MAX = 600, TURN_MS = 50, FORBIDDEN = 403, OK = 200 };

/* ---------------------------------------------------------------- who we are */

static bool in_pod(void)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");

	return host && *host && access("/var/run/secrets/kubernetes.io/serviceaccount/token", R_OK) == 0;
}

/* The first file of $KUBECONFIG that is there, or ~/.kube/config. */
static const char *usual_kubeconfig(struct observed_world *w)
{
	const char *list = getenv("KUBECONFIG"), *home = getenv("HOME"), *path;

	while (list && *list) {
		size_t len = strcspn(list, ":");

		path = world_printf(w, "%.*s", (int)len, list);
		if (access(path, R_OK) == 0)
			return path;
		list += len + (list[len] == ':');
	}
	path = world_printf(w, "%s/.kube/config", home ? home : "");
	return home && access(path, R_OK) == 0 ? path : NULL;
}

static int choose(struct observed_world *w, const struct doctor_options *o, struct kube_options *ret)
{
	*ret = (struct kube_options){.kubeconfig = o->kubeconfig, .context = o->context};
	if (ret->kubeconfig || in_pod())
		return 0;
	ret->kubeconfig = usual_kubeconfig(w);
	if (ret->kubeconfig)
		return 0;
	w->kube.error = "no service account and no kubeconfig here";
	return -ENOENT;
}

int api_open(struct api *a, struct observed_world *w, const struct doctor_options *o)
{
	struct kube_options options;
	char error[KUBE_ERROR_MAX];
	const char *missing;
	int err = choose(w, o, &options);

	*a = (struct api){.w = w};
	if (err)
		return err;
	if (library_load_all(kube_libraries, &missing)) {
		w->kube.error = world_safe(w, missing, strlen(missing), 300);
		return -ENOENT;
	}
	w->kube.tried = true;
	err = kube_auth_load(&a->auth, &options, error);
	if (err) {
		w->kube.error = world_safe(w, error, strlen(error), 500);
		return err;
	}
	w->kube.where = world_safe(w, a->auth.target.server, strlen(a->auth.target.server), 300);
	a->http = kube_http_new();
	if (a->http)
		return 0;
	w->kube.error = "out of memory";
	return -ENOMEM;
}

void api_close(struct api *a)
{
	if (a->http)
		kube_http_free(a->http);
	kube_auth_fini(&a->auth);
}

/* ---------------------------------------------------------------- one request */

struct request {
	int status, err;
	bool ended;
	char *body;
	size_t len;
	char why[300];
};

static void on_head(void *arg, int status, const char *type, uint32_t retry_after_s)
{
	struct request *r = arg;

	r->status = status;
}

static int on_body(void *arg, const uint8_t *data, size_t len)
{
	struct request *r = arg;
	char *more = len > API_BODY_MAX - r->len ? NULL : realloc(r->body, r->len + len + 1);

	if (!more)
		return -ENOMEM;
	r->body = more;
	memcpy(more + r->len, data, len);
	r->len += len;
	more[r->len] = '\0';
	return 0;
}

static void on_done(void *arg, int err, const char *why)
{
	struct request *r = arg;

	r->ended = true;
	r->err = err;
	snprintf(r->why, sizeof(r->why), "%s", why ? why : err_text(err));
}

/* A program that knows who we are may have to run first. */
static bool wait_for_credentials(struct api *a)
{
	uint64_t until = clock_mono_ns() + API_EXEC_TIMEOUT_MS * NS_PER_MS;

	while (!kube_auth_ready(&a->auth, clock_mono_ns())) {
		struct pollfd fd = {.fd = kube_auth_fd(&a->auth), .events = POLLIN};

		if (clock_mono_ns() > until)
			return false;
		kube_http_turn(a->http, TURN_MS, &fd, fd.fd >= 0);
	}
	return true;
}

static struct kube_request *start(struct api *a, const char *path, struct request *r)
{
	static const struct kube_request_ops ops = {on_head, on_body, on_done};
	static char authorization[AUTH_TOKEN_MAX + 64];
	const char *headers[AUTH_HEADERS_MAX + 4];
	struct kube_request *request;
	size_t n = 0;

	headers[n++] = "User-Agent: Binnacle/" BINNACLE_VERSION " (doctor)";
	headers[n++] = "Accept: application/json";
	headers[n] = kube_auth_header(&a->auth, authorization, sizeof(authorization));
	n += headers[n] != NULL;
	for (size_t i = 0; i < a->auth.n_headers; i++)
		headers[n++] = a->auth.headers[i];
	headers[n] = NULL;
	request = kube_http_get(a->http, &a->auth.target, path, headers, &ops, r);
	explicit_bzero(authorization, sizeof(authorization));
	return request;
}

static void run(struct api *a, const char *path, struct request *r)
{
	uint64_t until = clock_mono_ns() + API_TIMEOUT_MS * NS_PER_MS;
	struct kube_request *request;

	if (!wait_for_credentials(a)) {
		snprintf(r->why, sizeof(r->why), "the program of the kubeconfig gave no credentials");
		r->err = -ETIMEDOUT;
		return;
	}
	request = start(a, path, r);
	while (request && !r->ended && clock_mono_ns() < until)
		kube_http_turn(a->http, TURN_MS, NULL, 0);
	if (r->ended)
		return;
	if (request)
		kube_http_cancel(request);
	r->err = -ETIMEDOUT;
	snprintf(r->why, sizeof(r->why), "no answer within %d s", API_TIMEOUT_MS / 1000);
}

static void note_refused(struct observed_world *w, const char *verb, const char *resource, const char *ns)
{
	struct observed_kube *k = &w->kube;

	for (unsigned i = 0; i < k->n_refused; i++) {
		if (strcmp(k->refused[i].verb, verb) == 0 && strcmp(k->refused[i].resource, resource) == 0 &&
		    strcmp(k->refused[i].ns, ns) == 0)
			return;
	}
	if (k->n_refused < REFUSALS_MAX)
		k->refused[k->n_refused++] =
			(struct observed_refusal){verb, resource, world_printf(w, "%s", ns)};
}

cJSON *api_get(struct api *a, const char *verb, const char *resource, const char *ns, const char *path,
	       int *ret_status)
{
	struct request r = {0};
	cJSON *object = NULL;

	run(a, path, &r);
	*ret_status = r.err ? 0 : r.status;
	if (r.err)
		a->w->kube.error = world_safe(a->w, r.why, strlen(r.why), 300);
	else
		a->w->kube.reached = true;
	if (!r.err && r.status == FORBIDDEN)
		note_refused(a->w, verb, resource, ns);
	else if (!r.err && r.status == OK && r.body)
		object = cJSON_ParseWithLength(r.body, r.len);
	else if (!r.err && r.status != 404)
		a->w->kube.error = world_printf(a->w, "%s %s: the API server answered with status %d", verb,
						resource, r.status);
	free(r.body);
	return object;
}

/* ---------------------------------------------------------------- members */

const cJSON *api_member(const cJSON *o, const char *name)
{
	return o ? cJSON_GetObjectItemCaseSensitive(o, name) : NULL;
}

const char *api_text(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(api_member(o, name));
}

const char *api_text2(const cJSON *o, const char *first, const char *second)
{
	return api_text(api_member(o, first), second);
}
