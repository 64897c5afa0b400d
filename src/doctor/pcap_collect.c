// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/rng.h"
#include "doctor/pcap_recall.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t LATE_NS = 5 * (int64_t)NS_PER_S; /* clients have given up by then */
static const int64_t END_NS = 3 * (int64_t)NS_PER_S, END_LEAST_NS = 300 * (int64_t)NS_PER_MS;

int report_init(struct report *r, const char *const *paths, unsigned n)
{
	struct rng rng;

	*r = (struct report){.n_files = n};
	arena_init(&r->arena, NULL, 0, NULL);
	rng_init(&rng);
	rng_bytes(&rng, &r->key, sizeof(r->key));
	r->servers = calloc(REPORT_SERVERS_MAX, sizeof(*r->servers));
	r->names = calloc(REPORT_NAMES_MAX, sizeof(*r->names));
	r->walks = calloc(REPORT_WALKS_MAX, sizeof(*r->walks));
	r->memory = calloc(1, sizeof(*r->memory));
	for (unsigned i = 0; i < n; i++) {
		const char *slash = strrchr(paths[i], '/');
		r->labels[i] = report_text(r, "%s", slash && slash[1] ? slash + 1 : paths[i]);
	}
	return r->servers && r->names && r->walks && r->memory && !r->no_memory ? 0 : -ENOMEM;
}

void report_fini(struct report *r)
{
	for (unsigned i = 0; r->names && i < REPORT_NAMES_MAX; i++)
		free(r->names[i].name);
	free(r->names);
	free(r->servers);
	free(r->walks);
	free(r->memory);
	arena_fini(&r->arena);
}

void report_message(struct report *r, const struct capture_message *m)
{
	r->file_answers[m->file] += capture_is_answer(m);
	if (m->time_ns > r->file_last_ns[m->file])
		r->file_last_ns[m->file] = m->time_ns;
}

/* ---------------------------------------------------------------- sums */

static void count_edns(struct report *r, const struct exchange *e)
{
	unsigned i = 0;

	if (!e->opt_known) {
		r->edns_unknown++;
		return;
	}
	if (!e->has_opt) {
		r->edns_none++;
		return;
	}
	r->edns_do += e->do_bit;
	while (i < r->n_edns && r->edns[i].size != e->udp_size)
		i++;
	if (i == REPORT_SIZES_MAX) {
		r->edns_other++;
		return;
	}
	if (i == r->n_edns)
		r->edns[r->n_edns++].size = e->udp_size;
	r->edns[i].n++;
}

static void count_truncated(struct report *r, const struct exchange *e, const struct report_known *k)
{
	bool over_tcp = k->over_tcp || (k->connection && k->connection->accepted_ns);
	bool failed = !over_tcp && k->connection;

	if (e->tcp || !exchange_truncated(e))
		return;
	r->truncated++;
	r->truncated_over_tcp += over_tcp;
	r->truncated_tcp_failed += failed;
	r->truncated_alone += !over_tcp && !failed;
	r->truncated_empty += !exchange_has_address(e);
	report_item_add(r, &r->truncated_list, e, over_tcp, failed);
}

static void count_answer(struct report *r, const struct exchange *e, const struct report_known *k)
{
	r->answered++;
	r->rcodes[exchange_rcode(e)]++;
	r->late += exchange_latency_ns(e) > LATE_NS;
	count_truncated(r, e, k);
	if (!exchange_cname_only(e) || exchange_nodata(e))
		return;
	r->cname_only++;
	r->cname_only_without_tc += !exchange_truncated(e);
	report_item_add(r, &r->cname_list, e, exchange_truncated(e), false);
}

static void count_unanswered(struct report *r, const struct exchange *e, const struct report_known *k)
{
	if (k->at_the_end) {
		r->at_the_end++;
		return;
	}
	r->unanswered++;
	report_item_add(r, &r->lost_list, e, k->repeat_answered, !k->repeat_answered);
}

static void count_all(struct report *r, const struct exchange *e, const struct report_known *k)
{
	bool again = k->repeated && !e->answer;

	r->questions++;
	r->tcp += e->tcp;
	r->sent_again += e->n_sent - 1;
	r->repeated += again;
	r->repeated_answered += again && k->repeat_answered;
	r->wrong_id += e->n_wrong_id;
	r->wrong_question += e->n_wrong_question;
	r->wrong_source += e->answer ? 0 : e->n_wrong_source;
	r->caused += k->n_caused;
	r->causing += k->n_caused > 0;
	count_edns(r, e);
	if (e->name_len)
		report_name_add(r, e->name, e->name_len, e->name_cut);
	if (e->answer)
		count_answer(r, e, k);
	else
		count_unanswered(r, e, k);
}

/* ---------------------------------------------------------------- a server's sums */

static void count_pair(struct report_server *s, const struct exchange *e, const struct exchange *other)
{
	const struct exchange *later = other->asked.time_ns > e->asked.time_ns ? other : e;

	if (!other->answer && !e->answer) {
		s->pairs_lost++;
	} else if (!other->answer || !e->answer) {
		s->pairs_half++;
		s->pairs_half_later += !later->answer;
	}
	s->pairs++;
}

static void count_server_answer(struct report_server *s, const struct exchange *e)
{
	const struct exchange_answer *a = e->answer;

	s->answered++;
	s->tcp_answered += e->tcp;
	s->aaaa_answered += e->qtype == TYPE_AAAA;
	s->rcodes[exchange_rcode(e)]++;
	s->truncated += exchange_truncated(e);
	s->referrals += exchange_rcode(e) == RCODE_NOERROR && a->n_records[1] == 0 && a->has_ns &&
			!a->has_soa && !(a->flags & FLAG_TC);
	s->fragmented += a->n_fragments > 0;
	s->fragment_lost += a->fragment_lost;
	report_latency_add(&s->latency, exchange_latency_ns(e));
}

static void count_server(struct report *r, const struct exchange *e, const struct report_known *k)
{
	struct report_server *s = report_server(r, &e->server);
	bool lost = !e->answer && !k->at_the_end;

	if (!s) {
		r->servers_more++;
		return;
	}
	s->asked++;
	s->tcp_asked += e->tcp;
	s->lost += lost && !k->repeat_answered;
	if (!e->tcp && e->opt_known && !k->at_the_end) {
		s->edns_asked += e->has_opt;
		s->edns_answered += e->has_opt && e->answer;
		s->plain_asked += !e->has_opt;
		s->plain_answered += !e->has_opt && e->answer;
	}
	if (!e->tcp && !k->at_the_end)
		report_rate_add(&s->rate, e->asked.time_ns, lost);
	if (e->answer)
		count_server_answer(s, e);
	const struct exchange *other = e->tcp || k->at_the_end ? NULL : exchange_pair(r->w, e);
	if (other && e->qtype == TYPE_A)
		count_pair(s, e, other);
	s->singles += !other && !e->tcp;
	s->singles_lost += !other && !e->tcp && lost;
}

/* The server's own address, where clients know it by another one. */
static void count_behind(struct report *r, const struct exchange *e, const struct report_known *k)
{
	struct report_server *front = report_server(r, &e->front->server), *s;
	int at;

	if (e->front == e || !front || capture_end_equal(&e->front->server, &e->server))
		return;
	s = report_server(r, &e->server);
	if (!s)
		return;
	s->is_behind = true;
	s->asked++;
	s->lost += !e->answer && !k->at_the_end; /* asked again it may be another one's turn */
	if (e->answer)
		count_server_answer(s, e);
	at = (int)(s - r->servers);
	for (unsigned i = 0; i < front->n_behind; i++) {
		if (front->behind[i] == at)
			return;
	}
	if (front->n_behind < REPORT_BEHIND_MAX)
		front->behind[front->n_behind++] = at;
}

/* How long an answer of that server may still be on its way: a few times what the slowest took so far. */
static int64_t patience_ns(const struct report *r, const struct capture_end *server)
{
	const struct report_server *s = report_find_server(r, server);
	int64_t ns = s && s->answered ? s->latency.max_ns * 4 : END_NS;

	if (ns < END_LEAST_NS)
		return END_LEAST_NS;
	return ns < END_NS ? ns : END_NS;
}

static struct report_known look(struct report *r, const struct exchange *e)
{
	struct report_known k = {
		.at_the_end = exchange_window_now_ns(r->w) - e->asked_last_ns <
			      patience_ns(r, e->front ? &e->front->server : &e->server),
		.repeated = exchange_repeated(r->w, e),
		.over_tcp = exchange_truncated(e) ? exchange_over_tcp(r->w, e) : NULL,
		.connection = exchange_truncated(e) ? exchange_connection(r->w, e) : NULL,
	};
	const struct exchange *again = k.repeated;

	for (unsigned n = 0; !e->answer && again && n < EXCHANGE_CAUSED_MAX && !k.repeat_answered; n++) {
		k.repeat_answered = again->answer != NULL;
		again = exchange_repeated(r->w, again);
	}
	return k;
}

void report_exchange(void *arg, struct exchange_window *w, const struct exchange *e)
{
	struct report *r = arg;

	r->w = w;
	struct report_known k = look(r, e);
	if (e->front) {
		count_behind(r, e, &k);
		return;
	}
	k.n_caused = exchange_caused(w, e, k.caused);
	for (unsigned i = 0; i < k.n_caused; i++) {
		struct report_server *s = report_server(r, &k.caused[i]->server);
		if (s)
			s->is_upstream = true;
	}
	count_all(r, e, &k);
	count_server(r, e, &k);
	report_walk_add(r, e);
	report_find(r, e, &k);
}

void report_finish(struct report *r)
{
	for (unsigned i = 0; i < r->n_servers; i++)
		report_rate_end(&r->servers[i].rate);
	report_walk_finish(r);
	report_recall_finish(r);
}
