// SPDX-License-Identifier: Apache-2.0
#include "server/listener_settings.h"

#include "net/proxy_policy.h"
#include "server/build.h"

struct merge {
	struct build *b;
	const struct listener *l;
	const struct block *bl;
};

static void warn(const struct merge *m, const char *what, const char *whose)
{
	cf_warning(m->b->errs, m->bl->file, m->bl->line,
		   "an earlier block on %s gives other %s; those of %s block count for all zones there", m->l->text, what,
		   whose);
}

/* The later one counts. */
static void last(const struct merge *m, uint32_t *have, uint32_t given, const char *what)
{
	if (!given)
		return;
	if (*have && *have != given)
		warn(m, what, "this");
	*have = given;
}

void listener_settings_add(struct build *b, struct listener *l, const struct block *bl)
{
	const struct listener_settings *from = &bl->settings;
	struct listener_settings *to = &l->settings;
	const struct merge m = {b, l, bl};
	uint32_t queries = (uint32_t)to->max_tcp_queries;

	last(&m, &to->first_ms, from->first_ms, "`timeouts read`");
	last(&m, &to->idle_ms, from->idle_ms, "`timeouts idle`");
	last(&m, &to->write_ms, from->write_ms, "`timeouts write`");
	last(&m, &queries, (uint32_t)from->max_tcp_queries, "`timeouts maxtcpqueries`");
	to->max_tcp_queries = (int32_t)queries;
	if (from->sockets && to->sockets && from->sockets != to->sockets)
		warn(&m, "`multisocket`", "that");
	if (!to->sockets)
		to->sockets = from->sockets;
	if (from->proxy && to->proxy && !proxy_policy_equal(from->proxy, to->proxy))
		warn(&m, "`proxyproto` settings", "this");
	if (from->proxy)
		to->proxy = from->proxy;
	if (from->shed)
		to->shed = from->shed;
}
