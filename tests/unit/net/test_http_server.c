// SPDX-License-Identifier: Apache-2.0
/* Claims on endpoints of the admin HTTP server, asked with its own client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "net/addr.h"
#include "net/http_server.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 20000 };

static char here[32]; /* an address that is free */

static void take_address(char out[32])
{
	struct net_addr a;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(net_addr_parse("127.0.0.1", 0, &a), 0);
	len = net_addr_len(&a);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	(void)snprintf(out, 32, "127.0.0.1:%u", net_addr_port(&a));
	close(fd);
}

static void say(void *arg, const struct http_request *r, struct http_reply *ret)
{
	http_reply_text(ret, *(const unsigned *)arg, "text");
}

static struct http_claim *claim(const char *path, unsigned *status)
{
	const struct http_route route = {.path = path, .fn = say, .arg = status};
	struct http_claim *c;

	assert_int_equal(http_claim(here, &route, NULL, &c), 0);
	return c;
}

static int ask(const char *path)
{
	return http_get_status(here, path, TIMEOUT_MS);
}

static void test_the_latest_claim_answers_and_the_one_before_comes_back(void **unused)
{
	unsigned one = 201, two = 202, three = 203;
	struct http_claim *a = claim("/a", &one), *b, *c;

	assert_int_equal(ask("/a"), 201);
	b = claim("/a", &two);
	assert_int_equal(ask("/a"), 202);
	c = claim("/a", &three);
	http_release(b); /* in the middle */
	assert_int_equal(ask("/a"), 203);
	http_release(c);
	assert_int_equal(ask("/a"), 201);
	http_release(a);
	assert_int_equal(ask("/a"), -ECONNREFUSED);
}

static void test_paths_share_an_address(void **unused)
{
	unsigned one = 201, two = 202, three = 203;
	struct http_claim *a = claim("/a", &one), *b = claim("/b/", &two), *c = claim("/b/c", &three);

	assert_int_equal(ask("/a"), 201);
	assert_int_equal(ask("/a/"), 404);
	assert_int_equal(ask("/b"), 404);
	assert_int_equal(ask("/b/"), 202);
	assert_int_equal(ask("/b/x/y"), 202);
	assert_int_equal(ask("/b/c"), 203);
	assert_int_equal(ask("/"), 404);
	http_release(a);
	assert_int_equal(ask("/a"), 404);
	http_release(b);
	http_release(c);
}

static void test_an_address_that_is_taken(void **unused)
{
	const struct http_route route = {.path = "/a", .fn = say};
	struct http_claim *c = NULL;
	struct net_addr a;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[32];

	assert_int_equal(net_addr_parse("127.0.0.1", 0, &a), 0);
	len = net_addr_len(&a);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", net_addr_port(&a));
	assert_int_equal(http_claim(text, &route, NULL, &c), -EADDRINUSE);
	assert_null(c);
	close(fd);
}

static void wait_long(void *arg, const struct http_request *r, struct http_reply *ret)
{
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	http_reply_text(ret, http_sleep(r, 3600ull * 1000000000) ? 500 : 200, "woken");
}

static void *ask_long(void *ret)
{
	*(int *)ret = ask("/long");
	return NULL;
}

static void test_a_handler_that_waits_is_woken_when_its_claim_goes(void **unused)
{
	static bool began;
	const struct http_route route = {.path = "/long", .fn = wait_long, .arg = &began};
	unsigned status = 201;
	struct http_claim *c, *other = claim("/other", &status);
	pthread_t t;
	int got = 0;

	assert_int_equal(http_claim(here, &route, NULL, &c), 0);
	assert_int_equal(pthread_create(&t, NULL, ask_long, &got), 0);
	while (!__atomic_load_n(&began, __ATOMIC_ACQUIRE))
		usleep(1000);
	assert_int_equal(ask("/other"), 201); /* it holds nobody up */
	http_release(c);
	pthread_join(t, NULL);
	assert_int_equal(got, 200);
	http_release(other);
}

static void test_addresses(void **unused)
{
	static const char *const good[] = {":80", "127.0.0.1:80",      "[::1]:8080", "localhost:9153",
					   ":0",  "name.example:65535"};
	static const char *const bad[] = {"",       "80",  "127.0.0.1", "127.0.0.1:", "::1:80",
					  ":65536", ":-1", "a/b:80",    "[::1]"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!http_address_valid(good[i]))
			fail_msg("%s is one", good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (http_address_valid(bad[i]))
			fail_msg("%s is none", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_latest_claim_answers_and_the_one_before_comes_back),
		cmocka_unit_test(test_paths_share_an_address),
		cmocka_unit_test(test_an_address_that_is_taken),
		cmocka_unit_test(test_a_handler_that_waits_is_woken_when_its_claim_goes),
		cmocka_unit_test(test_addresses),
	};

	take_address(here);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
