// SPDX-License-Identifier: Apache-2.0
/* NOTIFY (RFC 1996): secondaries are told that a zone has changed. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/udp.h"
#include "plugin/transfer/transfer.h"
#include "server/worker.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	TRIES = 3,
	IN_FLIGHT_MAX = 32, /* sockets */
	MESSAGE_MAX = WIRE_HEADER_LEN + WIRE_NAME_MAX + 4,
};
static const uint64_t TRY_NS = 2 * NS_PER_S, LOOK_NS = NS_PER_S, FIRST_LOOK_NS = 100 * NS_PER_MS;

struct job {
	struct job *next;
	struct notifier *n;
	struct net_addr to;
	const struct net_addr *source; /* NULL: the kernel's choice */
	uint8_t zone[WIRE_NAME_MAX];
	/* while it is in flight */
	struct udp_client *socket;
	struct timer timer;
	unsigned tries;
	uint16_t id;
	const char *why;               /* the last try failed */
};

struct jobs {
	struct job *first, **last;
};

struct notifier {
	pthread_mutex_t lock;
	struct jobs waiting;           /* lock, with the next two */
	unsigned n_waiting;
	unsigned lost;                 /* there was no room for */
	struct loop *loop;             /* worker, like all below */
	struct timer look;
	struct job *flying;
	unsigned n_flying, failed;
};

struct notifier *notifier_new(void)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	pthread_mutex_init(&n->lock, NULL);
	n->waiting.last = &n->waiting.first;
	return n;
}

static void free_jobs(struct job *j)
{
	while (j) {
		struct job *next = j->next;

		free(j);
		j = next;
	}
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	free_jobs(n->waiting.first);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* ---------------------------------------------------------------- what is to be told */

static bool is_waiting(const struct notifier *n, const struct net_addr *to, const uint8_t *zone)
{
	for (const struct job *j = n->waiting.first; j; j = j->next) {
		if (net_addr_equal(&j->to, to) && wire_name_equal(j->zone, zone))
			return true;
	}
	return false;
}

static void add(struct notifier *n, const struct transfer_rule *r, const struct net_addr *to, const uint8_t *zone)
{
	struct job *j;

	if (is_waiting(n, to, zone))
		return;
	j = n->n_waiting < NOTIFY_WAITING_MAX ? calloc(1, sizeof(*j)) : NULL;
	if (!j) {
		n->lost++;
		return;
	}
	j->n = n;
	j->to = *to;
	if (r->has_source && net_addr_family(&r->source) == net_addr_family(to))
		j->source = &r->source;
	memcpy(j->zone, zone, wire_name_len(zone));
	*n->waiting.last = j;
	n->waiting.last = &j->next;
	n->n_waiting++;
}

void notifier_add(struct notifier *n, const struct transfer_rule *r, const uint8_t *zone)
{
	pthread_mutex_lock(&n->lock);
	for (const struct transfer_to *to = r->to; to; to = to->next) {
		if (!to->all)
			add(n, r, &to->addr, zone);
	}
	pthread_mutex_unlock(&n->lock);
}

static struct job *take_waiting(struct notifier *n)
{
	struct job *j;

	pthread_mutex_lock(&n->lock);
	j = n->waiting.first;
	if (j) {
		n->waiting.first = j->next;
		if (!j->next)
			n->waiting.last = &n->waiting.first;
		n->n_waiting--;
	}
	pthread_mutex_unlock(&n->lock);
	return j;
}

static unsigned take_lost(struct notifier *n)
{
	unsigned lost;

	pthread_mutex_lock(&n->lock);
	lost = n->lost;
	n->lost = 0;
	pthread_mutex_unlock(&n->lock);
	return lost;
}

/* ---------------------------------------------------------------- telling */

static void fill(struct notifier *n);

static void ground(struct job *j)
{
	struct notifier *n = j->n;
	struct job **at = &n->flying;

	if (timer_armed(&j->timer))
		timer_disarm(loop_timers(n->loop), &j->timer);
	if (j->socket)
		udp_client_close(j->socket);
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	n->n_flying--;
	free(j);
}

static void give_up(struct job *j)
{
	char zone[WIRE_NAME_TEXT_MAX], to[NET_ADDR_TEXT_MAX];

	/* One of many is told of; with hundreds of zones a secondary that is down would fill the log. */
	if (j->n->failed++ == 0) {
		wire_name_text(j->zone, zone);
		log_line(LOG_WARNING, "plugin/transfer: failed to send notify for zone \"%s\" to %s: %s", zone,
			 net_addr_port_text(&j->to, to), j->why);
	}
	ground(j);
}

/* The next try comes with the timer. */
static void received(void *arg, const uint8_t *data, size_t len)
{
	struct job *j = arg;
	struct notifier *n = j->n;

	if (len < WIRE_HEADER_LEN || wire_u16(data) != j->id || !(wire_u16(data + 2) & FLAG_QR) ||
	    (wire_u16(data + 2) & FLAG_OPCODE) >> 11 != OPCODE_NOTIFY)
		return;
	if (data[3] & 0x0f) {
		j->why = "the answer is a refusal";
		return;
	}
	ground(j);
	fill(n);
}

static void send_error(void *arg, int err)
{
	struct job *j = arg;

	j->why = err_text(err);
}

static const struct udp_client_ops ops = {.receive = received, .error = send_error};

static int send_one(struct job *j)
{
	uint8_t msg[MESSAGE_MAX] = {0};
	size_t len = wire_name_len(j->zone);

	j->id = (uint16_t)rng_below(loop_rng(j->n->loop), 65536);
	wire_put_u16(msg, j->id);
	wire_put_u16(msg + 2, OPCODE_NOTIFY << 11 | FLAG_AA);
	wire_put_u16(msg + 4, 1);
	memcpy(msg + WIRE_HEADER_LEN, j->zone, len);
	len += WIRE_HEADER_LEN;
	wire_put_u16(msg + len, TYPE_SOA);
	wire_put_u16(msg + len + 2, CLASS_IN);
	return udp_client_send(j->socket, msg, len + 4);
}

/* Another port each time: a forged answer to the last one is of no use. */
static void try(struct job *j)
{
	struct notifier *n = j->n;
	int err;

	if (j->socket)
		udp_client_close(j->socket);
	j->socket = NULL;
	j->why = "no answer in time";
	j->tries++;
	err = udp_client_open(n->loop, &j->to, j->source, &ops, j, &j->socket);
	if (!err)
		err = send_one(j);
	if (err)
		j->why = err_text(err);
	if (timer_arm(loop_timers(n->loop), &j->timer, loop_now_ns(n->loop) + TRY_NS))
		give_up(j);
}

static void again(struct timer *t)
{
	struct job *j = container_of(t, struct job, timer);
	struct notifier *n = j->n;

	if (j->tries < TRIES) {
		try(j);
		return;
	}
	give_up(j);
	fill(n);
}

static void tell_failed(struct notifier *n)
{
	unsigned lost = take_lost(n);

	if (n->failed > 1)
		log_line(LOG_WARNING, "plugin/transfer: failed to send notify %u times more", n->failed - 1);
	if (lost)
		log_line(LOG_WARNING, "plugin/transfer: %u notifies are not sent: more than %d wait", lost, NOTIFY_WAITING_MAX);
	n->failed = 0;
}

static void fill(struct notifier *n)
{
	struct job *j;

	while (n->n_flying < IN_FLIGHT_MAX && (j = take_waiting(n))) {
		j->next = n->flying;
		n->flying = j;
		n->n_flying++;
		j->timer.fire = again;
		try(j);
	}
	if (!n->n_flying)
		tell_failed(n);
}

static void look(struct timer *t)
{
	struct notifier *n = container_of(t, struct notifier, look);

	fill(n);
	if (timer_arm(loop_timers(n->loop), &n->look, loop_now_ns(n->loop) + LOOK_NS))
		log_line(LOG_ERROR, "plugin/transfer: out of memory: no notify is sent any more");
}

int notifier_start(struct notifier *n, struct worker *w)
{
	n->loop = w->loop;
	n->look.fire = look;
	return timer_arm(loop_timers(n->loop), &n->look, loop_now_ns(n->loop) + FIRST_LOOK_NS) ? -ENOMEM : 0;
}

void notifier_stop(struct notifier *n)
{
	if (timer_armed(&n->look))
		timer_disarm(loop_timers(n->loop), &n->look);
	while (n->flying)
		ground(n->flying);
}
