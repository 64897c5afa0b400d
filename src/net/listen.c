// SPDX-License-Identifier: Apache-2.0
#include "net/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum {
	/* A burst of some 5,000 queries may wait while a worker is busy elsewhere; the kernel counts about
	 * 800 bytes for a small one. */
	RX_BUFFER = 4 << 20,
	BACKLOG = 512,
};

const char *transport_text(enum transport t)
{
	static const char *const text[] = {
		[TRANSPORT_DNS] = "dns",       [TRANSPORT_TLS] = "tls",   [TRANSPORT_HTTPS] = "https",
		[TRANSPORT_HTTPS3] = "https3", [TRANSPORT_GRPC] = "grpc", [TRANSPORT_QUIC] = "quic",
	};

	return text[t];
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == -1 ? -errno : 0;
}

static bool v4_in_v6(const struct net_addr *a)
{
	return net_addr_is_any(a) || net_addr_family(a) == 1;
}

/* What both kinds of socket need before bind. */
static int set_common(int fd, const struct net_addr *at)
{
	int err = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

	if (err == 0 && at->sa.sa_family == AF_INET6)
		err = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !v4_in_v6(at));
	return err;
}

/* OMIT: path MTU news is not believed, so forged ICMP cannot make us send fragments of its choice; a datagram
 * larger than the interface's MTU is fragmented as ever.  Kernels without it keep their default. */
static void ignore_path_mtu(int fd, const struct net_addr *at)
{
	(void)set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	if (at->sa.sa_family == AF_INET6)
		(void)set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
}

/* The FORCE form passes net.core.rmem_max and needs CAP_NET_ADMIN; the other gives what that limit allows. */
static void widen_buffer(int fd)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RX_BUFFER) < 0)
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, RX_BUFFER);
}

int listen_prepare_udp(int fd, const struct net_addr *at)
{
	ignore_path_mtu(fd, at);
	widen_buffer(fd);
	if (!net_addr_is_any(at))
		return 0;
	if (at->sa.sa_family == AF_INET6)
		return set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static int set_udp(int fd, const struct net_addr *at)
{
	int err = set_common(fd, at);

	return err < 0 ? err : listen_prepare_udp(fd, at);
}

static int set_tcp(int fd, const struct net_addr *at)
{
	int err = set_common(fd, at);

	return err < 0 ? err : set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

static int open_bound(const struct net_addr *at, int type, int (*prepare)(int fd, const struct net_addr *at))
{
	int fd = socket(at->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd == -1)
		return -errno;
	err = prepare(fd, at);
	if (err == 0 && bind(fd, &at->sa, net_addr_len(at)) == -1)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

int listen_udp(const struct net_addr *at)
{
	return open_bound(at, SOCK_DGRAM, set_udp);
}

int listen_tcp_bound(const struct net_addr *at)
{
	return open_bound(at, SOCK_STREAM, set_tcp);
}

int listen_tcp_begin(int fd)
{
	return listen(fd, BACKLOG) == -1 ? -errno : 0;
}

int listen_tcp(const struct net_addr *at)
{
	int fd = listen_tcp_bound(at), err;

	if (fd < 0)
		return fd;
	err = listen_tcp_begin(fd);
	if (err)
		close(fd);
	return err ? err : fd;
}

struct net_addr listen_wildcard(uint16_t port)
{
	struct net_addr any = {.v6 = {.sin6_family = AF_INET6}};
	int fd = open_bound(&any, SOCK_DGRAM, set_common);

	if (fd < 0)
		any = (struct net_addr){.v4 = {.sin_family = AF_INET}};
	else
		close(fd);
	net_addr_set_port(&any, port);
	return any;
}
