// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include "config.h"
#include "door.h"
#include "wire/wire.h"

#include <arpa/inet.h>
#include <string.h>

enum { PORT_BASE = 2000, MESSAGE_MAX = 256, MOMENT_MS = 5, LIMIT_MS = 5000, OPT_DO = 0x8000 };

struct question questions[QUESTIONS_MAX];
unsigned n_questions;

void client_reset(void)
{
	n_questions = 0;
}

/* ---------------------------------------------------------------- questions */

static struct question *question_new(struct truth *t, bool tcp)
{
	static const uint16_t sizes[] = {0, 512, 1232, 1400, 4096, 65535};
	struct question *q = &questions[n_questions];
	unsigned kind = world_below(10);

	*q = (struct question){.number = n_questions++, .truth = t, .tcp = tcp};
	q->qtype = t->kind == TRUTH_TEXT ? TYPE_TXT : TYPE_A;
	if (kind == 0)
		q->qtype = TYPE_AAAA;
	q->id = (uint16_t)world_below(65536);
	q->edns = world_percent(70);
	q->size = sizes[world_below(6)];
	q->do_bit = q->edns && world_percent(25);
	q->rd = !world_percent(5);
	q->ad = world_percent(20);
	q->cd = world_percent(5);
	memcpy(q->bytes, t->name, t->name_len);
	for (unsigned i = 0; i < t->name_len; i++) {
		if (q->bytes[i] >= 'a' && q->bytes[i] <= 'z' && world_percent(50))
			q->bytes[i] -= 'a' - 'A';
	}
	wire_put_u16(q->bytes + t->name_len, q->qtype);
	wire_put_u16(q->bytes + t->name_len + 2, CLASS_IN);
	q->bytes_len = (uint16_t)(t->name_len + 4);
	return q;
}

static size_t write_message(const struct question *q, uint8_t *out)
{
	size_t len = WIRE_HEADER_LEN + (size_t)q->bytes_len;

	memset(out, 0, WIRE_HEADER_LEN);
	wire_put_u16(out, q->id);
	wire_put_u16(out + 2, (q->rd ? FLAG_RD : 0u) | (q->ad ? FLAG_AD : 0u) | (q->cd ? FLAG_CD : 0u));
	wire_put_u16(out + 4, 1);
	memcpy(out + WIRE_HEADER_LEN, q->bytes, q->bytes_len);
	if (!q->edns)
		return len;
	wire_put_u16(out + 10, 1);
	memset(out + len, 0, 11);
	wire_put_u16(out + len + 1, TYPE_OPT);
	wire_put_u16(out + len + 3, q->size);
	wire_put_u16(out + len + 7, q->do_bit ? OPT_DO : 0);
	return len + 11;
}

/* Its port was given up: it may have found it closed.  Not sent yet: so will it. */
static bool too_late(const struct question *q)
{
	return q->second_port &&
	       config_second_port_closed(q->connected_ns, q->n_sent ? q->sent_ns[0] : world.now_ns);
}

static void note_sent(struct question *q)
{
	world_tell("question %u: n%u type %u over %s, %s %u%s%s", q->number, q->truth->index, q->qtype,
		   q->tcp ? "tcp" : "udp", q->edns ? "EDNS" : "no EDNS", q->size, q->do_bit ? " DO" : "",
		   q->n_sent ? ", again" : "");
	q->truth->n_questions++;
	q->sent_ns[q->n_sent++] = world.now_ns;
	if (!q->tcp)
		q->connected_ns = q->sent_ns[0];
}

static void take_answer(struct question *q, const uint8_t *msg, size_t len)
{
	uint64_t waited = world.now_ns - q->sent_ns[q->n_sent - 1];

	world_digest(msg, len);
	world_tell("question %u is answered: rcode %u%s, %u records, %zu bytes", q->number,
		   len > 3 ? msg[3] & 15u : 99, len > 3 && msg[2] & 2 ? " TC" : "",
		   len > 7 ? wire_u16(msg + 6) : 0, len);
	if (q->n_answers++ >= q->n_sent)
		world_wrong("question %u has %u answers", q->number, q->n_answers);
	if (waited > LIMIT_MS * NS_PER_MS)
		world_wrong("question %u waited for %.3f s", q->number, (double)waited / 1e9);
	q->answered_ns = world.now_ns;
	check_answer(q, msg, len);
}

/* ---------------------------------------------------------------- UDP */

struct udp_asker {
	struct timer timer;
	struct question *q;
	uint16_t port;
};

/* The second one while it serves. */
static uint16_t choose_port(struct question *q)
{
	const struct config *c = &configs[n_configs - 1];

	q->second_port = c->two_ports && c->done_ns && world_percent(40);
	return q->second_port ? PORT_SECOND : PORT_ALWAYS;
}

static struct net_addr address_of(const struct question *q)
{
	struct net_addr a = {.v4 = {.sin_family = AF_INET}};

	a.v4.sin_addr.s_addr = htonl(0xc6336400u + q->number % 5 + 1);
	a.v4.sin_port = htons((uint16_t)(PORT_BASE + q->number));
	return a;
}

static void udp_ask(struct timer *t)
{
	struct udp_asker *u = container_of(t, struct udp_asker, timer);
	struct net_addr from = address_of(u->q);
	uint8_t msg[MESSAGE_MAX];

	if (u->q->n_answers)
		return;
	if (!u->port)
		u->port = choose_port(u->q);
	note_sent(u->q);
	sim_udp_to_server(&from, u->port, msg, write_message(u->q, msg),
			  world_between(20 * NS_PER_US, 300 * NS_PER_US));
	if (u->q->n_sent < SENDS_MAX && !u->q->second_port && world_percent(20))
		world_after(&u->timer, world_between(300, 3000) * NS_PER_MS);
}

void client_udp_receive(const struct net_addr *at, const uint8_t *data, size_t len)
{
	unsigned i = (unsigned)net_addr_port(at) - PORT_BASE;

	if (i < n_questions && !questions[i].tcp)
		take_answer(&questions[i], data, len);
	else
		world_wrong("an answer to port %u, which asked nothing", net_addr_port(at));
}

static void plan_udp(struct truth *t, uint64_t delay_ns)
{
	struct udp_asker *u = world_alloc(sizeof(*u));

	u->q = question_new(t, false);
	u->timer.fire = udp_ask;
	world_after(&u->timer, delay_ns);
}

/* ---------------------------------------------------------------- TCP */

struct tcp_asker {
	struct timer timer;
	struct sim_end end;
	struct question *q[8];
	unsigned n, n_sent;
	bool leaves, half_closes;
	uint8_t in[2 * 65537];
	size_t len;
};

/* The next question, or what comes after the last. */
static void tcp_ask(struct timer *t)
{
	struct tcp_asker *c = container_of(t, struct tcp_asker, timer);
	uint8_t msg[2 + MESSAGE_MAX];
	size_t len, half;

	if (c->end.closed || c->end.told)
		return;
	if (c->n_sent == c->n) {
		if (c->leaves) {
			world_tell("a client leaves");
			for (unsigned i = 0; i < c->n; i++)
				c->q[i]->gone = true;
			sim_end_close(&c->end, world_percent(70), 100 * NS_PER_US);
			c->end.closed = true;
		} else if (c->half_closes) {
			sim_end_close(&c->end, false, 100 * NS_PER_US);
		}
		return;
	}
	len = write_message(c->q[c->n_sent], msg + 2);
	wire_put_u16(msg, (unsigned)len);
	half = world_percent(30) ? world_below((uint32_t)len) : 0;
	note_sent(c->q[c->n_sent++]);
	sim_end_write(&c->end, msg, half, 100 * NS_PER_US, NULL, NULL);
	sim_end_write(&c->end, msg + half, len + 2 - half, world_between(100 * NS_PER_US, 20 * NS_PER_MS),
		      NULL, NULL);
	world_after(&c->timer, world_percent(50) ? 0 : world_between(0, 900 * NS_PER_MS));
}

static void tcp_opened(struct sim_end *e)
{
	struct tcp_asker *c = e->arg;

	world_after(&c->timer, world_between(0, 50 * NS_PER_MS));
}

static struct question *by_id(const struct tcp_asker *c, uint16_t id)
{
	for (unsigned i = 0; i < c->n_sent; i++) {
		if (c->q[i]->id == id)
			return c->q[i];
	}
	return NULL;
}

static void tcp_data(struct sim_end *e, const uint8_t *data, size_t len)
{
	struct tcp_asker *c = e->arg;

	if (len > sizeof(c->in) - c->len) {
		world_wrong("%zu bytes at once over TCP", len);
		return;
	}
	memcpy(c->in + c->len, data, len);
	c->len += len;
	while (c->len >= 2 && c->len >= 2u + wire_u16(c->in)) {
		size_t n = 2u + wire_u16(c->in);
		struct question *q = n >= 4 ? by_id(c, wire_u16(c->in + 2)) : NULL;

		if (q)
			take_answer(q, c->in + 2, n - 2);
		else
			world_wrong("an answer over TCP to nothing that was asked");
		c->len -= n;
		memmove(c->in, c->in + n, c->len);
	}
}

static void tcp_ended(struct sim_end *e, bool reset)
{
	struct tcp_asker *c = e->arg;

	for (unsigned i = 0; i < c->n; i++) {
		if ((c->q[i]->n_answers < c->q[i]->n_sent || !c->q[i]->n_sent) && !too_late(c->q[i]))
			world_wrong("the connection of question %u is %s", c->q[i]->number,
				    reset ? "reset" : "closed");
	}
	if (!reset)
		sim_end_close(e, false, 0);
	e->closed = true;
}

static const struct sim_end_ops tcp_ops = {.opened = tcp_opened, .data = tcp_data, .ended = tcp_ended};

static void tcp_connect(struct timer *t)
{
	struct tcp_asker *c = container_of(t, struct tcp_asker, timer);
	struct net_addr from = address_of(c->q[0]);

	uint16_t port = choose_port(c->q[0]);

	for (unsigned i = 0; i < c->n; i++) {
		c->q[i]->second_port = c->q[0]->second_port;
		c->q[i]->connected_ns = world.now_ns;
	}
	c->timer.fire = tcp_ask;
	sim_connect(&c->end, &from, port, 200 * NS_PER_US);
}

static void plan_tcp(struct truth *t, uint64_t delay_ns)
{
	struct tcp_asker *c = world_alloc(sizeof(*c));
	unsigned n = 1 + (world_percent(40) ? world_below(7) : 0);

	c->end.ops = &tcp_ops;
	c->end.arg = c;
	while (c->n < n && n_questions < QUESTIONS_MAX) {
		struct question *q =
			question_new(c->n && world_percent(70) ? &truths[world_below(n_truths)] : t, true);

		q->id = (uint16_t)((q->id & ~7u) | c->n);
		c->q[c->n++] = q;
	}
	c->leaves = world_percent(10);
	c->half_closes = world_percent(15);
	c->timer.fire = tcp_connect;
	world_after(&c->timer, delay_ns);
}

/* ---------------------------------------------------------------- the whole */

void client_plan(uint64_t span_ns)
{
	struct truth *t = &truths[world_percent(50) ? world_below(n_truths) : world_below(2)];
	unsigned n = world_percent(20) ? 2 + world_below(10) : 1;
	uint64_t at = world_between(0, span_ns);

	for (unsigned i = 0; i < n && n_questions < QUESTIONS_MAX; i++) {
		uint64_t delay = at + world_between(0, 3 * NS_PER_MS);

		if (world_percent(30))
			plan_tcp(t, delay);
		else
			plan_udp(t, delay);
	}
}

unsigned client_open(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_questions; i++) {
		const struct question *q = &questions[i];

		if (q->n_sent &&
		    (q->n_answers < q->n_sent || world.now_ns - q->answered_ns < MOMENT_MS * NS_PER_MS))
			n += q->n_sent;
	}
	return n;
}

void client_look_back(void)
{
	for (unsigned i = 0; i < n_questions; i++) {
		const struct question *q = &questions[i];

		if (q->n_answers != q->n_sent && !q->gone && !too_late(q))
			world_wrong("question %u was sent %u times and has %u answers", q->number, q->n_sent,
				    q->n_answers);
	}
}
