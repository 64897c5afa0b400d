// SPDX-License-Identifier: Apache-2.0
/* Replaced generations: waiting for their last query, and what becomes of those that take too long. */
#include "control/control.h"
#include "server/generation.h"

enum {
	CANCEL_AFTER_MS = 10000, /* what a replaced generation may still hold so long */
	CANCEL_LOOK_MS = 1000,
};

/* generation_ended has no argument for it; one server a process. */
static struct retired *the_retired;

void retired_ended(struct generation *g)
{
	struct retired *r = the_retired;

	pthread_mutex_lock(&r->lock);
	if (r->n_ended < ARRAY_LEN(r->ended))
		r->ended[r->n_ended++] = g;
	pthread_mutex_unlock(&r->lock);
	(void)uv_async_send(&r->ended_async); /* fails only for a closed handle */
}

/* Strike a replaced generation off the list; false: control has not heard yet that it was replaced. */
static bool forget_old(struct retired *r, const struct generation *g)
{
	for (size_t i = 0; i < OLD_MAX; i++) {
		if (r->old[i].g == g) {
			r->old[i].g = NULL;
			return true;
		}
	}
	return false;
}

/* The next one that can be freed.  A generation may end before the reload that replaced it has been taken note of:
 * until then it stays, because that note names it. */
static struct generation *take_ended(struct retired *r, bool all)
{
	struct generation *g = NULL;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < r->n_ended && !g; i++) {
		if (!forget_old(r, r->ended[i]) && !all)
			continue;
		g = r->ended[i];
		r->ended[i] = r->ended[--r->n_ended];
	}
	pthread_mutex_unlock(&r->lock);
	return g;
}

static void free_ended(struct retired *r, bool all)
{
	struct generation *g;

	while ((g = take_ended(r, all)))
		generation_retire(g);
}

static void on_ended_async(uv_async_t *h)
{
	free_ended(h->data, false);
}

static unsigned count_old(const struct retired *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < OLD_MAX; i++)
		n += r->old[i].g != NULL;
	return n;
}

static void on_cancel_timer(uv_timer_t *t)
{
	struct retired *r = t->data;

	for (size_t i = 0; i < OLD_MAX; i++) {
		if (!r->old[i].g || r->old[i].cancelled || uv_now(t->loop) - r->old[i].since_ms < CANCEL_AFTER_MS)
			continue;
		r->old[i].cancelled = true;
		server_cancel(r->old[i].g);
	}
	if (!count_old(r))
		uv_timer_stop(t);
}

void retired_init(struct retired *r, uv_loop_t *loop)
{
	the_retired = r;
	pthread_mutex_init(&r->lock, NULL);
	uv_async_init(loop, &r->ended_async, on_ended_async);
	uv_timer_init(loop, &r->cancel_timer);
	r->ended_async.data = r;
	r->cancel_timer.data = r;
}

bool retired_has_room(const struct retired *r)
{
	return count_old(r) < OLD_MAX;
}

void retired_add(struct retired *r, struct generation *g)
{
	for (size_t i = 0; i < OLD_MAX; i++) {
		if (r->old[i].g)
			continue;
		r->old[i].g = g;
		r->old[i].since_ms = uv_now(r->cancel_timer.loop);
		r->old[i].cancelled = false;
		break;
	}
	free_ended(r, false);
	uv_timer_start(&r->cancel_timer, on_cancel_timer, CANCEL_AFTER_MS, CANCEL_LOOK_MS);
}

size_t retired_left(const struct retired *r, struct generation **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < OLD_MAX; i++) {
		if (r->old[i].g)
			ret[n++] = r->old[i].g;
	}
	return n;
}

void retired_free_all(struct retired *r)
{
	free_ended(r, true);
}
