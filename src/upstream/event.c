// SPDX-License-Identifier: Apache-2.0
/* Telling those who look on what an exchange does. */
#include "upstream/exchange.h"

static void tell(const struct upstream_exchange *x, const struct upstream_event *e)
{
	if (x->done && !x->trial && x->w->env.told)
		x->w->env.told(x->arg, x->tag, e);
}

void upstream_tell_asked(const struct upstream_exchange *x, const struct attempt *a,
			 const struct upstream_peer *p, enum leg leg)
{
	tell(x, &(struct upstream_event){
			.kind = UPSTREAM_ASKED,
			.upstream = p->server->text,
			.stream = leg == LEG_TCP,
			.edns = a->edns,
			.hedge = a != &x->a,
		});
}

void upstream_tell_answered(const struct upstream_exchange *x, const struct attempt *a, enum leg leg,
			    const struct wire_ingest *in)
{
	tell(x, &(struct upstream_event){
			.kind = UPSTREAM_ANSWERED,
			.upstream = a->peer->server->text,
			.stream = leg == LEG_TCP,
			.edns = a->edns,
			.hedge = a != &x->a,
			.cut = in->tc,
			.rcode = (uint16_t)in->rcode,
			.took_ns = worker_now(x->w) - a->sent_ns,
		});
}

void upstream_tell_failed(const struct upstream_exchange *x, const struct upstream_server *s,
			  const struct failure *f)
{
	tell(x, &(struct upstream_event){
			.kind = UPSTREAM_FAILED,
			.upstream = s->text,
			.stream = f->leg == LEG_TCP,
			.server = s,
			.failure = f,
		});
}

void upstream_event_error(const struct upstream_event *e, char *out, size_t cap)
{
	upstream_error_text(e->server, e->failure, out, cap);
}
