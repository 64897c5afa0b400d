// SPDX-License-Identifier: Apache-2.0
#include "doctor/show.h"

#include "base/json.h"
#include "doctor/run.h"
#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

enum { JSON_VERSION = 1 };

/* What is being written. */
struct sheet {
	struct json out;
	struct observed_world *w;
	uint64_t start_ns; /* the first question */
};

static void put_name(struct sheet *j, const char *name, const uint8_t *value)
{
	json_text(&j->out, name, value ? world_name_text(j->w, value) : NULL);
}

static void put_address(struct sheet *j, const char *name, const struct net_addr *addr)
{
	char text[NET_ADDR_TEXT_MAX];

	json_text(&j->out, name, addr->sa.sa_family == AF_UNSPEC ? NULL : net_addr_text(addr, text));
}

/* ---------------------------------------------------------------- verdicts */

static void put_evidence(struct sheet *j, const struct verdict_evidence *e)
{
	json_open(&j->out, NULL, '{');
	json_text(&j->out, "text", e->text);
	json_open(&j->out, "observations", '[');
	for (unsigned i = 0; i < e->n_observations; i++)
		json_number(&j->out, NULL, e->observations[i]);
	json_close(&j->out, ']');
	json_close(&j->out, '}');
}

static void put_verdict(struct sheet *j, const struct verdict *v)
{
	json_open(&j->out, NULL, '{');
	json_text(&j->out, "verdict", verdict_slug_text(v->slug));
	json_text(&j->out, "severity", verdict_severity_text(v->severity));
	json_number(&j->out, "server", v->server);
	json_text(&j->out, "summary", v->summary);
	json_text(&j->out, "remedy", v->remedy);
	json_open(&j->out, "evidence", '[');
	for (unsigned i = 0; i < v->n_evidence; i++)
		put_evidence(j, &v->evidence[i]);
	json_close(&j->out, ']');
	json_close(&j->out, '}');
}

void show_json_conclusion(struct json *j, const struct verdict_list *v, const char *const lines[2])
{
	static const char *const status[] = {"healthy", "fault", "unknown"};

	json_open(j, "conclusion", '{');
	json_text(j, "status", status[doctor_exit_status(v)]);
	json_number(j, "exit", doctor_exit_status(v));
	json_open(j, "lines", '[');
	json_text(j, NULL, lines[0]);
	json_text(j, NULL, lines[1]);
	json_close(j, ']');
	json_close(j, '}');
}

/* ---------------------------------------------------------------- servers */

static void put_server(struct sheet *j, unsigned i)
{
	const struct observed_server *s = &j->w->servers[i];

	json_open(&j->out, NULL, '{');
	json_number(&j->out, "index", i);
	json_text(&j->out, "kind", observe_kind_text(s->kind));
	json_text(&j->out, "label", s->label);
	put_address(j, "address", &s->addr);
	json_number(&j->out, "port", s->addr.sa.sa_family == AF_UNSPEC ? 0 : net_addr_port(&s->addr));
	json_text(&j->out, "software", observe_software_text(s->software));
	json_text(&j->out, "version", s->version);
	json_text(&j->out, "state", observe_state_text(s->state));
	json_text(&j->out, "reason", s->reason);
	json_number(&j->out, "same_as", s->same_as);
	json_close(&j->out, '}');
}

/* ---------------------------------------------------------------- observations */

static void put_addresses(struct sheet *j, const struct observed_reply *r)
{
	json_open(&j->out, "addresses", '[');
	for (unsigned i = 0; i < r->n_addrs; i++)
		put_address(j, NULL, &r->addrs[i]);
	json_close(&j->out, ']');
}

static void put_flags(struct sheet *j, unsigned flags)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{FLAG_AA, "aa"}, {FLAG_TC, "tc"}, {FLAG_RD, "rd"},
		     {FLAG_RA, "ra"}, {FLAG_AD, "ad"}, {FLAG_CD, "cd"}};

	json_open(&j->out, "flags", '[');
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (flags & names[i].bit)
			json_text(&j->out, NULL, names[i].name);
	}
	json_close(&j->out, ']');
}

static void put_reply(struct sheet *j, const struct observed_reply *r)
{
	static const char *const cookies[] = {"none", "echoed", "wrong"};
	char buf[16];

	json_open(&j->out, "reply", '{');
	json_text(&j->out, "rcode", wire_rcode_text(r->rcode, buf));
	put_flags(j, r->flags);
	json_number(&j->out, "size", r->size);
	json_bool(&j->out, "question_matches", r->question_matches);
	json_bool(&j->out, "broken", r->broken);
	json_bool(&j->out, "edns", r->has_opt);
	json_number(&j->out, "edns_size", r->opt_udp_size);
	json_text(&j->out, "cookie", cookies[r->cookie]);
	json_number(&j->out, "ede", r->ede);
	json_text(&j->out, "ede_text", r->ede_text);
	json_number(&j->out, "answers", r->n_answer);
	json_number(&j->out, "cnames", r->n_cname);
	json_number(&j->out, "wanted", r->n_wanted);
	json_number(&j->out, "rrsigs", r->n_rrsig);
	json_number(&j->out, "authorities", r->n_authority);
	json_number(&j->out, "additionals", r->n_additional);
	put_name(j, "target", r->target);
	put_addresses(j, r);
	json_number(&j->out, "min_ttl", r->min_ttl_s == UINT32_MAX ? -1 : (long long)r->min_ttl_s);
	put_name(j, "soa", r->has_soa ? r->soa_owner : NULL);
	json_number(&j->out, "soa_ttl", r->has_soa ? (long long)r->soa_ttl_s : -1);
	json_number(&j->out, "soa_minimum", r->has_soa ? (long long)r->soa_minimum_s : -1);
	json_text(&j->out, "text", r->text);
	json_close(&j->out, '}');
}

static void put_asked(struct sheet *j, const struct observation *o)
{
	char buf[16];

	json_number(&j->out, "server", o->server);
	json_text(&j->out, "role", observe_role_text(o->role));
	put_name(j, "name", o->name);
	json_text(&j->out, "type", wire_type_text(o->type, buf));
	json_text(&j->out, "class", wire_class_text(o->cls, buf));
	json_text(&j->out, "way", observe_way_text(o->way));
	json_bool(&j->out, "do", o->bits & ASK_DO);
	json_bool(&j->out, "cd", o->bits & ASK_CD);
	json_bool(&j->out, "rd", !(o->bits & ASK_NO_RD));
	json_number(&j->out, "attempt", o->attempt);
	json_number(&j->out, "pair", o->pair);
	json_number(&j->out, "round", o->round);
}

static void put_observation(struct sheet *j, unsigned i)
{
	const struct observation *o = &j->w->seen[i];
	bool heard = o->outcome == OUTCOME_ANSWERED || o->outcome == OUTCOME_WRONG;

	json_open(&j->out, NULL, '{');
	json_number(&j->out, "index", i);
	put_asked(j, o);
	json_text(&j->out, "outcome", observe_outcome_text(o->outcome));
	json_text(&j->out, "why", o->why);
	json_ms(&j->out, "sent_ms", o->sent_ns > j->start_ns ? o->sent_ns - j->start_ns : 0, 3);
	json_ms(&j->out, "took_ms", observe_took_ns(o), 3);
	json_ms(&j->out, "connect_ms", o->connected_ns ? o->connected_ns - o->sent_ns : 0, 3);
	json_number(&j->out, "wrong_messages", o->n_wrong);
	json_text(&j->out, "wrong", observe_wrong_text(o->wrong));
	put_address(j, "wrong_from", &o->wrong_from);
	json_bool(&j->out, "late", o->late);
	if (heard)
		put_reply(j, &o->reply);
	else
		json_text(&j->out, "reply", NULL);
	json_close(&j->out, '}');
}

/* ---------------------------------------------------------------- where it was asked from */

static void put_walk(struct sheet *j, const char *name, const struct resolv_walk *walk)
{
	json_open(&j->out, name, '{');
	json_open(&j->out, "names", '[');
	for (unsigned i = 0; i < walk->n; i++)
		put_name(j, NULL, walk->names[i]);
	json_close(&j->out, ']');
	json_text(&j->out, "end", observe_walk_end_text(walk->end));
	json_number(&j->out, "ends_at", walk->ends_at);
	json_number(&j->out, "questions_until_asked", walk->n_until_asked);
	json_number(&j->out, "questions_if_absent", walk->n_if_absent);
	json_open(&j->out, "notes", '[');
	for (unsigned i = 0; i < walk->n_notes; i++)
		json_text(&j->out, NULL, walk->notes[i]);
	json_close(&j->out, ']');
	json_close(&j->out, '}');
}

static void put_resolv(struct sheet *j)
{
	const struct observed_resolv *r = &j->w->resolv;

	json_open(&j->out, "resolv_conf", '{');
	json_text(&j->out, "path", r->path);
	json_text(&j->out, "error", r->error);
	json_open(&j->out, "servers", '[');
	for (unsigned i = 0; i < r->n_servers; i++)
		json_number(&j->out, NULL, r->servers[i]);
	json_close(&j->out, ']');
	json_open(&j->out, "search", '[');
	for (unsigned i = 0; i < r->n_search; i++)
		put_name(j, NULL, r->search[i]);
	json_close(&j->out, ']');
	json_number(&j->out, "ndots", r->ndots);
	json_number(&j->out, "timeout", r->timeout_s);
	json_number(&j->out, "attempts", r->attempts);
	put_walk(j, "glibc", &r->walk[LIBC_GLIBC]);
	put_walk(j, "musl", &r->walk[LIBC_MUSL]);
	json_close(&j->out, '}');
}

static void put_corefile(struct sheet *j)
{
	static const char *const origins[] = {"none", "file", "configmap", "admin"};
	const struct observed_corefile *c = &j->w->corefile;

	json_open(&j->out, "corefile", '{');
	json_text(&j->out, "origin", origins[c->origin]);
	json_text(&j->out, "where", c->where);
	json_text(&j->out, "error", c->error);
	json_number(&j->out, "blocks", c->n_blocks);
	json_close(&j->out, '}');
}

static void put_refusals(struct sheet *j, const struct observed_kube *k)
{
	json_open(&j->out, "refused", '[');
	for (unsigned i = 0; i < k->n_refused; i++) {
		json_open(&j->out, NULL, '{');
		json_text(&j->out, "verb", k->refused[i].verb);
		json_text(&j->out, "resource", k->refused[i].resource);
		json_text(&j->out, "namespace", k->refused[i].ns);
		json_close(&j->out, '}');
	}
	json_close(&j->out, ']');
}

static void put_target(struct sheet *j, const struct observed_target *t)
{
	if (!t->applies) {
		json_text(&j->out, "target", NULL);
		return;
	}
	json_open(&j->out, "target", '{');
	json_text(&j->out, "namespace", t->ns);
	json_text(&j->out, "service", t->service);
	json_bool(&j->out, "known", t->known);
	json_bool(&j->out, "exists", t->exists);
	json_number(&j->out, "created", (long long)t->created_wall_s);
	json_text(&j->out, "type", t->type);
	put_name(j, "external_name", t->external_name);
	json_close(&j->out, '}');
}

static void put_kube(struct sheet *j)
{
	const struct observed_kube *k = &j->w->kube;

	json_open(&j->out, "kubernetes", '{');
	json_bool(&j->out, "tried", k->tried);
	json_bool(&j->out, "reached", k->reached);
	json_text(&j->out, "server", k->where);
	json_text(&j->out, "error", k->error);
	json_bool(&j->out, "in_cluster", j->w->in_cluster);
	put_name(j, "domain", k->domain);
	json_number(&j->out, "endpoints_ready", k->slices_known ? (long long)k->n_ready : -1);
	json_number(&j->out, "endpoints_not_ready", k->slices_known ? (long long)k->n_not_ready : -1);
	put_refusals(j, k);
	put_target(j, &k->target);
	json_close(&j->out, '}');
}

/* ---------------------------------------------------------------- the whole */

static void put_lists(struct sheet *j, const struct verdict_list *v)
{
	json_open(&j->out, "verdicts", '[');
	for (unsigned i = 0; i < v->n; i++)
		put_verdict(j, &v->v[i]);
	json_close(&j->out, ']');
	json_open(&j->out, "servers", '[');
	for (unsigned i = 0; i < j->w->n_servers; i++)
		put_server(j, i);
	json_close(&j->out, ']');
	json_open(&j->out, "observations", '[');
	for (unsigned i = 0; i < j->w->n_seen; i++) {
		text_put(j->out.t, "\n");
		put_observation(j, i);
	}
	json_close(&j->out, ']');
}

static uint64_t first_sent(const struct observed_world *w)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < w->n_seen; i++) {
		if (w->seen[i].sent_ns && (!at || w->seen[i].sent_ns < at))
			at = w->seen[i].sent_ns;
	}
	return at;
}

void show_json(struct text *t, struct observed_world *w, const struct verdict_list *v)
{
	struct sheet j = {.out = {.t = t}, .w = w, .start_ns = first_sent(w)};
	const char *lines[2];
	char buf[16];

	show_conclusion(w, v, lines);
	json_open(&j.out, NULL, '{');
	json_number(&j.out, "version", JSON_VERSION);
	show_json_conclusion(&j.out, v, lines);
	json_text(&j.out, "given", w->asked_text);
	put_name(&j, "name", w->asked);
	json_text(&j.out, "type", wire_type_text(w->type, buf));
	put_name(&j, "control", w->control);
	json_number(&j.out, "questions", w->used);
	json_number(&j.out, "questions_at_most", w->budget);
	put_lists(&j, v);
	put_resolv(&j);
	put_corefile(&j);
	put_kube(&j);
	json_close(&j.out, '}');
	text_put(t, "\n");
}
