// SPDX-License-Identifier: Apache-2.0
#include "tcp_client.h"

#include "net/listen.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void answer(const struct net_return *to, uint16_t id, size_t len)
{
	uint8_t *out = net_reply_begin(to, len);

	if (!out)
		return;
	memset(out, 0, len);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	net_reply_end(to, len);
}

static void request(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret)
{
	struct port *p = arg;
	uint16_t id = (uint16_t)(msg[0] << 8 | msg[1]);

	if (p->turn_ns != loop_now_ns(p->l)) {
		p->turn_ns = loop_now_ns(p->l);
		p->in_turn = 0;
	}
	p->requests++;
	if (++p->in_turn > p->most_in_turn)
		p->most_in_turn = p->in_turn;
	if (p->on_request)
		p->on_request(p);
	if (!p->hold) {
		answer(ret, id, p->answer_len ? p->answer_len : len);
		return;
	}
	assert_true(p->n_held < HELD_MAX);
	p->held_id[p->n_held] = id;
	p->held[p->n_held++] = *ret;
}

void port_start(struct port *p, unsigned max_conns, const struct tcp_limits *limits)
{
	int udp = -1, tcp = -1;

	memset(p, 0, sizeof(*p));
	p->l = loop_new(4);
	assert_non_null(p->l);
	p->table = tcp_table_new(p->l, max_conns);
	assert_non_null(p->table);
	/* A port that is free for one transport may be somebody's for the other. */
	for (int i = 0; i < 20 && udp < 0; i++) {
		p->at = addr_of("127.0.0.1", 0);
		tcp = listen_tcp(&p->at);
		assert_true(tcp >= 0);
		net_addr_set_port(&p->at, port_of(tcp));
		udp = listen_udp(&p->at);
		if (udp < 0)
			close(tcp);
	}
	assert_true(udp >= 0);
	assert_int_equal(net_port_start(p->l, p->table, udp, tcp, &p->at, TRANSPORT_DNS, limits, p, request,
					p, &p->port),
			 0);
}

void port_stop(struct port *p)
{
	if (p->port)
		net_port_close(p->port);
	tcp_table_free(p->table);
	loop_free(p->l);
}

void port_done(void *arg)
{
	struct port *p = arg;

	p->done = true;
	p->port = NULL;
}

void answer_held(struct port *p, size_t i, size_t len)
{
	answer(&p->held[i], p->held_id[i], len);
}

size_t frame(uint8_t *out, uint16_t id, size_t len)
{
	memset(out, 0, len + 2);
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	out[2] = (uint8_t)(id >> 8);
	out[3] = (uint8_t)id;
	return len + 2;
}

void send_query(int fd, uint16_t id, size_t len)
{
	uint8_t out[2048];

	assert_true(len + 2 <= sizeof(out));
	len = frame(out, id, len);
	assert_int_equal(send(fd, out, len, MSG_NOSIGNAL), len);
}

ssize_t next_answer(int fd, uint16_t *ret_id)
{
	static uint8_t buf[2 + NET_MESSAGE_MAX];
	ssize_t n = recv(fd, buf, 2, MSG_PEEK | MSG_DONTWAIT);
	size_t len;

	if (n <= 0)
		return n == -1 ? -errno : 0;
	if (n < 2)
		return -EAGAIN;
	len = (size_t)buf[0] << 8 | buf[1];
	n = recv(fd, buf, len + 2, MSG_PEEK | MSG_DONTWAIT);
	if (n < (ssize_t)(len + 2))
		return -EAGAIN;
	assert_int_equal(recv(fd, buf, len + 2, MSG_DONTWAIT), len + 2);
	if (ret_id)
		*ret_id = (uint16_t)(buf[2] << 8 | buf[3]);
	return (ssize_t)len;
}

int tcp_client(const struct port *p)
{
	return client(SOCK_STREAM, &p->at);
}
