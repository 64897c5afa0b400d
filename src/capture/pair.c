// SPDX-License-Identifier: Apache-2.0
/* Which question a message belongs to, and whether it was seen before. */
#include "capture/window.h"

#include <stdlib.h>

/* Copies come within microseconds on one machine; between captures of two machines the network and what is left of their
 * clocks' difference add to it.  No client repeats that fast: the shortest are some hundred milliseconds. */
static const int64_t COPY_NS = 50 * 1000000;
static const int64_t COPY_OTHER_FILE_NS = 250 * 1000000;
/* A translation of both addresses leaves nothing but the message to go by. */
static const int64_t COPY_BOTH_NS = 5 * 1000000;
static const int64_t ANSWER_NS = 20ll * 1000000000;
static const int64_t FILE_BEGINS_NS = 5ll * 1000000000;

static int64_t apart_ns(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static bool close_enough(const struct capture_message *m, unsigned file, int64_t time_ns)
{
	return apart_ns(m->time_ns, time_ns) <= (m->file == file ? COPY_NS : COPY_OTHER_FILE_NS);
}

/* The question with another server's address: a translated copy has passed a router or another interface.  (musl's resolver
 * asks several servers at once, with one id from one port; those questions have not.) */
static bool is_translated(const struct exchange *e, const struct capture_message *m)
{
	if (!close_enough(m, e->asked.file, e->asked.time_ns) || e->len != m->len || e->flags != m->flags)
		return false;
	return e->hop_limit != m->hop_limit ||
	       (e->asked.file == m->file && e->ifindex && m->ifindex && e->ifindex != m->ifindex);
}

/* The one with the larger hop limit is nearer to the client; with the same, the earlier one. */
static void join(struct exchange_window *w, struct exchange *old, struct exchange *new)
{
	bool new_is_front = new->hop_limit > old->hop_limit;
	struct exchange *front = new_is_front ? new : old, *behind = new_is_front ? old : new;

	if (front->behind || behind->front || front->front || behind->behind)
		return; /* translated twice: the rest stand for themselves */
	front->behind = behind;
	behind->front = front;
	w->counts.translated++;
}

/* The source was translated: found by the name, since nothing else is the same. */
static struct exchange *find_by_message(struct exchange_window *w, const struct capture_message *m)
{
	struct exchange *e = *window_name_bucket(w, m->name, m->name_len);

	for (unsigned n = 0; e && n < WINDOW_WALK_MAX; e = e->next_of_name, n++) {
		if (e->id == m->id && e->tcp == m->tcp && e->len == m->len && e->flags == m->flags &&
		    e->hop_limit != m->hop_limit && window_same_question(e, m) &&
		    !capture_end_equal(&e->client, &m->src) &&
		    apart_ns(m->time_ns, e->asked.time_ns) <= COPY_BOTH_NS)
			return e;
	}
	return NULL;
}

/* The same question from the same port: a copy, or sent again. */
static bool is_again(struct exchange_window *w, struct exchange *e, const struct capture_message *m)
{
	if (close_enough(m, e->asked.file, e->asked_last_ns)) {
		e->n_copies++;
		e->files |= 1u << m->file;
		w->counts.copies++;
		return true;
	}
	if (e->answer || m->time_ns - e->asked.time_ns > ANSWER_NS)
		return false;
	e->n_sent++;
	e->asked_last_ns = m->time_ns;
	return true;
}

static void add_question(struct exchange_window *w, const struct capture_message *m)
{
	struct exchange *e = *window_client_bucket(w, &m->src, m->tcp, m->id), *translated = NULL, *new;

	for (unsigned n = 0; e && n < WINDOW_WALK_MAX; e = e->next_of_client, n++) {
		if (e->id != m->id || e->tcp != m->tcp || !capture_end_equal(&e->client, &m->src) ||
		    !window_same_question(e, m))
			continue;
		if (!capture_end_equal(&e->server, &m->dst)) {
			if (is_translated(e, m))
				translated = e;
		} else if (is_again(w, e, m)) {
			return;
		}
	}
	if (!translated)
		translated = find_by_message(w, m);
	new = window_add(w, m);
	if (!new)
		return;
	if (translated)
		join(w, translated, new);
	else
		w->counts.questions++;
}

static void set_answer(struct exchange_window *w, struct exchange *e, const struct capture_message *m)
{
	struct exchange_answer *a = calloc(1, sizeof(*a) + m->targets_len);

	if (!a) {
		w->counts.no_memory++;
		return;
	}
	*a = (struct exchange_answer){
		.at = {m->file, m->packet, m->time_ns},
		.files = 1u << m->file,
		.n = 1,
		.flags = m->flags,
		.len = m->len,
		.read = m->read,
		.answer_known = m->answer_known,
		.opt_known = m->opt_known,
		.has_opt = m->has_opt,
		.has_soa = m->has_soa,
		.has_ns = m->has_ns,
		.fragment_lost = m->fragment_lost,
		.n_cname = m->n_cname,
		.n_address = m->n_address,
		.n_other = m->n_other,
		.n_fragments = m->n_fragments,
		.udp_size = m->udp_size,
		.detail = m->detail,
		.targets_len = m->targets_len,
		.last_target = m->last_target,
	};
	memcpy(a->n_records, m->n_records, sizeof(a->n_records));
	memcpy(a->targets, m->targets, m->targets_len);
	free(e->answer);
	e->answer = a;
	w->counts.answers += !e->front;
}

/* Seen already, answered again, or the answer. */
static void take_answer(struct exchange_window *w, struct exchange *e, const struct capture_message *m)
{
	struct exchange_answer *a = e->answer;

	if (!a || (a->fragment_lost && !m->fragment_lost)) {
		set_answer(w, e, m);
	} else if (close_enough(m, a->at.file, a->at.time_ns)) {
		a->files |= 1u << m->file;
		w->counts.copies++;
	} else {
		a->n++;
		w->counts.answered_again++;
	}
}

static void note_wrong(struct exchange *e, const struct capture_message *m, unsigned *count)
{
	if (!e->wrong.packet)
		e->wrong = (struct capture_place){m->file, m->packet, m->time_ns};
	++*count;
}

/* From the server asked, to the port that asked, about the question, but with another id. */
static struct exchange *find_other_id(struct exchange_window *w, const struct capture_message *m)
{
	struct exchange *e = *window_name_bucket(w, m->name, m->name_len);

	for (unsigned n = 0; e && n < WINDOW_WALK_MAX; e = e->next_of_name, n++) {
		if (e->id != m->id && e->tcp == m->tcp && !e->answer &&
		    capture_end_equal(&e->client, &m->dst) && capture_end_equal(&e->server, &m->src) &&
		    window_same_question(e, m))
			return e;
	}
	return NULL;
}

static void stray(struct exchange_window *w, const struct capture_message *m)
{
	struct exchange *e = m->name_len ? find_other_id(w, m) : NULL;

	if (e) {
		note_wrong(e, m, &e->n_wrong_id);
		w->counts.wrong_id++;
		return;
	}
	w->counts.without_question++;
	w->counts.without_question_early += m->time_ns - w->began_ns[m->file] < FILE_BEGINS_NS;
}

static void add_answer(struct exchange_window *w, const struct capture_message *m)
{
	struct exchange *e = *window_client_bucket(w, &m->dst, m->tcp, m->id), *other_question = NULL,
			*other_source = NULL;

	for (unsigned n = 0; e && n < WINDOW_WALK_MAX; e = e->next_of_client, n++) {
		if (e->id != m->id || e->tcp != m->tcp || !capture_end_equal(&e->client, &m->dst))
			continue;
		bool same = window_same_question(e, m);
		bool asked = capture_end_equal(&e->server, &m->src);
		if (same && asked) {
			take_answer(w, e, m);
			return;
		}
		if (asked && !e->answer)
			other_question = e;
		else if (same && m->name_len && !e->answer)
			other_source = e;
	}
	if (other_question) {
		note_wrong(other_question, m, &other_question->n_wrong_question);
		w->counts.wrong_question++;
	} else if (other_source) {
		note_wrong(other_source, m, &other_source->n_wrong_source);
		other_source->wrong_source = m->src;
	} else {
		stray(w, m);
	}
}

void exchange_window_message(struct exchange_window *w, const struct capture_message *m)
{
	static const int64_t second_ns = 1000000000;

	if (!w->began_ns[m->file])
		w->began_ns[m->file] = m->time_ns;
	w->counts.bad_order += m->time_ns + second_ns < w->now_ns;
	window_advance(w, m->time_ns);
	if (capture_is_answer(m))
		add_answer(w, m);
	else
		add_question(w, m);
}
