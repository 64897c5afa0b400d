// SPDX-License-Identifier: Apache-2.0
/* Whether the connections are alive.
 *
 * An idle watch and a dead connection look the same: no bytes.  HTTP/2 has PING for that (RFC 9113 6.7);
 * libcurl sends it only for handles of its blocking interface (curl_easy_upkeep).  So the frame is written
 * here, through the connection's own GnuTLS session, and only when nothing of libcurl's waits in the
 * kernel's send queue: then no frame of its own can be half written.  The answer is not looked at
 * (libcurl's nghttp2 takes an acknowledgement that it did not ask for as what it is, and ignores it): the
 * kernel knows when a connection last received anything (TCP_INFO). Bytes that are not even acknowledged
 * end in TCP_USER_TIMEOUT; so do connections without HTTP/2, by TCP keepalive. */
#include "kube/http_internal.h"

#include "base/clock.h"
#include "foreign/gnutls.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---------------------------------------------------------------- sockets */

static void set_options(int fd)
{
	int user_timeout = HTTP_USER_TIMEOUT_MS, syn = HTTP_SYN_RETRIES, on = 1, idle = 10, interval = 5,
	    count = 3;

	/* Each of them only makes a failure visible sooner. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &syn, sizeof(syn));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static struct http_conn *conn_with(struct kube_http *h, int fd)
{
	for (size_t i = 0; i < HTTP_CONNS; i++) {
		if (h->conns[i].fd == fd)
			return &h->conns[i];
	}
	return NULL;
}

curl_socket_t http_open_socket(void *http, curlsocktype purpose, struct curl_sockaddr *addr)
{
	int fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
	struct http_conn *free_conn = fd < 0 ? NULL : conn_with(http, -1);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	set_options(fd);
	if (free_conn) /* beyond that many only TCP's own means notice a dead one */
		*free_conn = (struct http_conn){.fd = fd};
	return fd;
}

int http_close_socket(void *http, curl_socket_t fd)
{
	struct http_conn *c = conn_with(http, fd);

	if (c)
		c->fd = -1;
	return close(fd);
}

static in_port_t port_of(const struct sockaddr_storage *a)
{
	const struct sockaddr_in *in = (const void *)a;
	const struct sockaddr_in6 *in6 = (const void *)a;

	return a->ss_family == AF_INET6 ? ntohs(in6->sin6_port) : ntohs(in->sin_port);
}

/* libcurl does not say which socket a request is on while it runs (CURLINFO_ACTIVESOCKET), but its ports. */
static bool has_ports(int fd, long local, long remote)
{
	struct sockaddr_storage a = {0}, b = {0};
	socklen_t a_len = sizeof(a), b_len = sizeof(b);

	return fd >= 0 && getsockname(fd, (struct sockaddr *)&a, &a_len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&b, &b_len) == 0 && port_of(&a) == local &&
	       port_of(&b) == remote;
}

struct http_conn *http_conn_of(struct kube_http *h, const struct kube_request *r)
{
	long local = 0, remote = 0;

	if (libcurl.easy_getinfo(r->easy, CURLINFO_LOCAL_PORT, &local) != CURLE_OK || !local ||
	    libcurl.easy_getinfo(r->easy, CURLINFO_PRIMARY_PORT, &remote) != CURLE_OK)
		return NULL;
	for (size_t i = 0; i < HTTP_CONNS; i++) {
		if (has_ports(h->conns[i].fd, local, remote))
			return &h->conns[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------- signs of life */

/* How long ago the connection received data, in ms; false: it is not one, or not established. */
static bool silence_ms(int fd, uint32_t *ret)
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

	return libcurl.easy_getinfo(r->easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
	       version == CURL_HTTP_VERSION_2_0;
}

/* The frame is out (or on its way out). */
static bool send_ping(const struct kube_request *r, int fd)
{
	static const uint8_t ping[] = {0, 0, 8, 6, 0, 0, 0, 0, 0, 'b', 'i', 'n', 'n', 'a', 'c', 'l', 'e'};
	struct curl_tlssessioninfo *tls = NULL;
	int unsent = 0;

	if (ioctl(fd, SIOCOUTQ, &unsent) || unsent)
		return false;
	if (libcurl.easy_getinfo(r->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls ||
	    tls->backend != CURLSSLBACKEND_GNUTLS || !tls->internals)
		return false;
	return libgnutls.record_send(tls->internals, ping, sizeof(ping)) == (ssize_t)sizeof(ping);
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
	} else if (silence < since_ping_ms + HTTP_PING_IDLE_MS / 2) {
		/* Something came after the ping: before it nothing had for HTTP_PING_IDLE_MS.  An answer within the
		 * kernel's tick may seem to be older than the question. */
		c->pinged_ns = 0;
		c->answers = true;
	} else if (since_ping_ms >= HTTP_PING_ANSWER_MS) {
		c->pinged_ns = 0;
		c->answers = false;
		(void)shutdown(c->fd, SHUT_RDWR); /* libcurl ends all requests on it */
	}
}

void http_check_connections(struct kube_http *h)
{
	uint64_t now = clock_mono_ns(), seen = 0;

	if (now - h->checked_ns < HTTP_CHECK_MS * NS_PER_MS)
		return;
	h->checked_ns = now;
	for (const struct kube_request *r = h->requests; r; r = r->next) {
		struct http_conn *c = http_conn_of(h, r);
		uint64_t bit = c ? 1ull << (c - h->conns) : 0;

		if (!c || seen & bit)
			continue;
		seen |= bit;
		check(c, r, now);
	}
}
