// SPDX-License-Identifier: Apache-2.0
/* One kept TCP connection: opened, used by many questions at once, ended (RFC 7766).
 *
 *   connecting --connected--> in use <--> idle --expire, max_age--> closed
 * Attempts join a connection while it still connects; their queries go out when it is up.  A connection that ends or
 * stays silent gives its attempts back: with ERR_GONE when it had answered before (an old connection says nothing
 * about the upstream), else with the error. */

#include "upstream/tcp_kept.h"
#include "base/err.h"
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_LIMIT_MS = 4000, /* SYNs at 0, 1 and 3 s */
	/* A connection that has answered before and is silent for three times its usual time, at least this, is given
	 * up: there is time left for another one within a second. */
	SILENCE_MIN_MS = 300,
	/* One that has not answered yet may be slow to begin with; whoever waits has a time-out of its own. */
	UNANSWERED_MS = 6000,
};

/* ---------------------------------------------------------------- life */

static struct tcp_pool *pool_of(const struct tcp_kept *c)
{
	return &c->peer->tcp;
}

static uint64_t now_of(const struct tcp_kept *c)
{
	return worker_now(c->peer->w);
}

void upstream_kept_set_idle(struct tcp_kept *c, bool idle)
{
	if (idle == c->idle)
		return;
	c->idle = idle;
	pool_of(c)->n_idle += idle ? 1 : -1u;
}

/* Out of the pool: nobody finds it any more.  What it holds is still there. */
static void unlink_conn(struct tcp_kept *c)
{
	if (c->gone)
		return;
	c->gone = true;
	upstream_kept_set_idle(c, false);
	*c->pprev = c->next;
	if (c->next)
		c->next->pprev = c->pprev;
	pool_of(c)->n--;
	timer_disarm(worker_timers(c->peer->w), &c->timer);
	if (c->probe)
		upstream_tcp_probe_ended(c->peer->server, now_of(c));
	c->probe = false;
}

static void free_conn(struct tcp_kept *c)
{
	upstream_frame_fini(&c->in);
	free(c);
}

/* Close an idle connection in peace. */
void upstream_kept_close(struct tcp_kept *c)
{
	unlink_conn(c);
	stream_close(c->stream, 0);
	free_conn(c);
}

void upstream_kept_detach(struct attempt *a)
{
	struct tcp_kept *c = a->conn;

	c->slot[a->place] = NULL;
	c->live--;
	a->leg = LEG_NONE;
}

/* Failure texts need the local address, which the stream has while it is there. */
static struct failure failure_of(const struct tcp_kept *c, int err)
{
	struct failure f = {.err = err, .leg = LEG_TCP, .stage = c->connected ? STAGE_READ : STAGE_DIAL};

	if (c->connected)
		f.local = c->local;
	return f;
}

/* The upstream closes after so many answers: no more than that at once next time. */
static void learn_depth(struct tcp_kept *c)
{
	struct tcp_pool *pool = pool_of(c);

	if (c->live && c->answered && c->answered < pool->depth)
		pool->depth = c->answered;
}

/* The stream has gone: tell those that waited.  They may ask again at once, and find other connections. */
static void end_conn(struct tcp_kept *c, int err)
{
	struct failure f = failure_of(c, c->answered ? ERR_GONE : err ? err : -ECONNRESET);

	f.closed = !err;
	unlink_conn(c);
	learn_depth(c);
	if (!c->connected && upstream_net_error(err))
		upstream_tcp_trouble(c->peer->server, now_of(c));
	for (unsigned i = 0; i < TCP_PIPELINE_MAX && c->live; i++) {
		struct attempt *a = c->slot[i];

		if (!a)
			continue;
		upstream_kept_detach(a);
		a->ops->failed(a, &f);
	}
	free_conn(c);
}

void upstream_kept_abort(struct tcp_kept *c, int err)
{
	unlink_conn(c);
	stream_close(c->stream, 0);
	end_conn(c, err);
}

/* ---------------------------------------------------------------- the timer */

static uint64_t silence_limit(const struct tcp_kept *c)
{
	uint64_t most = c->peer->w->set->c.read_timeout_ns;
	uint64_t usual = 3 * c->peer->usual[1].smoothed_ns;

	if (!c->answered)
		return most > UNANSWERED_MS * NS_PER_MS ? most : UNANSWERED_MS * NS_PER_MS;
	if (usual < SILENCE_MIN_MS * NS_PER_MS)
		usual = SILENCE_MIN_MS * NS_PER_MS;
	return usual < most ? usual : most;
}

bool upstream_kept_too_old(const struct tcp_kept *c, uint64_t now)
{
	uint64_t max = c->peer->w->set->c.max_age_ns;

	return max && now - c->opened_ns >= max;
}

static uint64_t due_at(const struct tcp_kept *c)
{
	if (!c->connected)
		return c->opened_ns + CONNECT_LIMIT_MS * NS_PER_MS;
	if (c->live)
		return c->active_ns + silence_limit(c);
	return c->active_ns + c->peer->w->set->c.expire_ns;
}

/* The timer stands at or before the time that counts; when it fires early it looks again. */
void upstream_kept_arm(struct tcp_kept *c)
{
	uint64_t due = due_at(c);

	if (timer_armed(&c->timer) && c->timer.at_ns <= due)
		return;
	if (timer_arm(worker_timers(c->peer->w), &c->timer, due))
		return; /* no memory: the exchanges' own timers still bound their wait */
}

static void check(struct timer *t)
{
	struct tcp_kept *c = container_of(t, struct tcp_kept, timer);

	if (now_of(c) < due_at(c))
		upstream_kept_arm(c);
	else if (!c->connected || c->live)
		upstream_kept_abort(c, -ETIMEDOUT);
	else
		upstream_kept_close(c);
}

/* The last attempt has left.  The connection may be gone afterwards. */
void upstream_kept_settle(struct tcp_kept *c)
{
	const struct upstream_config *cfg = &c->peer->w->set->c;

	if (c->live || c->busy || c->gone || !c->connected)
		return;
	upstream_kept_set_idle(c, true);
	if (!cfg->expire_ns || upstream_kept_too_old(c, now_of(c)) ||
	    (cfg->max_idle_conns && pool_of(c)->n_idle > cfg->max_idle_conns))
		upstream_kept_close(c);
	else
		upstream_kept_arm(c);
}

/* ---------------------------------------------------------------- what the stream says */

int upstream_kept_write(struct tcp_kept *c, struct attempt *a)
{
	wire_put_u16(a->frame, a->len);
	wire_put_u16(a->frame + 2, a->id);
	return stream_write(c->stream, a->frame, 2u + a->len);
}

/* Send what has waited for the connection. */
static int write_waiting(struct tcp_kept *c)
{
	int err = 0;

	for (unsigned i = 0; i < TCP_PIPELINE_MAX && !err; i++) {
		if (c->slot[i])
			err = upstream_kept_write(c, c->slot[i]);
	}
	return err;
}

static void connected(void *arg)
{
	struct tcp_kept *c = arg;
	int err;

	c->connected = true;
	c->active_ns = now_of(c);
	c->local = *stream_local(c->stream);
	upstream_tcp_fine(c->peer->server);
	if (c->probe)
		upstream_tcp_probe_ended(c->peer->server, now_of(c));
	c->probe = false;
	err = c->live ? write_waiting(c) : 0;
	if (err) {
		upstream_kept_abort(c, err);
		return;
	}
	timer_disarm(worker_timers(c->peer->w), &c->timer);
	upstream_kept_arm(c);
	upstream_kept_settle(c);
}

/* One whole message. */
static void take_message(void *arg, const uint8_t *msg, size_t len)
{
	struct tcp_kept *c = arg;
	uint16_t id = len >= WIRE_HEADER_LEN ? wire_u16(msg) : 0;
	struct attempt *a = c->slot[id % TCP_PIPELINE_MAX];

	if (len < WIRE_HEADER_LEN || !a || a->id != id)
		return; /* late, or nothing that was asked */
	if (!a->ops->answer(a, msg, len)) {
		upstream_wrong_reply(c->peer->w, c->peer->server, msg, len);
		return;
	}
	c->answered++;
	upstream_tcp_answered(c->peer->server);
	if (c->answered > c->peer->tcp.depth && c->peer->tcp.depth < TCP_PIPELINE_MAX)
		c->peer->tcp.depth++;
}

static void receive(void *arg, const uint8_t *data, size_t len)
{
	struct tcp_kept *c = arg;
	int err;

	c->active_ns = c->heard_ns = now_of(c);
	c->busy = true;
	err = upstream_frame_read(&c->in, data, len, take_message, c);
	c->busy = false;
	if (err)
		upstream_kept_abort(c, err);
	else
		upstream_kept_settle(c);
}

static void closed(void *arg, int err)
{
	end_conn(arg, err);
}

static const struct stream_ops ops = {.connected = connected, .receive = receive, .closed = closed};

/* ---------------------------------------------------------------- opening */

int upstream_kept_open(struct upstream_peer *p, struct tcp_kept **ret)
{
	struct upstream_worker *w = p->w;
	struct tcp_kept *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->peer = p;
	c->opened_ns = worker_now(w);
	c->timer.fire = check;
	err = stream_connect(w->env.loop, &p->server->addr, w->set->c.source, &ops, c, &c->stream);
	if (err) {
		free(c);
		if (upstream_net_error(err))
			upstream_tcp_trouble(p->server, worker_now(w));
		return err;
	}
	c->next = p->tcp.conns;
	c->pprev = &p->tcp.conns;
	if (c->next)
		c->next->pprev = &c->next;
	p->tcp.conns = c;
	p->tcp.n++;
	upstream_kept_arm(c);
	*ret = c;
	return 0;
}
