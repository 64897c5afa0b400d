// SPDX-License-Identifier: Apache-2.0
#include "net/inherited.h"

#include "base/err.h"
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

static struct {
	int fd, type;
	bool used;
	struct net_addr at;
	uint64_t cookie;
} given[INHERITED_MAX];
static unsigned n_given;

static int option(int fd, int name, int *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(fd, SOL_SOCKET, name, ret, &len) == -1 ? -errno : 0;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == -1 ? 0 : cookie;
}

static bool servable(int type, int listening, const struct net_addr *at)
{
	if (at->sa.sa_family != AF_INET && at->sa.sa_family != AF_INET6)
		return false;
	return net_addr_port(at) && (type == SOCK_DGRAM || (type == SOCK_STREAM && listening));
}

int inherited_add(int fd)
{
	struct net_addr at = {0};
	socklen_t len = sizeof(at);
	int type = 0, listening = 0, flags;

	if (getsockname(fd, &at.sa, &len) == -1)
		return errno == ENOTSOCK ? -EPROTOTYPE : -errno;
	if (option(fd, SO_TYPE, &type) || option(fd, SO_ACCEPTCONN, &listening) ||
	    !servable(type, listening, &at))
		return -EPROTOTYPE;
	if (n_given == INHERITED_MAX)
		return ERR_LIMIT;
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return -errno;
	given[n_given].fd = fd;
	given[n_given].type = type;
	given[n_given].at = at;
	given[n_given].cookie = cookie_of(fd);
	n_given++;
	return 0;
}

/* The i-th of this address and kind; n_given: there is none. */
static unsigned find(const struct net_addr *at, int type, unsigned i)
{
	unsigned k;

	for (k = 0; k < n_given; k++) {
		if (given[k].type == type && net_addr_equal(&given[k].at, at) && i-- == 0)
			break;
	}
	return k;
}

unsigned inherited_count(const struct net_addr *at, int type)
{
	unsigned n = 0;

	while (find(at, type, n) < n_given)
		n++;
	return n;
}

int inherited_open(const struct net_addr *at, int type, unsigned i)
{
	unsigned k = find(at, type, i);
	int fd, err;

	if (k == n_given)
		return -ENOENT;
	fd = fcntl(given[k].fd, F_DUPFD_CLOEXEC, 3);
	if (fd == -1)
		return -errno;
	given[k].used = true;
	err = type == SOCK_DGRAM ? listen_prepare_udp(fd, at) : 0;
	if (!err)
		return fd;
	close(fd);
	return err;
}

bool inherited_holds(int fd)
{
	uint64_t cookie = n_given ? cookie_of(fd) : 0;

	for (unsigned i = 0; cookie && i < n_given; i++) {
		if (given[i].cookie == cookie)
			return true;
	}
	return false;
}

bool inherited_unused(unsigned *cursor, struct net_addr *ret_at, int *ret_type)
{
	while (*cursor < n_given && given[*cursor].used)
		++*cursor;
	if (*cursor == n_given)
		return false;
	*ret_at = given[*cursor].at;
	*ret_type = given[*cursor].type;
	++*cursor;
	return true;
}
