// SPDX-License-Identifier: Apache-2.0
#include "capture/relate.h"

#include "capture/window.h"
#include "wire/name.h"

static const int64_t AFTER_ANSWER_NS = 5ll * 1000000000;
static const int64_t PAIR_NS = 50 * 1000000;

static int64_t slack(const struct exchange_window *w, unsigned file_a, unsigned file_b)
{
	return w->slack_ns[file_a != file_b];
}

static bool same_name(const struct exchange *a, const struct exchange *b)
{
	size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;

	if (memcmp(a->name, b->name, n) != 0)
		return false;
	return (a->name_len == n || b->name_cut) && (b->name_len == n || a->name_cut);
}

static bool same_type(const struct exchange *a, const struct exchange *b)
{
	return !a->question_known || !b->question_known || (a->qtype == b->qtype && a->qclass == b->qclass);
}

/* Others with a name of the same beginning, those that came after `e` first, from the nearest on; then those before it. */
struct near {
	const struct exchange *newer, *older;
	unsigned n;
};

static struct near near_start(const struct exchange *e)
{
	return (struct near){.newer = e->prev_of_name, .older = e->next_of_name};
}

static const struct exchange *near_next(struct near *i)
{
	const struct exchange *o = i->newer;

	if (o && i->n < WINDOW_WALK_MAX) {
		i->n++;
		i->newer = o->prev_of_name;
		return o;
	}
	i->newer = NULL;
	i->n = i->n < WINDOW_WALK_MAX ? WINDOW_WALK_MAX : i->n;
	o = i->older;
	if (!o || i->n++ >= WINDOW_WALK_MAX + WINDOW_WALK_OLDER_MAX)
		return NULL;
	i->older = o->next_of_name;
	return o;
}

/* Of the client's own: another exchange with the same question, asked in [from, to], the earliest. */
static const struct exchange *find_own(struct exchange_window *w, const struct exchange *e, bool tcp_only,
				       int64_t from, int64_t to)
{
	const struct exchange *o, *found = NULL;

	for (struct near i = near_start(e); (o = near_next(&i));) {
		if (o->front || (tcp_only && !o->tcp) || o->asked.time_ns < from || o->asked.time_ns > to)
			continue;
		if (capture_end_same_host(&o->client, &e->client) && same_type(o, e) && same_name(o, e) &&
		    (!found || o->asked.time_ns < found->asked.time_ns))
			found = o;
	}
	return found;
}

const struct exchange *exchange_over_tcp(struct exchange_window *w, const struct exchange *e)
{
	if (!e->answer || e->tcp || !e->name_len)
		return NULL;
	int64_t from = e->answer->at.time_ns;
	return find_own(w, e, true, from - slack(w, e->answer->at.file, e->asked.file),
			from + AFTER_ANSWER_NS);
}

const struct exchange *exchange_repeated(struct exchange_window *w, const struct exchange *e)
{
	return e->name_len ? find_own(w, e, false, e->asked.time_ns + 1, INT64_MAX) : NULL;
}

const struct capture_connection *exchange_connection(struct exchange_window *w, const struct exchange *e)
{
	const struct capture_connection *c = *window_pair_bucket(w, &e->client, &e->server), *found = NULL;

	if (!e->answer)
		return NULL;
	for (unsigned n = 0; c && n < WINDOW_WALK_MAX; c = c->next, n++) {
		int64_t after = c->asked.time_ns - e->answer->at.time_ns;
		if (after < -slack(w, c->asked.file, e->answer->at.file) || after > AFTER_ANSWER_NS ||
		    !capture_end_same_host(&c->client, &e->client) ||
		    !capture_end_same_host(&c->server, &e->server))
			continue;
		if (!found || (found->accepted_ns && !c->accepted_ns))
			found = c;
	}
	return found;
}

const struct exchange *exchange_pair(struct exchange_window *w, const struct exchange *e)
{
	const struct exchange *o;
	uint16_t other = e->qtype == TYPE_A ? TYPE_AAAA : TYPE_A;

	if (!e->question_known || (e->qtype != TYPE_A && e->qtype != TYPE_AAAA))
		return NULL;
	for (struct near i = near_start(e); (o = near_next(&i));) {
		int64_t apart = o->asked.time_ns - e->asked.time_ns;
		if (o->question_known && o->qtype == other && o->tcp == e->tcp && !o->front &&
		    apart < PAIR_NS && apart > -PAIR_NS && capture_end_equal(&o->client, &e->client) &&
		    capture_end_same_host(&o->server, &e->server) && same_name(o, e))
			return o;
	}
	return NULL;
}

const struct exchange *exchange_better(struct exchange_window *w, const struct exchange *e)
{
	const struct exchange *o;

	for (struct near i = near_start(e); (o = near_next(&i));) {
		if (exchange_has_address(o) && same_type(o, e) && same_name(o, e))
			return o;
	}
	return NULL;
}

/* ---------------------------------------------------------------- what a question caused */

struct caused {
	struct exchange_window *w;
	const struct exchange *e;
	bool by_time; /* the asker's address does not matter */
	const struct exchange **list;
	unsigned n;
};

static bool is_asker(const struct caused *c, const struct exchange *o)
{
	const struct exchange *e = c->e;

	if (capture_end_equal(&o->server, &e->server) && capture_end_same_host(&o->client, &e->client))
		return false; /* the client asks again */
	if (c->by_time)
		return !capture_end_same_host(&o->client, &e->client) &&
		       !capture_end_same_host(&o->server, &e->server);
	return capture_end_same_host(&o->client, &e->server) ||
	       (e->behind && capture_end_same_host(&o->client, &e->behind->server));
}

static bool is_during(const struct caused *c, const struct exchange *o)
{
	const struct exchange *e = c->e;
	int64_t s = slack(c->w, o->asked.file, e->asked.file);

	if (c->by_time) /* nothing else says so: it must lie within */
		return o->asked.time_ns > e->asked.time_ns && e->answer &&
		       o->asked.time_ns < e->answer->at.time_ns &&
		       (!o->answer || o->answer->at.time_ns <= e->answer->at.time_ns);
	if (o->asked.time_ns < e->asked.time_ns - s)
		return false;
	return !e->answer || o->asked.time_ns <= e->answer->at.time_ns + s;
}

/* Keep the list in the order of time; where it is full, the earliest. */
static void insert(struct caused *c, const struct exchange *o)
{
	unsigned at = c->n;

	for (unsigned i = 0; i < c->n; i++) {
		if (c->list[i] == o)
			return;
	}
	while (at && c->list[at - 1]->asked.time_ns > o->asked.time_ns)
		at--;
	if (at == EXCHANGE_CAUSED_MAX)
		return;
	c->n += c->n < EXCHANGE_CAUSED_MAX;
	memmove(c->list + at + 1, c->list + at, (c->n - at - 1) * sizeof(*c->list));
	c->list[at] = o;
}

static void consider(struct caused *c, const struct exchange *o, const uint8_t *name, size_t len, bool cut)
{
	size_t common = o->name_len < len ? o->name_len : len;
	bool same = (o->name_len == len || (o->name_len < len ? o->name_cut : cut)) &&
		    !memcmp(o->name, name, common);

	if (same && o != c->e && o != c->e->behind && !o->front && is_asker(c, o) && is_during(c, o))
		insert(c, o);
}

/* By its own name, and by those that the answer's CNAMEs lead to. */
static void find_all(struct caused *c)
{
	const struct exchange *e = c->e, *o;

	for (struct near i = near_start(e); e->name_len && (o = near_next(&i));)
		consider(c, o, e->name, e->name_len, e->name_cut);
	for (size_t at = 0; e->answer && at < e->answer->targets_len;) {
		const uint8_t *name = e->answer->targets + at;
		size_t len = wire_name_len(name);
		o = *window_name_bucket(c->w, name, len);
		for (unsigned n = 0; o && n < WINDOW_WALK_TARGET_MAX; o = o->next_of_name, n++)
			consider(c, o, name, len, false);
		at += len;
	}
}

bool exchange_server_asks(const struct exchange_window *w, const struct exchange *e)
{
	return window_has_asked(w, &e->server) || (e->behind && window_has_asked(w, &e->behind->server));
}

unsigned exchange_caused(struct exchange_window *w, const struct exchange *e,
			 const struct exchange *ret[EXCHANGE_CAUSED_MAX])
{
	struct caused c = {w, e, false, ret, 0};

	find_all(&c);
	if (c.n || exchange_server_asks(w, e))
		return c.n;
	c.by_time = true;
	find_all(&c);
	return c.n;
}
