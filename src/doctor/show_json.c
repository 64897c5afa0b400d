// SPDX-License-Identifier: Apache-2.0
#include "doctor/show.h"

#include "base/clock.h"
#include "base/text.h"
#include "doctor/run.h"
#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

enum { JSON_VERSION = 1 };

/* What is being written, and whether the next member needs a comma before it. */
struct json {
	struct text *t;
	struct observed_world *w;
	bool comma;
	uint64_t start_ns;
};

/* ---------------------------------------------------------------- members */

static void key(struct json *j, const char *name)
{
	text_put(j->t, "%s", j->comma ? "," : "");
	if (name)
		text_put(j->t, "\"%s\":", name);
	j->comma = true;
}

static void open_(struct json *j, const char *name, char bracket)
{
	key(j, name);
	text_put(j->t, "%c", bracket);
	j->comma = false;
}

static void close_(struct json *j, char bracket)
{
	text_put(j->t, "%c", bracket);
	j->comma = true;
}

/* NULL: null. */
static void put_text(struct json *j, const char *name, const char *value)
{
	key(j, name);
	if (value)
		text_json(j->t, value);
	else
		text_put(j->t, "null");
}

static void put_name(struct json *j, const char *name, const uint8_t *value)
{
	put_text(j, name, value ? world_name_text(j->w, value) : NULL);
}

static void put_number(struct json *j, const char *name, long long value)
{
	key(j, name);
	text_put(j->t, "%lld", value);
}

static void put_bool(struct json *j, const char *name, bool value)
{
	key(j, name);
	text_put(j->t, value ? "true" : "false");
}

static void put_ms(struct json *j, const char *name, uint64_t ns)
{
	key(j, name);
	text_put(j->t, "%llu.%03llu", (unsigned long long)(ns / NS_PER_MS),
		 (unsigned long long)(ns / NS_PER_US % 1000));
}

static void put_address(struct json *j, const char *name, const struct net_addr *addr)
{
	char text[NET_ADDR_TEXT_MAX];

	put_text(j, name, addr->sa.sa_family == AF_UNSPEC ? NULL : net_addr_text(addr, text));
}

/* ---------------------------------------------------------------- verdicts */

static void put_evidence(struct json *j, const struct verdict_evidence *e)
{
	open_(j, NULL, '{');
	put_text(j, "text", e->text);
	open_(j, "observations", '[');
	for (unsigned i = 0; i < e->n_observations; i++)
		put_number(j, NULL, e->observations[i]);
	close_(j, ']');
	close_(j, '}');
}

static void put_verdict(struct json *j, const struct verdict *v)
{
	open_(j, NULL, '{');
	put_text(j, "verdict", verdict_slug_text(v->slug));
	put_text(j, "severity", verdict_severity_text(v->severity));
	put_number(j, "server", v->server);
	put_text(j, "summary", v->summary);
	put_text(j, "remedy", v->remedy);
	open_(j, "evidence", '[');
	for (unsigned i = 0; i < v->n_evidence; i++)
		put_evidence(j, &v->evidence[i]);
	close_(j, ']');
	close_(j, '}');
}

static void put_conclusion(struct json *j, const struct verdict_list *v)
{
	static const char *const status[] = {"healthy", "fault", "unknown"};
	const char *lines[2];

	show_conclusion(j->w, v, lines);
	open_(j, "conclusion", '{');
	put_text(j, "status", status[doctor_exit_status(v)]);
	put_number(j, "exit", doctor_exit_status(v));
	open_(j, "lines", '[');
	put_text(j, NULL, lines[0]);
	put_text(j, NULL, lines[1]);
	close_(j, ']');
	close_(j, '}');
}

/* ---------------------------------------------------------------- servers */

static void put_server(struct json *j, unsigned i)
{
	const struct observed_server *s = &j->w->servers[i];

	open_(j, NULL, '{');
	put_number(j, "index", i);
	put_text(j, "kind", observe_kind_text(s->kind));
	put_text(j, "label", s->label);
	put_address(j, "address", &s->addr);
	put_number(j, "port", s->addr.sa.sa_family == AF_UNSPEC ? 0 : net_addr_port(&s->addr));
	put_text(j, "software", observe_software_text(s->software));
	put_text(j, "version", s->version);
	put_text(j, "state", observe_state_text(s->state));
	put_text(j, "reason", s->reason);
	put_number(j, "same_as", s->same_as);
	close_(j, '}');
}

/* ---------------------------------------------------------------- observations */

static void put_addresses(struct json *j, const struct observed_reply *r)
{
	open_(j, "addresses", '[');
	for (unsigned i = 0; i < r->n_addrs; i++)
		put_address(j, NULL, &r->addrs[i]);
	close_(j, ']');
}

static void put_flags(struct json *j, unsigned flags)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{FLAG_AA, "aa"}, {FLAG_TC, "tc"}, {FLAG_RD, "rd"},
		     {FLAG_RA, "ra"}, {FLAG_AD, "ad"}, {FLAG_CD, "cd"}};

	open_(j, "flags", '[');
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (flags & names[i].bit)
			put_text(j, NULL, names[i].name);
	}
	close_(j, ']');
}

static void put_reply(struct json *j, const struct observed_reply *r)
{
	static const char *const cookies[] = {"none", "echoed", "wrong"};
	char buf[16];

	open_(j, "reply", '{');
	put_text(j, "rcode", wire_rcode_text(r->rcode, buf));
	put_flags(j, r->flags);
	put_number(j, "size", r->size);
	put_bool(j, "question_matches", r->question_matches);
	put_bool(j, "broken", r->broken);
	put_bool(j, "edns", r->has_opt);
	put_number(j, "edns_size", r->opt_udp_size);
	put_text(j, "cookie", cookies[r->cookie]);
	put_number(j, "ede", r->ede);
	put_text(j, "ede_text", r->ede_text);
	put_number(j, "answers", r->n_answer);
	put_number(j, "cnames", r->n_cname);
	put_number(j, "wanted", r->n_wanted);
	put_number(j, "rrsigs", r->n_rrsig);
	put_number(j, "authorities", r->n_authority);
	put_number(j, "additionals", r->n_additional);
	put_name(j, "target", r->target);
	put_addresses(j, r);
	put_number(j, "min_ttl", r->min_ttl_s == UINT32_MAX ? -1 : (long long)r->min_ttl_s);
	put_name(j, "soa", r->has_soa ? r->soa_owner : NULL);
	put_number(j, "soa_ttl", r->has_soa ? (long long)r->soa_ttl_s : -1);
	put_number(j, "soa_minimum", r->has_soa ? (long long)r->soa_minimum_s : -1);
	put_text(j, "text", r->text);
	close_(j, '}');
}

static void put_asked(struct json *j, const struct observation *o)
{
	char buf[16];

	put_number(j, "server", o->server);
	put_text(j, "role", observe_role_text(o->role));
	put_name(j, "name", o->name);
	put_text(j, "type", wire_type_text(o->type, buf));
	put_text(j, "class", wire_class_text(o->cls, buf));
	put_text(j, "way", observe_way_text(o->way));
	put_bool(j, "do", o->bits & ASK_DO);
	put_bool(j, "cd", o->bits & ASK_CD);
	put_bool(j, "rd", !(o->bits & ASK_NO_RD));
	put_number(j, "attempt", o->attempt);
	put_number(j, "pair", o->pair);
	put_number(j, "round", o->round);
}

static void put_observation(struct json *j, unsigned i)
{
	const struct observation *o = &j->w->seen[i];
	bool heard = o->outcome == OUTCOME_ANSWERED || o->outcome == OUTCOME_WRONG;

	open_(j, NULL, '{');
	put_number(j, "index", i);
	put_asked(j, o);
	put_text(j, "outcome", observe_outcome_text(o->outcome));
	put_text(j, "why", o->why);
	put_ms(j, "sent_ms", o->sent_ns > j->start_ns ? o->sent_ns - j->start_ns : 0);
	put_ms(j, "took_ms", observe_took_ns(o));
	put_ms(j, "connect_ms", o->connected_ns ? o->connected_ns - o->sent_ns : 0);
	put_number(j, "wrong_messages", o->n_wrong);
	put_text(j, "wrong", observe_wrong_text(o->wrong));
	put_address(j, "wrong_from", &o->wrong_from);
	put_bool(j, "late", o->late);
	if (heard)
		put_reply(j, &o->reply);
	else
		put_text(j, "reply", NULL);
	close_(j, '}');
}

/* ---------------------------------------------------------------- where it was asked from */

static void put_walk(struct json *j, const char *name, const struct resolv_walk *walk)
{
	open_(j, name, '{');
	open_(j, "names", '[');
	for (unsigned i = 0; i < walk->n; i++)
		put_name(j, NULL, walk->names[i]);
	close_(j, ']');
	put_text(j, "end", observe_walk_end_text(walk->end));
	put_number(j, "ends_at", walk->ends_at);
	put_number(j, "questions_until_asked", walk->n_until_asked);
	put_number(j, "questions_if_absent", walk->n_if_absent);
	open_(j, "notes", '[');
	for (unsigned i = 0; i < walk->n_notes; i++)
		put_text(j, NULL, walk->notes[i]);
	close_(j, ']');
	close_(j, '}');
}

static void put_resolv(struct json *j)
{
	const struct observed_resolv *r = &j->w->resolv;

	open_(j, "resolv_conf", '{');
	put_text(j, "path", r->path);
	put_text(j, "error", r->error);
	open_(j, "servers", '[');
	for (unsigned i = 0; i < r->n_servers; i++)
		put_number(j, NULL, r->servers[i]);
	close_(j, ']');
	open_(j, "search", '[');
	for (unsigned i = 0; i < r->n_search; i++)
		put_name(j, NULL, r->search[i]);
	close_(j, ']');
	put_number(j, "ndots", r->ndots);
	put_number(j, "timeout", r->timeout_s);
	put_number(j, "attempts", r->attempts);
	put_walk(j, "glibc", &r->walk[LIBC_GLIBC]);
	put_walk(j, "musl", &r->walk[LIBC_MUSL]);
	close_(j, '}');
}

static void put_corefile(struct json *j)
{
	static const char *const origins[] = {"none", "file", "configmap", "admin"};
	const struct observed_corefile *c = &j->w->corefile;

	open_(j, "corefile", '{');
	put_text(j, "origin", origins[c->origin]);
	put_text(j, "where", c->where);
	put_text(j, "error", c->error);
	put_number(j, "blocks", c->n_blocks);
	close_(j, '}');
}

static void put_refusals(struct json *j, const struct observed_kube *k)
{
	open_(j, "refused", '[');
	for (unsigned i = 0; i < k->n_refused; i++) {
		open_(j, NULL, '{');
		put_text(j, "verb", k->refused[i].verb);
		put_text(j, "resource", k->refused[i].resource);
		put_text(j, "namespace", k->refused[i].ns);
		close_(j, '}');
	}
	close_(j, ']');
}

static void put_target(struct json *j, const struct observed_target *t)
{
	if (!t->applies) {
		put_text(j, "target", NULL);
		return;
	}
	open_(j, "target", '{');
	put_text(j, "namespace", t->ns);
	put_text(j, "service", t->service);
	put_bool(j, "known", t->known);
	put_bool(j, "exists", t->exists);
	put_number(j, "created", (long long)t->created_wall_s);
	put_text(j, "type", t->type);
	put_name(j, "external_name", t->external_name);
	close_(j, '}');
}

static void put_kube(struct json *j)
{
	const struct observed_kube *k = &j->w->kube;

	open_(j, "kubernetes", '{');
	put_bool(j, "tried", k->tried);
	put_bool(j, "reached", k->reached);
	put_text(j, "server", k->where);
	put_text(j, "error", k->error);
	put_bool(j, "in_cluster", j->w->in_cluster);
	put_name(j, "domain", k->domain);
	put_number(j, "endpoints_ready", k->slices_known ? (long long)k->n_ready : -1);
	put_number(j, "endpoints_not_ready", k->slices_known ? (long long)k->n_not_ready : -1);
	put_refusals(j, k);
	put_target(j, &k->target);
	close_(j, '}');
}

/* ---------------------------------------------------------------- the whole */

static void put_lists(struct json *j, const struct verdict_list *v)
{
	open_(j, "verdicts", '[');
	for (unsigned i = 0; i < v->n; i++)
		put_verdict(j, &v->v[i]);
	close_(j, ']');
	open_(j, "servers", '[');
	for (unsigned i = 0; i < j->w->n_servers; i++)
		put_server(j, i);
	close_(j, ']');
	open_(j, "observations", '[');
	for (unsigned i = 0; i < j->w->n_seen; i++) {
		text_put(j->t, "\n");
		put_observation(j, i);
	}
	close_(j, ']');
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
	struct json j = {.t = t, .w = w, .start_ns = first_sent(w)};
	char buf[16];

	open_(&j, NULL, '{');
	put_number(&j, "version", JSON_VERSION);
	put_conclusion(&j, v);
	put_text(&j, "given", w->asked_text);
	put_name(&j, "name", w->asked);
	put_text(&j, "type", wire_type_text(w->type, buf));
	put_name(&j, "control", w->control);
	put_number(&j, "questions", w->used);
	put_number(&j, "questions_at_most", w->budget);
	put_lists(&j, v);
	put_resolv(&j);
	put_corefile(&j);
	put_kube(&j);
	close_(&j, '}');
	text_put(t, "\n");
}
