// SPDX-License-Identifier: Apache-2.0
#include "kube/auth.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/exec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount/"

enum { FILES_CHECK_S = 30 };

/* ---------------------------------------------------------------- tokens */

static void strip(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
}

/* 0, or -errno; -EINVAL: empty, or not one line. */
static int read_token(struct kube_auth *a)
{
	char *text = kube_file_read(a->token_file, AUTH_TOKEN_MAX, NULL);

	if (!text)
		return -errno;
	strip(text);
	if (!*text || strpbrk(text, "\r\n")) {
		free(text);
		return -EINVAL;
	}
	free(a->token);
	a->token = text;
	return 0;
}

static void reread_token(struct kube_auth *a, uint64_t now_ns)
{
	int err;

	if (!a->token_file || (a->token_read && now_ns - a->token_read_ns < AUTH_TOKEN_S * NS_PER_S))
		return;
	a->token_read = true;
	a->token_read_ns = now_ns;
	err = read_token(a);
	if (err)
		log_line(LOG_ERROR, "plugin/kubernetes: token file %s: %s; going on with the last one",
			 a->token_file, err == -EINVAL ? "holds no token" : err_text(err));
}

/* ---------------------------------------------------------------- loading */

static int fail(char *error, const char *what, const char *why)
{
	snprintf(error, KUBE_ERROR_MAX, "%s: %s", what, why);
	return ERR_SYNTAX;
}

static int need_file(const char *path, const char *field, char *error)
{
	char what[400];

	if (!path || access(path, R_OK) == 0)
		return 0;
	snprintf(what, sizeof(what), "%s: open %s", field, path);
	return fail(error, what, err_text(-errno));
}

static int load_in_cluster(struct kube_auth *a, char *error)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	char url[600];
	int err;

	if (!host || !*host || !port || !*port) {
		snprintf(error, KUBE_ERROR_MAX,
			 "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
			 "KUBERNETES_SERVICE_PORT must be defined");
		return ERR_SYNTAX;
	}
	snprintf(url, sizeof(url), strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	a->target.server = strdup(url);
	a->token_file = strdup(ACCOUNT_DIR "token");
	err = read_token(a);
	if (err)
		return fail(error, "in-cluster token: open " ACCOUNT_DIR "token",
			    err == -EINVAL ? "holds no token" : err_text(err));
	if (access(ACCOUNT_DIR "ca.crt", R_OK) == 0)
		a->target.ca = strdup(ACCOUNT_DIR "ca.crt");
	else
		log_line(LOG_WARNING,
			 "plugin/kubernetes: " ACCOUNT_DIR "ca.crt: %s; trusting the system's certificates",
			 err_text(-errno));
	return 0;
}

static bool url_ok(const char *url)
{
	return (!strncmp(url, "https://", 8) && url[8]) || (!strncmp(url, "http://", 7) && url[7]);
}

static int load_endpoint(struct kube_auth *a, const struct kube_options *o, char *error)
{
	bool tls = (o->ca && *o->ca) || (o->cert && *o->cert);
	const char *given = tls ? "https://" : "http://"; /* as the peer does */
	const char *scheme = strstr(o->endpoint, "://") ? "" : given;
	char url[1024];
	int err;

	snprintf(url, sizeof(url), "%s%s", scheme, o->endpoint);
	if (!url_ok(url))
		return fail(error, o->endpoint, "endpoint: expected a URL such as https://host:port");
	a->target.server = strdup(url);
	a->target.ca = o->ca && *o->ca ? strdup(o->ca) : NULL;
	a->target.cert = o->cert && *o->cert ? strdup(o->cert) : NULL;
	a->target.key = o->key && *o->key ? strdup(o->key) : NULL;
	err = need_file(a->target.cert, "tls certificate", error);
	if (!err)
		err = need_file(a->target.key, "tls key", error);
	return err ? err : need_file(a->target.ca, "tls CA", error);
}

static void finish_server(struct kube_auth *a)
{
	char *server = (char *)(uintptr_t)a->target.server; /* ours */
	const char *host = strstr(server, "://");
	size_t len = strlen(server);

	while (len && server[len - 1] == '/')
		server[--len] = '\0';
	host = host ? host + 3 : server;
	a->host = strndup(host, strcspn(host, "/"));
}

int kube_auth_load(struct kube_auth *ret, const struct kube_options *o, char error[KUBE_ERROR_MAX])
{
	int err;

	*ret = (struct kube_auth){0};
	if (o->kubeconfig && *o->kubeconfig)
		err = kube_auth_from_kubeconfig(ret, o->kubeconfig, o->context, error);
	else if (o->endpoint && *o->endpoint)
		err = load_endpoint(ret, o, error);
	else
		err = load_in_cluster(ret, error);
	if (err)
		return err;
	if (!ret->target.server)
		return fail(error, "memory", err_text(-ENOMEM));
	finish_server(ret);
	(void)kube_auth_files_changed(ret, clock_mono_ns()); /* the first look */
	return 0;
}

void kube_auth_fini(struct kube_auth *a)
{
	const char *const owned[] = {a->target.server,   a->target.ca,    a->target.cert, a->target.key,
				     a->target.tls_name, a->target.proxy, a->target.user, a->target.password};

	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free((void *)(uintptr_t)owned[i]);
	for (size_t i = 0; i < a->n_headers; i++)
		free(a->headers[i]);
	for (size_t i = 0; i < a->n_memory_files; i++)
		close(a->memory_files[i]);
	if (a->token)
		explicit_bzero(a->token, strlen(a->token));
	free(a->token);
	free(a->token_file);
	free(a->host);
	free(a->base_dir);
	kube_exec_free(a->exec);
	*a = (struct kube_auth){0};
}

/* ---------------------------------------------------------------- while it runs */

static uint64_t stamp_of(const char *path)
{
	struct stat st;

	if (!path || !strncmp(path, "/proc/self/fd/", 14) || stat(path, &st))
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec +
	       (uint64_t)st.st_ino * 31 + (uint64_t)st.st_size;
}

bool kube_auth_files_changed(struct kube_auth *a, uint64_t now_ns)
{
	uint64_t stamp, old = a->files_stamp;
	bool first = a->files_checked_ns == 0;

	if (!first && now_ns - a->files_checked_ns < FILES_CHECK_S * NS_PER_S)
		return false;
	stamp = stamp_of(a->target.ca) + stamp_of(a->target.cert) * 3 + stamp_of(a->target.key) * 7;
	a->files_checked_ns = now_ns;
	a->files_stamp = stamp;
	return !first && stamp != old;
}

/* The certificate and key of an exec plugin, as files.  The new ones are opened before the old are closed, so
 * that their names differ and libcurl makes a new connection.  A CA in memory is the first file and stays. */
static void take_certificate(struct kube_auth *a)
{
	struct kube_exec *e = a->exec;
	bool keep = a->target.ca && strncmp(a->target.ca, "/proc/self/fd/", 14) == 0;
	size_t old = a->n_memory_files, fresh;

	free((void *)(uintptr_t)a->target.cert);
	free((void *)(uintptr_t)a->target.key);
	a->target.cert = kube_auth_memory_file(a, e->cert, strlen(e->cert));
	a->target.key = kube_auth_memory_file(a, e->key, strlen(e->key));
	for (size_t i = keep; i < old; i++)
		close(a->memory_files[i]);
	fresh = a->n_memory_files - old;
	memmove(&a->memory_files[keep], &a->memory_files[old], fresh * sizeof(a->memory_files[0]));
	a->n_memory_files = keep + fresh;
	free(e->cert);
	free(e->key);
	e->cert = e->key = NULL;
}

/* What the exec plugin said becomes what is sent. */
static void take_exec(struct kube_auth *a)
{
	struct kube_exec *e = a->exec;

	if (e->token) {
		free(a->token);
		a->token = e->token;
		e->token = NULL;
	}
	if (e->cert && e->key)
		take_certificate(a);
}

bool kube_auth_ready(struct kube_auth *a, uint64_t now_ns)
{
	reread_token(a, now_ns);
	if (!a->exec)
		return true;
	if (!kube_exec_ready(a->exec, now_ns))
		return false;
	take_exec(a);
	return true;
}

void kube_auth_refused(struct kube_auth *a)
{
	a->token_read = false;
	if (a->exec)
		kube_exec_forget(a->exec);
}

const char *kube_auth_header(const struct kube_auth *a, char *buf, size_t cap)
{
	int n;

	if (!a->token)
		return NULL;
	n = snprintf(buf, cap, "Authorization: Bearer %s", a->token);
	return n > 0 && (size_t)n < cap ? buf : NULL;
}

int kube_auth_fd(const struct kube_auth *a)
{
	return a->exec ? kube_exec_fd(a->exec) : -1;
}
