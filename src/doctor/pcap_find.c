// SPDX-License-Identifier: Apache-2.0
/* Signs of faults, exchange by exchange.  What only sums can tell (loss by rate, EDNS without any answer, dead servers) is
 * judged at the end, in pcap_judge.c. */
#include "base/clock.h"
#include "doctor/pcap_recall.h"
#include "wire/name.h"

#include <string.h>

enum { LARGE_LEAST = 1232 }; /* what the DNS flag day of 2020 calls safe */

static const int64_t TCP_FOLLOWS_NS = 50 * (int64_t)NS_PER_MS;
static const struct capture_end nobody;

static struct report_finding *find(struct report *r, enum verdict_slug slug, const struct capture_end *server,
				   const struct capture_end *client)
{
	struct capture_end host = *client;

	host.port = 0;
	for (unsigned i = 0; i < r->n_findings; i++) {
		struct report_finding *f = &r->findings[i];
		if (f->slug == slug && capture_end_equal(&f->server, server) &&
		    capture_end_equal(&f->client, &host))
			return f;
	}
	if (r->n_findings == REPORT_FINDINGS_MAX) {
		r->findings_more++;
		return NULL;
	}
	r->findings[r->n_findings] = (struct report_finding){.slug = slug, .server = *server, .client = host};
	return &r->findings[r->n_findings++];
}

const char **report_sign(struct report *r, enum verdict_slug slug, enum verdict_severity severity,
			 const struct capture_end *server, const struct capture_end *client, bool mended)
{
	struct report_finding *f = find(r, slug, server, client);

	if (!f)
		return NULL;
	f->n++;
	f->n_mended += mended;
	if (severity > f->severity && f->n_stories == REPORT_STORIES_MAX)
		f->n_stories--; /* a worse one is worth more than the last that was kept */
	f->severity = severity > f->severity ? severity : f->severity;
	return f->n_stories < REPORT_STORIES_MAX ? &f->stories[f->n_stories++] : NULL;
}

/* One more, told by this exchange. */
static void sign(struct report *r, enum verdict_slug slug, enum verdict_severity severity,
		 const struct exchange *e, const struct report_known *k, const struct capture_end *client,
		 bool mended)
{
	const char **room = report_sign(r, slug, severity, &e->server, client, mended);

	if (room)
		*room = report_story(r, e, k);
}

/* ---------------------------------------------------------------- truncation */

static const struct exchange *cut_upstream(const struct report_known *k)
{
	for (unsigned i = 0; i < k->n_caused; i++) {
		if (!k->caused[i]->tcp && exchange_truncated(k->caused[i]))
			return k->caused[i];
	}
	return NULL;
}

/* It holds no address: that can be seen, or it has as many records as the upstream's, which holds none. */
static bool is_empty(const struct exchange *e, const struct exchange *upstream)
{
	if (exchange_has_address(e))
		return false;
	if (e->answer->answer_known || exchange_cname_only(e))
		return true;
	return upstream && upstream->answer->n_records[1] == e->answer->n_records[1] &&
	       is_empty(upstream, NULL);
}

static bool upstream_over_tcp(const struct report_known *k)
{
	for (unsigned i = 0; i < k->n_caused; i++) {
		if (k->caused[i]->tcp && k->caused[i]->answer)
			return true;
	}
	return false;
}

/* Of a capture with a small snap length only the connection may be known. */
static bool got_it_over_tcp(const struct report_known *k)
{
	if (!k->over_tcp)
		return k->connection && k->connection->accepted_ns;
	return k->over_tcp->answer && !exchange_truncated(k->over_tcp);
}

/* Clients ask over TCP at once: the captures go on for long enough after the answer to have it. */
static bool had_time(const struct report *r, const struct exchange *e)
{
	return exchange_window_now_ns(r->w) - e->answer->at.time_ns > TCP_FOLLOWS_NS;
}

static void find_truncated(struct report *r, const struct exchange *e, const struct report_known *k)
{
	bool empty = is_empty(e, cut_upstream(k));
	bool mended = got_it_over_tcp(k);

	if (e->tcp) { /* a stream has room for everything: what is cut there was cut before */
		bool kept = !k->n_caused && exchange_server_asks(r->w, e);
		sign(r, kept ? VERDICT_TRUNCATED_CACHED : VERDICT_TRUNCATED_PASSED_ON, SEVERITY_FAULT, e, k,
		     &nobody, false);
		return;
	}
	if (cut_upstream(k) && !upstream_over_tcp(k))
		sign(r, VERDICT_TRUNCATED_PASSED_ON, empty && !mended ? SEVERITY_FAULT : SEVERITY_NOTE, e, k,
		     &nobody, mended);
	else if (empty && !mended && !k->connection && !k->repeated && !k->n_caused && had_time(r, e) &&
		 !report_is_server(r, &e->client) && (e->qtype == TYPE_A || e->qtype == TYPE_AAAA))
		sign(r, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN, e, k, &e->client, false);
}

/* A chain without an end, not marked as cut.  It is a fault when the end is known to exist. */
static void find_cname_only(struct report *r, const struct exchange *e, const struct report_known *k)
{
	if (!exchange_cname_only(e) || exchange_truncated(e) || exchange_nodata(e))
		return;
	if (cut_upstream(k) || exchange_better(r->w, e))
		sign(r, VERDICT_CNAME_ONLY_WITHOUT_TC, SEVERITY_FAULT, e, k, &nobody, false);
}

static void find_tcp_blocked(struct report *r, const struct exchange *e, const struct report_known *k)
{
	const struct capture_connection *c = k->connection;

	if (e->tcp || !exchange_truncated(e) || k->over_tcp || !c || c->accepted_ns)
		return;
	if (c->reset_ns || c->n_asked >= 2 ||
	    exchange_window_now_ns(r->w) - c->asked.time_ns > 3 * (int64_t)NS_PER_S)
		sign(r, VERDICT_TCP_BLOCKED_CLIENT, SEVERITY_FAULT, e, k, &e->client, false);
}

/* ---------------------------------------------------------------- loss */

/* Captures lose packets too: that the client did not get the answer shows when it asks again.  (Several such signs count as
 * much, see pcap_judge.c.) */
static enum verdict_severity missed(const struct exchange *e, const struct report_known *k)
{
	return e->n_sent > 1 || k->repeated ? SEVERITY_FAULT : SEVERITY_UNKNOWN;
}

static bool is_large(const struct exchange_answer *a)
{
	return a->n_fragments || a->len > LARGE_LEAST;
}

/* Files that saw the question and not the answer, although they see answers, and go on long enough. */
static unsigned files_without(const struct report *r, const struct exchange *e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_files; i++) {
		bool asked = e->files >> i & 1, answered = e->answer->files >> i & 1;
		n += asked && !answered && r->file_answers[i] &&
		     r->file_last_ns[i] > e->answer->at.time_ns + (int64_t)NS_PER_S;
	}
	return n;
}

/* Only the first fragment of any datagram is in that file: its filter did not match the others, unless the client's asking
 * again shows that they did not come. */
static bool unseen(const struct report *r, const struct exchange *e, const struct report_known *k)
{
	return r->fragments && !r->fragments->later[e->answer->at.file] && !k->repeated;
}

static void find_large_lost(struct report *r, const struct exchange *e, const struct report_known *k)
{
	const struct exchange_answer *a = e->answer;

	if (e->tcp)
		return;
	if (a->fragment_lost && unseen(r, e, k))
		r->fragments_unseen++;
	else if (a->fragment_lost || (is_large(a) && files_without(r, e)))
		sign(r, VERDICT_LARGE_UDP_LOST, missed(e, k), e, k, &nobody, false);
}

static void find_unanswered(struct report *r, const struct exchange *e, const struct report_known *k)
{
	bool translated = e->behind && e->behind != e;

	if (k->at_the_end && !e->n_wrong_id && !e->n_wrong_question)
		return;
	if (translated && e->behind->answer)
		sign(r,
		     is_large(e->behind->answer) && !e->tcp ? VERDICT_LARGE_UDP_LOST
							    : VERDICT_SERVICE_ADDRESS_DEAD,
		     missed(e, k), e, k, &nobody, k->repeat_answered);
	else if (e->n_wrong_source)
		sign(r, VERDICT_SERVICE_ADDRESS_DEAD, SEVERITY_FAULT, e, k, &nobody, k->repeat_answered);
	else if (e->n_wrong_id || e->n_wrong_question)
		sign(r, VERDICT_LAME_ANSWERS, SEVERITY_FAULT, e, k, &nobody, k->repeat_answered);
	else
		sign(r, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN, e, k, &nobody, k->repeat_answered);
}

/* ---------------------------------------------------------------- answers */

static void find_aaaa_wrong(struct report *r, const struct exchange *e, const struct report_known *k)
{
	unsigned rcode = exchange_rcode(e);
	const struct exchange *a;

	if (e->qtype != TYPE_AAAA ||
	    (rcode != RCODE_NXDOMAIN && rcode != RCODE_SERVFAIL && rcode != RCODE_NOTIMP))
		return;
	a = exchange_pair(r->w, e);
	if (a && exchange_rcode(a) == RCODE_NOERROR && exchange_has_address(a))
		sign(r, VERDICT_AAAA_WRONG, rcode == RCODE_NXDOMAIN ? SEVERITY_FAULT : SEVERITY_UNKNOWN, e, k,
		     &nobody, false);
}

static bool has_label(const uint8_t *name, const char *label)
{
	size_t len = strlen(label);

	for (; *name; name += 1 + *name) {
		if (*name == len && memcmp(name + 1, label, len) == 0)
			return true;
	}
	return false;
}

/* A Service's name that leads out of the cluster to a name that does not exist. */
static void find_dangling(struct report *r, const struct exchange *e, const struct report_known *k)
{
	if (!e->answer->n_cname || exchange_has_address(e) || e->name_cut || !has_label(e->name, "svc"))
		return;
	for (unsigned i = 0; i < k->n_caused; i++) {
		const struct exchange *up = k->caused[i];
		if (exchange_rcode(up) == RCODE_NXDOMAIN &&
		    (up->name_len != e->name_len || memcmp(up->name, e->name, e->name_len))) {
			sign(r, VERDICT_EXTERNALNAME_DANGLING, SEVERITY_FAULT, e, k, &nobody, false);
			return;
		}
	}
}

/* A question that comes back to the server which asks it. */
static void find_loop(struct report *r, const struct exchange *e, const struct report_known *k)
{
	for (unsigned i = 0; i < k->n_caused; i++) {
		const struct exchange *up = k->caused[i];
		bool same_name = up->name_len == e->name_len && !memcmp(up->name, e->name, e->name_len) &&
				 up->qtype == e->qtype;
		bool itself = capture_end_equal(&up->server, &e->server) ||
			      (e->behind && capture_end_equal(&up->server, &e->behind->server));
		if (same_name && itself) {
			sign(r, VERDICT_LOOP, SEVERITY_FAULT, e, k, &nobody, false);
			return;
		}
	}
}

static void find_wrong(struct report *r, const struct exchange *e, const struct report_known *k)
{
	if (e->n_wrong_question)
		sign(r, VERDICT_LAME_ANSWERS, SEVERITY_FAULT, e, k, &nobody, true);
}

void report_find(struct report *r, const struct exchange *e, const struct report_known *k)
{
	find_loop(r, e, k);
	if (!e->answer) {
		find_unanswered(r, e, k);
		return;
	}
	if (exchange_truncated(e))
		find_truncated(r, e, k);
	find_cname_only(r, e, k);
	find_tcp_blocked(r, e, k);
	find_large_lost(r, e, k);
	find_aaaa_wrong(r, e, k);
	find_dangling(r, e, k);
	find_wrong(r, e, k);
	report_recall_exchange(r, e, k);
}
