// SPDX-License-Identifier: Apache-2.0
#include "../upstream/loopback.h"
#include "base/clock.h"
#include "doctor/ask.h"
#include "doctor/question.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 300 };

struct asking {
	struct observed_world *w;
	struct ask_queue queues[4];
	struct ask_item items[MANY];
	unsigned n;
};

static int add_server(struct observed_world *w, const struct net_addr *addr)
{
	return world_server(w, OBSERVED_GIVEN, addr, "server", NULL);
}

static int add(struct asking *a, int server, enum ask_way way, unsigned queue)
{
	const struct observation o = {.server = server,
				      .name = world_name_of(a->w, "www.example.org"),
				      .type = TYPE_A,
				      .cls = CLASS_IN,
				      .way = way};
	int i = world_observation(a->w, &o);

	a->items[a->n++] = (struct ask_item){.observation = i, .queue = queue};
	return i;
}

static void run(struct asking *a)
{
	const struct ask_batch b = {.queues = a->queues, .n_queues = 4, .items = a->items, .n_items = a->n};

	ask_run(a->w, &b);
}

/* Asks one server once in one way. */
static const struct observation *ask_once(struct observed_world *w, const struct net_addr *addr,
					  enum ask_way way)
{
	struct asking a = {.w = w, .queues = {{.window = 1}}};
	int i = add(&a, add_server(w, addr), way, 0);

	run(&a);
	return &w->seen[i];
}

/* ---------------------------------------------------------------- answers */

static int one_address(const struct loopback_query *q, uint8_t *out)
{
	return loopback_reply(q, out, RCODE_NOERROR, 0, 1);
}

static void every_way_gets_its_answer(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = one_address};
	struct asking a = {.w = w, .queues = {{.window = 4}}};

	loopback_start(&l);
	for (enum ask_way way = 0; way < WAY_N; way++)
		add(&a, add_server(w, &l.addr), way, 0);
	run(&a);
	for (unsigned i = 0; i < w->n_seen; i++) {
		assert_int_equal(w->seen[i].outcome, OUTCOME_ANSWERED);
		assert_true(observe_positive(&w->seen[i]));
		assert_true(w->seen[i].done_ns >= w->seen[i].sent_ns);
	}
	assert_true(w->seen[WAY_TCP].connected_ns != 0);
	assert_int_equal(w->used, WAY_N);
	loopback_stop(&l);
}

static int silence(const struct loopback_query *q, uint8_t *out)
{
	return 0;
}

static void silence_is_a_timeout_and_ends(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = silence};
	const struct observation *o;

	loopback_start(&l);
	o = ask_once(w, &l.addr, WAY_UDP_PLAIN);
	assert_int_equal(o->outcome, OUTCOME_TIMEOUT);
	assert_true(observe_took_ns(o) >= w->timeout_ms * NS_PER_MS);
	o = ask_once(w, &l.addr, WAY_TCP);
	assert_int_equal(o->outcome, OUTCOME_TIMEOUT);
	assert_true(o->connected_ns != 0);
	loopback_stop(&l);
}

static void a_silent_server_is_given_the_rest_at_once(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = silence};
	struct asking a = {.w = w, .queues = {{.window = 2}}};
	uint64_t start = clock_mono_ns();
	int server;

	loopback_start(&l);
	server = add_server(w, &l.addr);
	for (unsigned i = 0; i < 40; i++)
		add(&a, server, WAY_UDP_PLAIN, 0);
	run(&a);
	assert_true(clock_mono_ns() - start < 12 * w->timeout_ms * NS_PER_MS); /* of 20 one by one */
	loopback_stop(&l);
}

static int nobody_listens(struct net_addr *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, so that nobody else takes the port */
	socklen_t len = sizeof(*ret);

	*ret = (struct net_addr){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, &ret->sa, sizeof(ret->v4)), 0);
	assert_int_equal(getsockname(fd, &ret->sa, &len), 0);
	return fd;
}

static void a_closed_port_is_told_at_once(void **state)
{
	struct observed_world *w = *state;
	struct net_addr addr;
	int fd = nobody_listens(&addr);
	const struct observation *o;

	o = ask_once(w, &addr, WAY_UDP_PLAIN);
	assert_int_equal(o->outcome, OUTCOME_REFUSED_CONN);
	assert_int_equal(o->err, -ECONNREFUSED);
	o = ask_once(w, &addr, WAY_TCP);
	assert_int_equal(o->outcome, OUTCOME_REFUSED_CONN);
	close(fd);
}

static int hang_up(const struct loopback_query *q, uint8_t *out)
{
	return q->tcp ? -1 : 0;
}

static void a_connection_closed_without_an_answer_is_told(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = hang_up};

	loopback_start(&l);
	assert_int_equal(ask_once(w, &l.addr, WAY_TCP)->outcome, OUTCOME_CLOSED);
	loopback_stop(&l);
}

static int wrong_id(const struct loopback_query *q, uint8_t *out)
{
	int len = one_address(q, out);

	out[0] ^= 0x55;
	return len;
}

static int wrong_question(const struct loopback_query *q, uint8_t *out)
{
	int len = one_address(q, out);

	out[WIRE_HEADER_LEN + 1] ^= 1; /* of the name */
	return len;
}

static int garbage(const struct loopback_query *q, uint8_t *out)
{
	memcpy(out, q->msg, 7);
	return 7;
}

static void messages_that_do_not_answer_are_told_and_waited_out(void **state)
{
	struct observed_world *w = *state;
	static const struct {
		int (*answer)(const struct loopback_query *q, uint8_t *out);
		enum wrong_reply wrong;
	} cases[] = {{wrong_id, WRONG_ID}, {wrong_question, WRONG_QUESTION}, {garbage, WRONG_GARBLED}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct loopback l = {.answer = cases[i].answer};

		loopback_start(&l);
		for (enum ask_way way = WAY_UDP_PLAIN; way <= WAY_TCP; way += WAY_TCP) {
			const struct observation *o = ask_once(w, &l.addr, way);

			assert_int_equal(o->outcome, OUTCOME_WRONG);
			assert_int_equal(o->wrong, cases[i].wrong);
			assert_int_equal(o->n_wrong, 1);
		}
		loopback_stop(&l);
	}
}

static void echo_wrong_then_right(int fd)
{
	uint8_t msg[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, &from_len);

	msg[2] |= 0x80;
	msg[0] ^= 1;
	(void)sendto(fd, msg, (size_t)len, 0, (struct sockaddr *)&from, from_len);
	msg[0] ^= 1;
	(void)sendto(fd, msg, (size_t)len, 0, (struct sockaddr *)&from, from_len);
}

static void *echo(void *arg)
{
	echo_wrong_then_right(*(int *)arg);
	return NULL;
}

static void an_answer_behind_a_wrong_message_counts(void **state)
{
	struct observed_world *w = *state;
	struct net_addr addr = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr.v4);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct observation *o;
	pthread_t thread;

	assert_int_equal(bind(fd, &addr.sa, len), 0);
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, echo, &fd), 0);
	o = ask_once(w, &addr, WAY_UDP_PLAIN);
	assert_int_equal(o->outcome, OUTCOME_ANSWERED);
	assert_int_equal(o->n_wrong, 1);
	pthread_join(thread, NULL);
	close(fd);
}

/* Answers from another address than the one that was asked. */
static void *answer_from_elsewhere(void *arg)
{
	int fd = *(int *)arg, other = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t msg[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, &from_len);

	msg[2] |= 0x80;
	(void)sendto(other, msg, (size_t)len, 0, (struct sockaddr *)&from, from_len);
	close(other);
	return NULL;
}

static void an_answer_from_another_address_is_seen_and_does_not_count(void **state)
{
	struct observed_world *w = *state;
	struct net_addr addr = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr.v4);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct observation *o;
	pthread_t thread;

	assert_int_equal(bind(fd, &addr.sa, len), 0);
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, answer_from_elsewhere, &fd), 0);
	o = ask_once(w, &addr, WAY_UDP_PLAIN);
	assert_int_equal(o->outcome, OUTCOME_WRONG);
	assert_int_equal(o->wrong, WRONG_SOURCE);
	assert_true(net_addr_same_host(&o->wrong_from, &addr));
	assert_int_not_equal(net_addr_port(&o->wrong_from), net_addr_port(&addr));
	pthread_join(thread, NULL);
	close(fd);
}

/* ---------------------------------------------------------------- many */

static uint16_t ports[4];

/* Notes from which port each UDP question came. */
static void *note_ports(void *arg)
{
	for (unsigned i = 0; i < ARRAY_LEN(ports); i++) {
		uint8_t msg[512];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);

		(void)recvfrom(*(int *)arg, msg, sizeof(msg), 0, (struct sockaddr *)&from, &from_len);
		ports[i] = from.sin_port;
	}
	return NULL;
}

static void a_pair_shares_a_socket_and_others_do_not(void **state)
{
	struct observed_world *w = *state;
	struct net_addr addr = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr.v4);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), server;
	struct asking a = {.w = w, .queues = {{.window = 4}}};
	pthread_t thread;

	assert_int_equal(bind(fd, &addr.sa, len), 0);
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, note_ports, &fd), 0);
	server = add_server(w, &addr);
	for (unsigned i = 0; i < ARRAY_LEN(ports); i++)
		w->seen[add(&a, server, WAY_UDP_PLAIN, 0)].pair = i / 2 + 1;
	run(&a);
	pthread_join(thread, NULL);
	assert_int_equal(ports[0], ports[1]);
	assert_int_equal(ports[2], ports[3]);
	assert_int_not_equal(ports[0], ports[2]);
	close(fd);
}

static void many_in_flight_on_one_socket_are_told_apart(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = one_address};
	struct asking a = {.w = w, .queues = {{.window = 0, .share = true}}};
	int server;

	loopback_start(&l);
	server = add_server(w, &l.addr);
	for (unsigned i = 0; i < 150; i++)
		add(&a, server, WAY_UDP_PLAIN, 0);
	run(&a);
	for (unsigned i = 0; i < w->n_seen; i++)
		assert_int_equal(w->seen[i].outcome, OUTCOME_ANSWERED);
	loopback_stop(&l);
}

static void what_is_over_the_budget_is_not_sent(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = one_address};
	struct asking a = {.w = w, .queues = {{.window = 4}}};
	unsigned not_sent = 0;
	int server;

	loopback_start(&l);
	server = add_server(w, &l.addr);
	for (unsigned i = 0; i < 210; i++) /* of 200 */
		add(&a, server, WAY_UDP_PLAIN, 0);
	run(&a);
	for (unsigned i = 0; i < w->n_seen; i++)
		not_sent += w->seen[i].outcome == OUTCOME_NOT_SENT;
	assert_int_equal(not_sent, 10);
	assert_int_equal(w->used, 200);
	assert_int_equal(l.n_udp, 200);
	loopback_stop(&l);
}

static void a_question_is_not_sent_before_its_time(void **state)
{
	struct observed_world *w = *state;
	struct loopback l = {.answer = one_address};
	struct asking a = {.w = w, .queues = {{.window = 0}}};
	int server;

	loopback_start(&l);
	server = add_server(w, &l.addr);
	add(&a, server, WAY_UDP_PLAIN, 0);
	add(&a, server, WAY_UDP_PLAIN, 0);
	a.items[1].at_ms = 100;
	run(&a);
	assert_true(w->seen[1].sent_ns - w->seen[0].sent_ns >= 90 * NS_PER_MS);
	loopback_stop(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(every_way_gets_its_answer),
		world_test(silence_is_a_timeout_and_ends),
		world_test(a_silent_server_is_given_the_rest_at_once),
		world_test(a_closed_port_is_told_at_once),
		world_test(a_connection_closed_without_an_answer_is_told),
		world_test(messages_that_do_not_answer_are_told_and_waited_out),
		world_test(an_answer_behind_a_wrong_message_counts),
		world_test(an_answer_from_another_address_is_seen_and_does_not_count),
		world_test(a_pair_shares_a_socket_and_others_do_not),
		world_test(many_in_flight_on_one_socket_are_told_apart),
		world_test(what_is_over_the_budget_is_not_sent),
		world_test(a_question_is_not_sent_before_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
