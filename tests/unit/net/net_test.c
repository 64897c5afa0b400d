// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

void turn(struct loop *l, void *receiver)
{
	struct timespec pause = {.tv_nsec = 100 * 1000};

	loop_stop(l);
	loop_run(l, receiver);
	ppoll(NULL, 0, &pause, NULL);
}

bool have_ipv6(void)
{
	struct net_addr a = addr_of("::1", 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool have = fd != -1 && bind(fd, &a.sa, net_addr_len(&a)) == 0;

	if (fd != -1)
		close(fd);
	return have;
}

struct net_addr addr_of(const char *text, uint16_t port)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(text, port, &a), 0);
	return a;
}

uint16_t port_of(int fd)
{
	struct net_addr a;
	socklen_t len = sizeof(a);

	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	return net_addr_port(&a);
}

int client(int type, const struct net_addr *to)
{
	int fd = socket(to->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, &to->sa, net_addr_len(to)) == -1)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

ssize_t got(int fd, void *buf, size_t cap)
{
	ssize_t n = recv(fd, buf, cap, MSG_DONTWAIT);

	return n == -1 ? -errno : n;
}
