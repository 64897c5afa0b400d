// SPDX-License-Identifier: Apache-2.0
/* A GET to an endpoint of this machine: what `health` looks at itself with. */
#include "base/clock.h"
#include "net/http_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Until the descriptor is ready for `events`, or the time is over. */
static int wait_for(int fd, short events, uint64_t until_ns)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = clock_mono_ns();
	int n;

	if (now >= until_ns)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1);
	if (n == -1 && errno != EINTR)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

static int connect_to(const struct net_addr *at, uint64_t until_ns)
{
	int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = 0;
	socklen_t len = sizeof(err);

	if (fd == -1)
		return -errno;
	if (connect(fd, &at->sa, net_addr_len(at)) == -1 && errno != EINPROGRESS)
		err = -errno;
	if (!err)
		err = wait_for(fd, POLLOUT, until_ns);
	if (!err && getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0)
		err = -err;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The first line is enough: "HTTP/1.1 200 OK". */
static int read_status(int fd, uint64_t until_ns)
{
	char text[64] = "";
	size_t len = 0;

	while (len < 12) {
		int err = wait_for(fd, POLLIN, until_ns);
		ssize_t n = err ? -1 : recv(fd, text + len, sizeof(text) - 1 - len, 0);

		if (err)
			return err;
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return n == 0 ? -EPROTO : -errno;
		if (n > 0)
			len += (size_t)n;
	}
	return strncmp(text, "HTTP/1.", 7) == 0 ? atoi(text + 9) : -EPROTO;
}

/* A wildcard is reached at loopback. */
static void to_loopback(struct net_addr *a)
{
	uint16_t port = net_addr_port(a);

	if (net_addr_is_any(a) && net_addr_parse(a->sa.sa_family == AF_INET ? "127.0.0.1" : "::1", port, a))
		net_addr_set_port(a, port);
}

int http_get_status(const char *address, const char *path, unsigned timeout_ms)
{
	uint64_t until_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
	struct net_addr candidates[HTTP_CANDIDATES_MAX];
	int n = http_resolve(address, candidates), fd = n, status;
	char request[512];
	int len = snprintf(request, sizeof(request),
			   "GET %s HTTP/1.0\r\nHost: %.200s\r\nConnection: close\r\n\r\n", path, address);

	for (int i = 0; i < n && (i == 0 || fd < 0); i++) {
		to_loopback(&candidates[i]);
		fd = connect_to(&candidates[i], until_ns);
	}
	if (fd < 0)
		return fd;
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		status = -EPIPE;
	else
		status = read_status(fd, until_ns);
	close(fd);
	return status;
}
