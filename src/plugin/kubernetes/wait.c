// SPDX-License-Identifier: Apache-2.0
/* While the cluster is being read for the first time an answer could be wrong.  So questions about it
 * wait, as long as `startup_timeout` and their own deadline let them; other zones are served meanwhile. */
#include "base/clock.h"
#include "plugin/kubernetes/kubernetes.h"
#include "server/worker.h"

/* How often a question looks whether it can go on, and how long before its deadline it does so anyway:
 * then the answer says why. */
static const uint64_t LOOK_NS = 20 * NS_PER_MS, MARGIN_NS = 100 * NS_PER_MS;

static bool arm(struct k8s_wait *w)
{
	struct loop *l = w->q->w->loop;
	uint64_t now = loop_now_ns(l), until = w->k->wait_until_ns;

	if (until > w->q->deadline_ns - MARGIN_NS)
		until = w->q->deadline_ns - MARGIN_NS;
	if (now >= until || !k8s_unsynced(w->k))
		return false;
	return !timer_arm(loop_timers(l), &w->timer, now + LOOK_NS < until ? now + LOOK_NS : until);
}

static void look_again(struct timer *t)
{
	struct k8s_wait *w = container_of(t, struct k8s_wait, timer);

	if (!arm(w))
		w->go(w->q, w->arg);
}

bool k8s_wait(struct k8s_wait *w, const struct kubernetes *k, struct query *q,
	      void (*go)(struct query *q, void *arg), void *arg)
{
	*w = (struct k8s_wait){.timer.fire = look_again, .q = q, .k = k, .go = go, .arg = arg};
	return arm(w);
}

void k8s_wait_end(struct k8s_wait *w, struct query *q)
{
	if (unlikely(timer_armed(&w->timer)))
		timer_disarm(loop_timers(q->w->loop), &w->timer);
}
