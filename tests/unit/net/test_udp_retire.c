// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include "net/listen.h"
#include "net/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Two sockets of one reuseport group, each counting and answering what it gets. */
struct member {
	struct udp_server *server;
	int received;
	bool hold;
	struct udp_return held;
	bool done;
	uint64_t done_ns;
};

static struct loop *l;
static struct member members[2];

static void receive(void *arg, const uint8_t *data, size_t len, const struct udp_return *ret)
{
	struct member *m = arg;

	m->received++;
	if (m->hold) {
		m->held = *ret;
		return;
	}
	memcpy(udp_reply_begin(ret, len), data, len);
	udp_reply_end(ret, len);
}

static void done(void *arg)
{
	struct member *m = arg;

	m->done = true;
	m->done_ns = clock_mono_ns();
}

static int setup(void **state)
{
	memset(members, 0, sizeof(members));
	l = loop_new(4);
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(l);
	return 0;
}

static struct net_addr start_group(const char *address)
{
	struct net_addr at = addr_of(address, 0);

	for (int i = 0; i < 2; i++) {
		int fd = listen_udp(&at);

		assert_true(fd >= 0);
		net_addr_set_port(&at, port_of(fd));
		assert_int_equal(udp_server_start(l, fd, &at, receive, &members[i], &members[i].server), 0);
	}
	return at;
}

enum { CLIENTS = 64 };

static void send_each(const int *fds)
{
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(send(fds[i], "query", 5, 0), 5);
}

static void expect_each(const int *fds)
{
	char buf[16];

	for (int i = 0; i < CLIENTS; i++)
		UNTIL(l, got(fds[i], buf, sizeof(buf)) == 5);
}

static void retire_loses_nothing(const char *bound, const char *asked)
{
	struct net_addr to, at;
	int fds[CLIENTS], before[2];

	setup(NULL);
	at = start_group(bound);
	to = addr_of(asked, net_addr_port(&at));
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client(SOCK_DGRAM, &to);
	send_each(fds);
	expect_each(fds);
	/* With 64 sources both get some; a group that gave all to one would prove nothing. */
	assert_true(members[0].received > 0 && members[1].received > 0);
	before[0] = members[0].received;
	before[1] = members[1].received;

	send_each(fds); /* these wait in both queues when the retiring begins */
	udp_server_retire(members[0].server, done, &members[0]);
	send_each(fds); /* and these find only one in the group */
	expect_each(fds);
	expect_each(fds);
	assert_int_equal(members[0].received, 2 * before[0]);
	assert_int_equal(members[1].received, 2 * before[1] + CLIENTS);

	UNTIL(l, members[0].done);
	send_each(fds);
	expect_each(fds);
	assert_int_equal(members[0].received, 2 * before[0]);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	teardown(NULL);
}

static void test_udp_retire_reads_what_waits_and_gets_nothing_new(void **state)
{
	retire_loses_nothing("127.0.0.1", "127.0.0.1");
	retire_loses_nothing("0.0.0.0", "127.0.0.5");
	if (!have_ipv6())
		return;
	retire_loses_nothing("::1", "::1");
	retire_loses_nothing("::", "::1");
	retire_loses_nothing("::", "127.0.0.5");
}

static void test_udp_retire_waits_for_quiet_and_still_answers(void **state)
{
	struct net_addr at;
	uint64_t start;
	char buf[16];
	int fd;

	setup(NULL);
	at = start_group("0.0.0.0");
	at = addr_of("127.0.0.7", net_addr_port(&at));
	members[0].hold = members[1].hold = true;
	fd = client(SOCK_DGRAM, &at);
	assert_int_equal(send(fd, "q", 1, 0), 1);
	UNTIL(l, members[0].received + members[1].received == 1);
	struct member *m = members[0].received ? &members[0] : &members[1];

	start = clock_mono_ns();
	udp_server_retire(m->server, done, m);
	assert_false(m->done); /* never from within */
	UNTIL(l, m->done);
	assert_true(m->done_ns - start >= 45 * NS_PER_MS);
	memcpy(udp_reply_begin(&m->held, 5), "later", 5);
	udp_reply_end(&m->held, 5);
	UNTIL(l, got(fd, buf, sizeof(buf)) == 5);
	close(fd);
	teardown(NULL);
}

/* Alone in its group: the port is closed to newcomers, as if nobody listened. */
static void test_udp_retire_of_the_last_refuses_newcomers(void **state)
{
	struct net_addr at = addr_of("127.0.0.1", 0);
	int fd = listen_udp(&at), c;
	char buf[4];

	setup(NULL);
	net_addr_set_port(&at, port_of(fd));
	assert_int_equal(udp_server_start(l, fd, &at, receive, &members[0], &members[0].server), 0);
	udp_server_retire(members[0].server, done, &members[0]);
	c = client(SOCK_DGRAM, &at);
	assert_int_equal(send(c, "q", 1, 0), 1);
	UNTIL(l, got(c, buf, sizeof(buf)) == -ECONNREFUSED);
	close(c);
	teardown(NULL);
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

/* The last two change the namespace of this process, so they come last, in this order. */
static void test_udp_retire_without_any_route_still_ends(void **state)
{
	struct net_addr at = addr_of("0.0.0.0", 0);
	int fd;

	if (unshare(CLONE_NEWNET) == -1)
		skip();
	setup(NULL);
	fd = listen_udp(&at);
	assert_true(fd >= 0);
	assert_int_equal(udp_server_start(l, fd, &at, receive, &members[0], &members[0].server), 0);
	udp_server_retire(members[0].server, done, &members[0]);
	UNTIL(l, members[0].done);
	teardown(NULL);
}

static void test_udp_retire_works_with_ipv6_switched_off(void **state)
{
	if (unshare(CLONE_NEWNET) == -1)
		skip();
	if (access("/proc/sys/net/ipv6/conf/all/disable_ipv6", W_OK) == -1)
		skip();
	set_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	set_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	set_sysctl("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "1");
	loopback_up();
	assert_int_equal(listen_wildcard(0).sa.sa_family, AF_INET6); /* dual-stack sockets still work */
	retire_loses_nothing("::", "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_retire_reads_what_waits_and_gets_nothing_new),
		cmocka_unit_test(test_udp_retire_waits_for_quiet_and_still_answers),
		cmocka_unit_test(test_udp_retire_of_the_last_refuses_newcomers),
		cmocka_unit_test(test_udp_retire_without_any_route_still_ends),
		cmocka_unit_test(test_udp_retire_works_with_ipv6_switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
