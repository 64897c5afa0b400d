// SPDX-License-Identifier: Apache-2.0
/* libmicrohttpd: requests in, replies out.  One daemon has a thread that accepts and one for each
 * connection. */
#include "base/log.h"
#include "foreign/microhttpd.h"
#include "net/gzip.h"
#include "net/http_internal.h"
#include "net/http_web.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STACK_SIZE = 256 << 10, CONN_MEMORY = 32 << 10, COMPRESS_FROM = 1024, STREAM_PIECE = 32 << 10 };

struct http_daemon {
	struct MHD_Daemon *mhd;
	struct http_endpoint *endpoint;
	struct http_guard *guard;
	struct http_web *web;
};

/* One request on its way in. */
struct incoming {
	size_t body;
};

const char *http_argument(const struct http_request *r, const char *name)
{
	const char *value = NULL;
	enum MHD_Result found = libmicrohttpd.lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name,
							      strlen(name), &value, NULL);

	return found == MHD_YES ? (value ? value : "") : NULL;
}

const char *http_header(const struct http_request *r, const char *name)
{
	return libmicrohttpd.lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* ---------------------------------------------------------------- replies */

static void *place_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = libmicrohttpd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static bool takes_gzip(struct MHD_Connection *c)
{
	const char *v = libmicrohttpd.lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	const char *p = v ? strstr(v, "gzip") : NULL;

	return p && strncmp(p, "gzip;q=0", 8) != 0; /* nobody sends q=0.5 */
}

static bool gzip(struct http_reply *r)
{
	size_t len;
	char *smaller = gzip_bytes(r->body, r->len, &len);

	if (!smaller)
		return false;
	free(r->body);
	r->body = smaller;
	r->len = len;
	return true;
}

static void header(struct MHD_Response *m, const char *name, const char *value)
{
	(void)libmicrohttpd.add_response_header(m, name, value); /* a missing header is no reason to answer nothing */
}

static void add_headers(const struct http_daemon *d, const struct http_reply *r, bool gzipped,
			struct MHD_Response *m)
{
	header(m, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
	if (gzipped)
		header(m, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (r->compress)
		header(m, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
	if (r->location)
		header(m, MHD_HTTP_HEADER_LOCATION, r->location);
	if (r->allow)
		header(m, MHD_HTTP_HEADER_ALLOW, r->allow);
	for (const char *const *h = r->headers; h && *h; h += 2)
		header(m, h[0], h[1]);
	if (r->download)
		header(m, MHD_HTTP_HEADER_CONTENT_DISPOSITION, "attachment");
	if ((r->status == MHD_HTTP_NOT_FOUND && !r->headers) || r->download)
		header(m, "X-Content-Type-Options", "nosniff");
	if (r->status == MHD_HTTP_UNAUTHORIZED)
		header(m, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic");
	for (size_t i = 0; d->web && i < d->web->n_headers; i++)
		header(m, d->web->headers[i].name, d->web->headers[i].value);
}

/* A stream may wait for what it sends next as long as it likes; what is ready must be taken. */
static ssize_t read_stream(void *cls, uint64_t pos, char *out, size_t cap)
{
	struct http_stream *s = cls;
	size_t n;

	http_guard_phase(s->guard, s->place, HTTP_HANDLING);
	n = s->next(s, out, cap);
	http_guard_phase(s->guard, s->place, HTTP_WRITING);
	return n ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_stream(void *cls)
{
	http_stream_ended(cls);
}

static enum MHD_Result send_stream(struct http_daemon *d, struct MHD_Connection *c, struct http_reply *r)
{
	struct MHD_Response *m;
	enum MHD_Result sent;

	free(r->body);
	r->stream->guard = d->guard;
	r->stream->place = place_of(c);
	m = libmicrohttpd.create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE, read_stream, r->stream, end_stream);
	if (!m) {
		http_stream_ended(r->stream);
		return MHD_NO;
	}
	add_headers(d, r, false, m);
	sent = libmicrohttpd.queue_response(c, r->status, m);
	libmicrohttpd.destroy_response(m);
	return sent;
}

static enum MHD_Result send_reply(struct http_daemon *d, struct MHD_Connection *c, struct http_reply *r)
{
	bool gzipped = r->compress && r->len >= COMPRESS_FROM && takes_gzip(c) && gzip(r);
	enum MHD_Result sent;
	struct MHD_Response *m;

	if (!r->body)
		http_reply_text(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	if (!r->body)
		return MHD_NO;
	m = libmicrohttpd.create_response_from_buffer(r->len, r->body, MHD_RESPMEM_MUST_FREE);
	if (!m) {
		free(r->body);
		return MHD_NO;
	}
	add_headers(d, r, gzipped, m);
	sent = libmicrohttpd.queue_response(c, r->status, m);
	libmicrohttpd.destroy_response(m);
	return sent;
}

/* ---------------------------------------------------------------- requests */

static enum MHD_Result answer(struct http_daemon *d, struct MHD_Connection *c, const char *path,
			      const char *method)
{
	struct http_request r = {.method = method, .path = path, .connection = c};
	struct http_reply reply = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};
	void *place = place_of(c);
	enum MHD_Result sent;

	http_guard_phase(d->guard, place, HTTP_HANDLING);
	if (!http_client_verified(d->web, c))
		return MHD_NO; /* closes it */
	if (http_user_known(d->web, c))
		http_dispatch(d->endpoint, &r, &reply);
	else
		http_reply_text(&reply, MHD_HTTP_UNAUTHORIZED, "Unauthorized\n");
	sent = reply.stream ? send_stream(d, c, &reply) : send_reply(d, c, &reply);
	http_guard_phase(d->guard, place, HTTP_WRITING);
	return sent;
}

/* Called for the headers, for each part of the body, and at its end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *len, void **req)
{
	struct incoming *in = *req;

	if (!in) {
		*req = calloc(1, sizeof(*in));
		return *req ? MHD_YES : MHD_NO;
	}
	if (*len) {
		in->body += *len;
		*len = 0;
		return in->body <= HTTP_BODY_MAX ? MHD_YES : MHD_NO;
	}
	return answer(cls, c, url, method);
}

static void on_completed(void *cls, struct MHD_Connection *c, void **req, enum MHD_RequestTerminationCode how)
{
	struct http_daemon *d = cls;

	free(*req);
	*req = NULL;
	http_guard_phase(d->guard, place_of(c), HTTP_READING);
}

static void on_connection(void *cls, struct MHD_Connection *c, void **place,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http_daemon *d = cls;
	const union MHD_ConnectionInfo *info = libmicrohttpd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*place = info ? http_guard_add(d->guard, info->connect_fd) : NULL;
	else
		http_guard_remove(d->guard, *place);
}

/* What clients do wrong is no news. */
static PRINTF(2, 0) void on_log(void *cls, const char *fmt, va_list ap)
{
	char text[256];

	if (!log_debug_on())
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_line(LOG_DEBUG, "http: %s", text);
}

/* ---------------------------------------------------------------- life */

static struct MHD_Daemon *start(struct http_daemon *d, int fd)
{
	struct MHD_OptionItem tls[HTTP_WEB_OPTIONS_MAX];
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
			 MHD_USE_ITC | MHD_USE_ERROR_LOG |
			 (http_web_options(d->web, tls) ? (unsigned)MHD_USE_TLS : 0);

	return libmicrohttpd.start_daemon(flags, 0, NULL, NULL, on_request, d, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, d,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, d, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned)HTTP_CONNS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONN_MEMORY, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
				MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void daemon_free(struct http_daemon *d)
{
	http_guard_free(d->guard);
	http_web_put(d->web);
	free(d);
}

/* Signals are control's business: blocked in the threads that are made here and by them. */
int http_daemon_start(int fd, struct http_web *web, struct http_endpoint *e, struct http_daemon **ret)
{
	struct http_daemon *d = calloc(1, sizeof(*d));
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	sigset_t all, old;

	if (!d || copy < 0) {
		if (copy >= 0)
			close(copy);
		free(d);
		return -ENOMEM;
	}
	sigfillset(&all);
	sigdelset(&all, SIGSYS); /* of a call that the filter forbids */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	d->endpoint = e;
	d->web = http_web_get(web);
	d->guard = http_guard_new();
	d->mhd = d->guard ? start(d, copy) : NULL;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!d->mhd) {
		close(copy);
		daemon_free(d);
		return web ? -EINVAL : -ENOMEM;
	}
	*ret = d;
	return 0;
}

void http_daemon_quiesce(struct http_daemon *d)
{
	int fd = libmicrohttpd.quiesce_daemon(d->mhd);

	if (fd >= 0)
		close(fd);
}

void http_daemon_stop(struct http_daemon *d)
{
	libmicrohttpd.stop_daemon(d->mhd);
	daemon_free(d);
}

const struct http_web *http_daemon_web(const struct http_daemon *d)
{
	return d->web;
}
