// SPDX-License-Identifier: Apache-2.0
/* Whether the connections are alive.
 *
 * An idle watch and a dead connection look the same: no bytes.  HTTP/2 has PING for that (RFC 9113 6.7); libcurl sends
 * it only for handles of its blocking interface (curl_easy_upkeep).  So the frame is written here, through the
 * connection's own GnuTLS session, and only when
 * nothing of libcurl's waits in the kernel's send queue: then no frame of its own can be half written.  The answer is not looked
 * at (libcurl's nghttp2 takes an acknowledgement that it did not ask for as what it is, and ignores it): the
 * kernel knows when a connection last received anything (TCP_INFO).
 * Bytes that are not even acknowledged end in TCP_USER_TIMEOUT; so do connections without HTTP/2, by TCP keepalive. */
#include "kube/http_internal.h"

#include "base/clock.h"

#include <gnutls/gnutls.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static curl_socket_t socket_of(const struct kube_request *r)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(r->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK)
		return CURL_SOCKET_BAD;
	return fd;
}

struct http_conn *http_conn_of(struct kube_http *h, const struct kube_request *r)
{
	curl_socket_t fd = socket_of(r);

	for (size_t i = 0; i < HTTP_CONNS && fd != CURL_SOCKET_BAD; i++) {
		if (h->conns[i].used && h->conns[i].fd == fd)
			return &h->conns[i];
	}
	return NULL;
}

/* How long ago the connection received data, in ms; false: it is not one, or not established. */
static bool silence_ms(curl_socket_t fd, uint32_t *ret)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) || info.tcpi_state != TCP_ESTABLISHED)
		return false;
	*ret = info.tcpi_last_data_recv;
	return true;
}

static bool speaks_http2(const struct kube_request *r)
{
	long version = 0;

	return curl_easy_getinfo(r->easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
	       version == CURL_HTTP_VERSION_2_0;
}

/* The frame is out (or on its way out). */
static bool send_ping(const struct kube_request *r, curl_socket_t fd)
{
	static const uint8_t ping[] = {0, 0, 8, 6, 0, 0, 0, 0, 0, 'b', 'i', 'n', 'n', 'a', 'c', 'l', 'e'};
	struct curl_tlssessioninfo *tls = NULL;
	int unsent = 0;

	if (ioctl(fd, SIOCOUTQ, &unsent) || unsent)
		return false;
	if (curl_easy_getinfo(r->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls ||
	    tls->backend != CURLSSLBACKEND_GNUTLS || !tls->internals)
		return false;
	return gnutls_record_send(tls->internals, ping, sizeof(ping)) == (ssize_t)sizeof(ping);
}

static struct http_conn *conn_get(struct kube_http *h, curl_socket_t fd)
{
	struct http_conn *free_conn = NULL;

	for (size_t i = 0; i < HTTP_CONNS; i++) {
		if (h->conns[i].used && h->conns[i].fd == fd)
			return &h->conns[i];
		if (!h->conns[i].used)
			free_conn = &h->conns[i];
	}
	if (free_conn)
		*free_conn = (struct http_conn){.fd = fd, .used = true};
	return free_conn;
}

/* `r`: any request on the connection. */
static void check(struct http_conn *c, const struct kube_request *r, uint64_t now_ns)
{
	uint64_t since_ping_ms;
	uint32_t silence;

	if (!silence_ms(c->fd, &silence) || !speaks_http2(r))
		return;
	since_ping_ms = (now_ns - c->pinged_ns) / NS_PER_MS;
	if (!c->pinged_ns) {
		if (silence >= HTTP_PING_IDLE_MS && send_ping(r, c->fd))
			c->pinged_ns = now_ns;
	} else if (silence < since_ping_ms) {
		c->pinged_ns = 0;
		c->answers = true;
	} else if (since_ping_ms >= HTTP_PING_ANSWER_MS) {
		c->pinged_ns = 0;
		c->answers = false;
		(void)shutdown(c->fd, SHUT_RDWR); /* libcurl ends all requests on it */
	}
}

/* Connections that no request is on any more are forgotten: their numbers may be another's by now. */
static void forget_unused(struct kube_http *h)
{
	for (size_t i = 0; i < HTTP_CONNS; i++) {
		bool used = false;

		for (const struct kube_request *r = h->requests; r && !used; r = r->next)
			used = h->conns[i].used && socket_of(r) == h->conns[i].fd;
		h->conns[i].used = used;
	}
}

void http_check_connections(struct kube_http *h)
{
	uint64_t now = clock_mono_ns(), seen = 0;

	if (now - h->checked_ns < HTTP_CHECK_MS * NS_PER_MS)
		return;
	h->checked_ns = now;
	forget_unused(h);
	for (const struct kube_request *r = h->requests; r; r = r->next) {
		curl_socket_t fd = socket_of(r);
		struct http_conn *c = fd == CURL_SOCKET_BAD ? NULL : conn_get(h, fd);
		uint64_t bit = c ? 1ull << (c - h->conns) : 0;

		if (!c || seen & bit)
			continue;
		seen |= bit;
		check(c, r, now);
	}
}
