// SPDX-License-Identifier: Apache-2.0
/* One worker's part of a set: its beginning and its end. */

#include "upstream/exchange.h"

#include <errno.h>
#include <stdlib.h>

int upstream_worker_start(struct upstream_set *s, const struct upstream_env *env,
			  struct upstream_worker **ret)
{
	struct upstream_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->peers = calloc(s->n, sizeof(*w->peers));
	if (!w->peers) {
		free(w);
		return -ENOMEM;
	}
	w->set = s;
	w->env = *env;
	upstream_hedge_begin(w);
	for (unsigned i = 0; i < s->n; i++) {
		w->peers[i].server = &s->servers[i];
		w->peers[i].w = w;
	}
	atomic_fetch_add_explicit(&s->n_workers, 1, memory_order_relaxed);
	*ret = w;
	return 0;
}

void upstream_worker_stop(struct upstream_worker *w)
{
	while (w->running)
		upstream_exchange_drop(w->running);
	for (unsigned i = 0; i < w->set->n; i++) {
		upstream_probes_fini(&w->peers[i]);
		upstream_udp_fini(&w->peers[i]);
		upstream_tcp_fini(&w->peers[i]);
	}
	upstream_slab_fini(w);
	atomic_fetch_sub_explicit(&w->set->n_workers, 1, memory_order_relaxed);
	free(w->peers);
	free(w);
}

void upstream_leave(struct attempt *a)
{
	if (a->leg == LEG_UDP)
		upstream_udp_leave(a);
	else if (a->leg == LEG_TCP)
		upstream_tcp_leave(a);
}
