// SPDX-License-Identifier: Apache-2.0
#include "capture/window.h"

#include <stdlib.h>

static const int64_t GIVE_OUT_NS = 20ll * 1000000000;
/* What comes after another thing may have been written down that much before it (several receive queues). */
static const int64_t SLACK_NS = 1000000;
static const int64_t FORGET_NS = 25ll * 1000000000;

struct exchange_window *exchange_window_new(const struct hash_key *key, const struct exchange_sink *sink)
{
	struct exchange_window *w = calloc(1, sizeof(*w));

	if (w) {
		w->key = *key;
		w->sink = *sink;
		exchange_window_set_slack(w, 0);
	}
	return w;
}

const struct exchange_counts *exchange_window_counts(const struct exchange_window *w)
{
	return &w->counts;
}

int64_t exchange_window_now_ns(const struct exchange_window *w)
{
	return w->now_ns;
}

struct exchange **window_client_bucket(struct exchange_window *w, const struct capture_end *client, bool tcp,
				       uint16_t id)
{
	struct {
		struct capture_end client;
		uint16_t id, tcp;
	} k = {*client, id, tcp};

	_Static_assert(sizeof(k) == sizeof(k.client) + 4, "no padding is hashed");
	return &w->by_client[hash_bytes(&w->key, &k, sizeof(k)) % WINDOW_BUCKETS];
}

struct exchange **window_name_bucket(struct exchange_window *w, const uint8_t *name, size_t len)
{
	return &w->by_name[hash_bytes(&w->key, name, len < WINDOW_NAME_PREFIX ? len : WINDOW_NAME_PREFIX) %
			   WINDOW_BUCKETS];
}

struct capture_connection **window_pair_bucket(struct exchange_window *w, const struct capture_end *client,
					       const struct capture_end *server)
{
	uint8_t k[32];

	memcpy(k, client->addr, 16);
	memcpy(k + 16, server->addr, 16);
	return &w->by_pair[hash_bytes(&w->key, k, sizeof(k)) % CONNECTION_BUCKETS];
}

static size_t host_bit(const struct exchange_window *w, const struct capture_end *host)
{
	return hash_bytes(&w->key, host->addr, sizeof(host->addr)) % WINDOW_HOSTS;
}

bool window_has_asked(const struct exchange_window *w, const struct capture_end *host)
{
	size_t i = host_bit(w, host);

	return w->askers[i / 8] >> (i % 8) & 1;
}

void exchange_window_set_slack(struct exchange_window *w, int64_t between_files_ns)
{
	w->slack_ns[0] = SLACK_NS;
	w->slack_ns[1] = between_files_ns > SLACK_NS ? between_files_ns : SLACK_NS;
}

static void link_in(struct exchange_window *w, struct exchange *e)
{
	struct exchange **c = window_client_bucket(w, &e->client, e->tcp, e->id);
	struct exchange **n = window_name_bucket(w, e->name, e->name_len);

	e->next_of_client = *c;
	if (*c)
		(*c)->prev_of_client = e;
	*c = e;
	e->next_of_name = *n;
	if (*n)
		(*n)->prev_of_name = e;
	*n = e;
	e->older = w->newest;
	if (w->newest)
		w->newest->newer = e;
	else
		w->oldest = e;
	w->newest = e;
	if (!w->next_out)
		w->next_out = e;
	w->n++;
}

static void link_out(struct exchange_window *w, struct exchange *e)
{
	if (e->prev_of_client)
		e->prev_of_client->next_of_client = e->next_of_client;
	else
		*window_client_bucket(w, &e->client, e->tcp, e->id) = e->next_of_client;
	if (e->next_of_client)
		e->next_of_client->prev_of_client = e->prev_of_client;
	if (e->prev_of_name)
		e->prev_of_name->next_of_name = e->next_of_name;
	else
		*window_name_bucket(w, e->name, e->name_len) = e->next_of_name;
	if (e->next_of_name)
		e->next_of_name->prev_of_name = e->prev_of_name;
	w->oldest = e->newer; /* only the oldest leaves */
	if (e->newer)
		e->newer->older = NULL;
	else
		w->newest = NULL;
	w->n--;
}

static void give_out(struct exchange_window *w, struct exchange *e)
{
	w->next_out = e->newer;
	e->given_out = true;
	w->sink.exchange(w->sink.arg, w, e);
}

static void forget(struct exchange_window *w, struct exchange *e)
{
	link_out(w, e);
	if (e->front)
		e->front->behind = NULL;
	if (e->behind)
		e->behind->front = e->behind; /* still a copy, of one that is gone */
	free(e->answer);
	free(e);
}

struct exchange *window_add(struct exchange_window *w, const struct capture_message *m)
{
	struct exchange *e;

	if (w->n >= EXCHANGES_MAX) {
		if (!w->oldest->given_out) {
			w->counts.early++;
			give_out(w, w->oldest);
		}
		forget(w, w->oldest);
	}
	e = calloc(1, sizeof(*e) + m->name_len);
	if (!e) {
		w->counts.no_memory++;
		return NULL;
	}
	*e = (struct exchange){
		.client = m->src,
		.server = m->dst,
		.tcp = m->tcp,
		.id = m->id,
		.flags = m->flags,
		.qtype = m->qtype,
		.qclass = m->qclass,
		.question_known = m->question_known,
		.name_cut = m->name_cut,
		.opt_known = m->opt_known,
		.has_opt = m->has_opt,
		.do_bit = m->do_bit,
		.udp_size = m->udp_size,
		.hop_limit = m->hop_limit,
		.ifindex = m->ifindex,
		.len = m->len,
		.asked = {m->file, m->packet, m->time_ns},
		.asked_last_ns = m->time_ns,
		.n_sent = 1,
		.files = 1u << m->file,
		.name_len = m->name_len,
	};
	memcpy(e->name, m->name, m->name_len);
	size_t host = host_bit(w, &e->client);
	w->askers[host / 8] |= (uint8_t)(1u << (host % 8));
	link_in(w, e);
	return e;
}

static void forget_connection(struct exchange_window *w)
{
	struct capture_connection *c = w->oldest_connection,
				  **at = window_pair_bucket(w, &c->client, &c->server);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	w->oldest_connection = c->newer;
	if (c->newer)
		c->newer->older = NULL;
	else
		w->newest_connection = NULL;
	w->n_connections--;
	free(c);
}

void window_advance(struct exchange_window *w, int64_t now_ns)
{
	if (now_ns > w->now_ns)
		w->now_ns = now_ns;
	while (w->next_out && w->next_out->asked.time_ns + GIVE_OUT_NS < w->now_ns)
		give_out(w, w->next_out);
	while (w->oldest && w->oldest->given_out && w->oldest->asked.time_ns + FORGET_NS < w->now_ns)
		forget(w, w->oldest);
	while (w->oldest_connection && (w->oldest_connection->asked.time_ns + FORGET_NS < w->now_ns ||
					w->n_connections > CAPTURE_CONNECTIONS_MAX))
		forget_connection(w);
}

void exchange_window_finish(struct exchange_window *w)
{
	while (w->next_out)
		give_out(w, w->next_out);
}

void exchange_window_free(struct exchange_window *w)
{
	while (w && w->oldest)
		forget(w, w->oldest);
	while (w && w->oldest_connection)
		forget_connection(w);
	free(w);
}

bool window_same_question(const struct exchange *e, const struct capture_message *m)
{
	size_t n = e->name_len < m->name_len ? e->name_len : m->name_len;

	if (!m->n_records[0])
		return true; /* FORMERR and the like come without a question */
	if (memcmp(e->name, m->name, n) != 0)
		return false;
	if ((!e->name_cut && m->name_len > n) || (!m->name_cut && e->name_len > n))
		return false;
	return !e->question_known || !m->question_known || (e->qtype == m->qtype && e->qclass == m->qclass);
}
