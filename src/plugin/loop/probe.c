// SPDX-License-Identifier: Apache-2.0
/* Asking: one question a try, for half a minute at most. */
#include "plugin/loop/loop.h"

#include "base/clock.h"
#include "base/heap.h"
#include "net/loop.h"
#include "net/udp.h"
#include "server/generation.h"
#include "server/worker.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t ALL_NS = 30 * NS_PER_S, PAUSE_NS = NS_PER_S;
static const uint64_t ANSWER_NS = 2 * NS_PER_S;     /* a loop has come round many times by then */
static const uint64_t NOT_YET_NS = 20 * NS_PER_MS;  /* until this configuration serves */

struct loop_probe {
	struct timer timer;
	struct worker *w;
	const struct loop_check *c;
	struct udp_client *socket; /* while an answer is out */
	uint64_t until_ns;         /* 0: before the first try */
	int tries;
	uint16_t id;
};

static void end_try(struct loop_probe *p)
{
	if (p->socket)
		udp_client_close(p->socket);
	p->socket = NULL;
	__atomic_store_n(&p->c->watch->active, -1, __ATOMIC_RELAXED);
}

/* Without memory for a timer it ends here, as with a server that never answers. */
static void arm(struct loop_probe *p, uint64_t in_ns)
{
	if (timer_arm(loop_timers(p->w->loop), &p->timer, loop_now_ns(p->w->loop) + in_ns))
		end_try(p);
}

static void again_later(struct loop_probe *p)
{
	end_try(p);
	if (p->tries < LOOP_TRIES && loop_now_ns(p->w->loop) + PAUSE_NS < p->until_ns)
		arm(p, PAUSE_NS);
}

/* Any answer will do, provided that it is this configuration's and not that of the one before. */
static void on_answer(void *arg, const uint8_t *data, size_t len)
{
	struct loop_probe *p = arg;

	if (len < WIRE_HEADER_LEN || wire_u16(data) != p->id || !(wire_u16(data + HEADER_FLAGS) & FLAG_QR))
		return;
	if (__atomic_load_n(&p->c->watch->seen, __ATOMIC_RELAXED) == 0) {
		timer_disarm(loop_timers(p->w->loop), &p->timer);
		again_later(p);
		return;
	}
	end_try(p);
	timer_disarm(loop_timers(p->w->loop), &p->timer);
}

static void on_error(void *arg, int err)
{
	struct loop_probe *p = arg;

	timer_disarm(loop_timers(p->w->loop), &p->timer);
	again_later(p);
}

static const struct udp_client_ops ops = {.receive = on_answer, .error = on_error};

static int ask(struct loop_probe *p)
{
	uint8_t msg[WIRE_HEADER_LEN + WIRE_NAME_MAX + 4] = {0};
	size_t len = p->c->name_len[p->tries];
	uint8_t *end = msg + WIRE_HEADER_LEN + len;
	int err = udp_client_open(p->w->loop, &p->c->target, NULL, &ops, p, &p->socket);

	if (err)
		return err;
	p->id = rng_u16(loop_rng(p->w->loop));
	wire_put_u16(msg + HEADER_ID, p->id);
	wire_put_u16(msg + HEADER_FLAGS, FLAG_RD);
	wire_put_u16(msg + HEADER_QDCOUNT, 1);
	memcpy(msg + WIRE_HEADER_LEN, p->c->names[p->tries], len);
	wire_put_u16(end, TYPE_HINFO);
	wire_put_u16(end + 2, CLASS_IN);
	return udp_client_send(p->socket, msg, WIRE_HEADER_LEN + len + 4);
}

static void begin_try(struct loop_probe *p)
{
	struct loop_watch *watch = p->c->watch;

	__atomic_store_n(&watch->seen, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&watch->active, p->tries, __ATOMIC_RELEASE);
	if (ask(p)) {
		p->tries++;
		again_later(p);
		return;
	}
	p->tries++;
	arm(p, ANSWER_NS);
}

static void turn(struct timer *t)
{
	struct loop_probe *p = container_of(t, struct loop_probe, timer);

	bool serves = p->w->gen && p->w->gen->gen == p->c->gen;

	if (!serves && !p->until_ns)
		arm(p, NOT_YET_NS);
	if (!serves && p->until_ns) /* replaced in the meantime */
		end_try(p);
	if (!serves)
		return;
	if (!p->until_ns)
		p->until_ns = loop_now_ns(p->w->loop) + ALL_NS;
	if (p->socket)
		again_later(p);
	else
		begin_try(p);
}

struct loop_probe *loop_probe_new(struct worker *w, const struct loop_check *c)
{
	struct loop_probe *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->w = w;
	p->c = c;
	p->timer.fire = turn;
	arm(p, 0);
	return p;
}

void loop_probe_free(struct loop_probe *p)
{
	timer_disarm(loop_timers(p->w->loop), &p->timer);
	end_try(p);
	free(p);
}
