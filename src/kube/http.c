// SPDX-License-Identifier: Apache-2.0
#include "kube/http.h"

#include "base/clock.h"
#include "foreign/gnutls.h"
#include "kube/client.h"
#include "kube/http_date.h"
#include "kube/http_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* ---------------------------------------------------------------- callbacks of libcurl */

/* The value of header `name`, if the line is that header. */
static const char *header_value(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	return line + strspn(line, " \t");
}

static void take_header(struct kube_request *r, const char *line)
{
	const char *value;

	if (strncmp(line, "HTTP/", 5) == 0) {
		const char *space = strchr(line, ' ');

		r->status = space ? atoi(space + 1) : 0;
		r->date_s = 0;
		r->type[0] = r->retry_after[0] = '\0';
		return;
	}
	value = header_value(line, "content-type");
	if (value)
		snprintf(r->type, sizeof(r->type), "%.*s", (int)strcspn(value, "\r\n"), value);
	value = header_value(line, "retry-after");
	if (value)
		snprintf(r->retry_after, sizeof(r->retry_after), "%.*s", (int)strcspn(value, "\r\n"), value);
	value = header_value(line, "date");
	if (value && !http_date(value, &r->date_s))
		r->date_s = 0;
}

/* By the server's clock, if it tells the time: ours may differ. */
static uint32_t retry_after_s(const struct kube_request *r)
{
	return http_retry_after(r->retry_after, r->date_s ? r->date_s : (int64_t)(clock_wall_ns() / NS_PER_S));
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct kube_request *r = arg;
	char line[256];

	r->last_ns = clock_mono_ns();
	snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line) - 1), data);
	if (line[0] != '\r' && line[0] != '\n')
		take_header(r, line);
	else if (r->status >= 200)
		r->ops->head(r->arg, r->status, r->type, retry_after_s(r));
	return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct kube_request *r = arg;

	r->last_ns = clock_mono_ns();
	r->http->bytes += n;
	r->aborted = r->ops->body(r->arg, (const uint8_t *)data, n);
	return r->aborted ? 0 : n;
}

/* ---------------------------------------------------------------- a request */

static void set_server(struct kube_request *r, const struct kube_target *t, const char *path)
{
	const char *scheme_end = strstr(t->server, "://");
	const char *host = scheme_end ? scheme_end + 3 : t->server;
	size_t host_len = strcspn(host, "/"), url_len = strlen(t->server) + strlen(path) + 300;
	char *url = malloc(url_len), other[600];

	if (!url)
		return; /* the request then has no URL and fails */
	snprintf(url, url_len, "%s%s", t->server, path);
	if (t->tls_name) {
		const char *port = host[0] == '[' ? strchr(host, ']') : host;

		/* To the same place, but by the certificate's name; the Host header names the server as
		 * before. */
		port = port ? memchr(port, ':', host_len - (size_t)(port - host)) : NULL;
		snprintf(other, sizeof(other), "::%.*s%s", (int)host_len, host, port ? "" : ":443");
		r->connect_to = libcurl.slist_append(NULL, other);
		snprintf(url, url_len, "https://%s%.*s%s%s", t->tls_name,
			 port ? (int)(host + host_len - port) : 0, port ? port : "", host + host_len, path);
		snprintf(other, sizeof(other), "Host: %.*s", (int)host_len, host);
		r->headers = libcurl.slist_append(r->headers, other);
		libcurl_set(r->easy, CURLOPT_CONNECT_TO, r->connect_to);
	}
	libcurl_set(r->easy, CURLOPT_URL, url);
	/* Wait whether the first connection can carry more than one request.  Without TLS it never can,
	 * and libcurl 7.88 would have the others wait until the first request ends, which a watch does
	 * not. */
	libcurl_set(r->easy, CURLOPT_PIPEWAIT, strncmp(url, "https:", 6) ? 0L : 1L);
	free(url);
	if (!strncmp(host, "127.", 4) || !strncmp(host, "localhost", 9) || !strncmp(host, "[::1]", 5))
		libcurl_set(r->easy, CURLOPT_NOPROXY, "*");
}

static void set_tls(CURL *e, const struct kube_target *t)
{
	/* Requests wait for the first one's connection and share it.  Without TLS there is no HTTP/2, and
	 * libcurl would have them wait for ever. */
	libcurl_set(e, CURLOPT_PIPEWAIT, strncmp(t->server, "https:", 6) == 0 ? 1L : 0L);
	if (t->ca) {
		libcurl_set(e, CURLOPT_CAINFO, t->ca);
		libcurl_set(e, CURLOPT_CAPATH,
				 NULL); /* Debian's default: all of the system's, 7 MB in memory */
	}
	if (t->cert)
		libcurl_set(e, CURLOPT_SSLCERT, t->cert);
	if (t->key)
		libcurl_set(e, CURLOPT_SSLKEY, t->key);
	if (t->insecure) {
		libcurl_set(e, CURLOPT_SSL_VERIFYPEER, 0L);
		libcurl_set(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (t->proxy)
		libcurl_set(e, CURLOPT_PROXY, t->proxy);
	if (t->user)
		libcurl_set(e, CURLOPT_USERNAME, t->user);
	if (t->password)
		libcurl_set(e, CURLOPT_PASSWORD, t->password);
}

static void set_rest(struct kube_request *r)
{
	CURL *e = r->easy;

	libcurl_set(e, CURLOPT_PRIVATE, r);
	libcurl_set(e, CURLOPT_NOSIGNAL, 1L);
	libcurl_set(e, CURLOPT_PROTOCOLS_STR, "https,http");
	libcurl_set(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	libcurl_set(e, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
	libcurl_set(e, CURLOPT_OPENSOCKETFUNCTION, http_open_socket);
	libcurl_set(e, CURLOPT_OPENSOCKETDATA, r->http);
	libcurl_set(e, CURLOPT_CLOSESOCKETFUNCTION, http_close_socket);
	libcurl_set(e, CURLOPT_CLOSESOCKETDATA, r->http);
	libcurl_set(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	libcurl_set(e, CURLOPT_HEADERFUNCTION, on_header);
	libcurl_set(e, CURLOPT_HEADERDATA, r);
	libcurl_set(e, CURLOPT_WRITEFUNCTION, on_body);
	libcurl_set(e, CURLOPT_WRITEDATA, r);
	libcurl_set(e, CURLOPT_ERRORBUFFER, r->error);
	libcurl_set(e, CURLOPT_HTTPHEADER, r->headers);
}

static void unlink_request(struct kube_request *r)
{
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
}

static void free_request(struct kube_request *r)
{
	if (r->easy)
		libcurl.easy_cleanup(r->easy);
	libcurl.slist_free_all(r->headers);
	libcurl.slist_free_all(r->connect_to);
	free(r);
}

struct kube_request *kube_http_get(struct kube_http *h, const struct kube_target *t, const char *path,
				   const char *const *headers, const struct kube_request_ops *ops, void *arg)
{
	struct kube_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct kube_request){.http = h, .easy = libcurl.easy_init(), .ops = ops, .arg = arg};
	r->last_ns = clock_mono_ns();
	if (!r->easy) {
		free_request(r);
		return NULL;
	}
	for (size_t i = 0; headers[i]; i++)
		r->headers = libcurl.slist_append(r->headers, headers[i]);
	set_server(r, t, path);
	set_tls(r->easy, t);
	set_rest(r);
	if (libcurl.multi_add_handle(h->multi, r->easy) != CURLM_OK) {
		free_request(r);
		return NULL;
	}
	r->next = h->requests;
	r->link = &h->requests;
	if (r->next)
		r->next->link = &r->next;
	h->requests = r;
	return r;
}

void kube_http_cancel(struct kube_request *r)
{
	unlink_request(r);
	libcurl.multi_remove_handle(r->http->multi, r->easy);
	free_request(r);
}

void kube_http_shut(struct kube_request *r)
{
	const struct http_conn *c = http_conn_of(r->http, r);

	if (c)
		(void)shutdown(c->fd, SHUT_RDWR); /* one that is closed already ends by itself */
}

uint64_t kube_http_last_ns(const struct kube_request *r)
{
	return r->last_ns;
}

bool kube_http_pinged(const struct kube_request *r)
{
	const struct http_conn *c = http_conn_of(r->http, r);

	return c && c->answers;
}

/* ---------------------------------------------------------------- all of them */

struct library *const kube_libraries[] = {&libcurl_library, &libgnutls_library, NULL};

struct kube_http *kube_http_new(void)
{
	struct kube_http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	for (size_t i = 0; i < HTTP_CONNS; i++)
		h->conns[i].fd = -1;
	libcurl_start();
	h->multi = libcurl.multi_init();
	if (!h->multi) {
		free(h);
		return NULL;
	}
	libcurl.multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	return h;
}

void kube_http_free(struct kube_http *h)
{
	if (!h)
		return;
	libcurl.multi_cleanup(h->multi);
	libcurl.global_cleanup();
	free(h);
}

static void finish(struct kube_request *r, CURLcode code)
{
	const struct kube_request_ops *ops = r->ops;
	int err = r->aborted ? r->aborted : code == CURLE_OK ? 0 : -EIO;
	char why[CURL_ERROR_SIZE];

	snprintf(why, sizeof(why), "%s", r->error[0] ? r->error : libcurl.easy_strerror(code));
	unlink_request(r);
	libcurl.multi_remove_handle(r->http->multi, r->easy);
	void *arg = r->arg;
	free_request(r);
	ops->done(arg, err, why);
}

static void finish_ended(struct kube_http *h)
{
	struct kube_request *r;
	CURLMsg *m;
	int left;

	while ((m = libcurl.multi_info_read(h->multi, &left))) {
		char *private = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		libcurl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
		r = (void *)private;
		finish(r, code);
	}
}

enum { WAIT_FDS = 8 };

size_t kube_http_turn(struct kube_http *h, int timeout_ms, struct pollfd *fds, size_t n_fds)
{
	struct curl_waitfd wait[WAIT_FDS];
	int running;

	h->bytes = 0;
	n_fds = n_fds < WAIT_FDS ? n_fds : WAIT_FDS;
	for (size_t i = 0; i < n_fds; i++)
		wait[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
	/* What is new is started by the perform below: the poll returns at once for it. */
	if (h->requests && timeout_ms > HTTP_CHECK_MS)
		timeout_ms = HTTP_CHECK_MS;
	(void)libcurl.multi_poll(h->multi, wait, (unsigned)n_fds, timeout_ms, NULL);
	for (size_t i = 0; i < n_fds; i++)
		fds[i].revents = wait[i].revents;
	(void)libcurl.multi_perform(h->multi, &running); /* failures come as messages */
	finish_ended(h);
	http_check_connections(h);
	return h->bytes;
}

void kube_http_wake(struct kube_http *h)
{
	(void)libcurl.multi_wakeup(h->multi); /* fails only when it is awake already */
}

char *kube_http_escape(const char *text)
{
	char *escaped = libcurl.easy_escape(NULL, text, (int)strlen(text));
	char *copy = escaped ? strdup(escaped) : NULL;

	libcurl.free(escaped);
	return copy;
}
