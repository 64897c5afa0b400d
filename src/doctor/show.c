// SPDX-License-Identifier: Apache-2.0
#include "doctor/show.h"

#include "base/clock.h"
#include "base/text.h"
#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_MAX = 48, CELL_WIDTH = 14, LABEL_WIDTH_MAX = 56 };

static const char red[] = "\033[31m", green[] = "\033[32m", yellow[] = "\033[33m", bold[] = "\033[1m",
		  plain[] = "\033[0m";

/* What is being written. */
struct page {
	struct text *t;
	struct observed_world *w;
	const struct verdict_list *v;
	bool colour;
	int label_width;
};

static const char *paint(const struct page *p, const char *colour)
{
	return p->colour ? colour : "";
}

/* ---------------------------------------------------------------- the conclusion */

static unsigned servers_asked(const struct observed_world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_servers; i++)
		n += w->servers[i].same_as < 0 && w->servers[i].state == SERVER_ASKED;
	return n;
}

static const struct verdict *worst(const struct verdict_list *v)
{
	const struct verdict *worst = NULL;

	for (unsigned i = 0; i < v->n; i++) {
		if (!worst || v->v[i].severity > worst->severity)
			worst = &v->v[i];
	}
	return worst;
}

static const char *first_line(struct observed_world *w, const char *text)
{
	return world_printf(w, "%.*s", (int)strcspn(text, "\n"), text);
}

static const char *word_of(enum verdict_severity s)
{
	static const char *const words[] = {"healthy", "healthy, with a note", "could not tell",
					    "fault found"};

	return words[s];
}

void show_conclusion(struct observed_world *w, const struct verdict_list *v, const char *ret_lines[2])
{
	const struct verdict *top = worst(v);
	unsigned faults = 0, n = servers_asked(w);
	char type[16];

	for (unsigned i = 0; i < v->n; i++)
		faults += v->v[i].severity == SEVERITY_FAULT;
	ret_lines[0] = ret_lines[1] = "";
	if (!top)
		return;
	ret_lines[0] = faults > 1 ? world_printf(w, "%u faults found: %s (%s), and more below", faults,
						 top->summary, verdict_slug_text(top->slug))
				  : world_printf(w, "%s: %s (%s)", word_of(top->severity), top->summary,
						 verdict_slug_text(top->slug));
	if (top->remedy)
		ret_lines[1] = world_printf(w, "what to do: %s", first_line(w, top->remedy));
	else
		ret_lines[1] = world_printf(w, "%s %s was asked for at %u server%s with %u questions",
					    world_name_text(w, w->asked), wire_type_text(w->type, type), n,
					    n == 1 ? "" : "s", w->used);
}

static void put_conclusion(const struct page *p)
{
	static const char *const colours[] = {green, yellow, yellow, red};
	const struct verdict *top = worst(p->v);
	const char *lines[2];

	show_conclusion(p->w, p->v, lines);
	text_put(p->t, "%s%s%s%s\n%s\n", paint(p, bold), paint(p, top ? colours[top->severity] : plain),
		 lines[0], paint(p, plain), lines[1]);
}

/* ---------------------------------------------------------------- verdicts */

static void put_indented(const struct page *p, const char *head, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		text_put(p->t, "    %s%.*s\n", head, (int)len, text);
		text += len + (text[len] == '\n');
		head = "  ";
	}
}

static void put_verdict(const struct page *p, const struct verdict *v)
{
	static const char *const colours[] = {green, yellow, yellow, red};

	text_put(p->t, "  %s%s%s: %s\n", paint(p, colours[v->severity]), verdict_slug_text(v->slug),
		 paint(p, plain), v->summary);
	for (unsigned i = 0; i < v->n_evidence; i++)
		put_indented(p, "- ", v->evidence[i].text);
	if (v->remedy)
		put_indented(p, "> ", v->remedy);
}

static void put_verdicts(const struct page *p)
{
	text_put(p->t, "\n%sfindings%s\n", paint(p, bold), paint(p, plain));
	for (unsigned i = 0; i < p->v->n; i++)
		put_verdict(p, &p->v->v[i]);
}

/* ---------------------------------------------------------------- one cell: the same question, asked some times */

struct cell {
	unsigned n, n_bad;
	const struct observation *good, *bad; /* the last good one, the bad one that tells most */
};

static struct cell gather(const struct observed_world *w, int server, enum name_role role, uint16_t type,
			  enum ask_way way)
{
	struct cell c = {0};

	for (int i = -1; (i = observe_find(w, i + 1, server, (int)role, type, (int)way)) >= 0;) {
		const struct observation *o = &w->seen[i];

		if (o->outcome == OUTCOME_NOT_SENT)
			continue;
		c.n++;
		if (o->outcome == OUTCOME_ANSWERED)
			c.good = o;
		else if (!c.bad || c.bad->outcome == OUTCOME_TIMEOUT) /* which tells least */
			c.bad = o;
		c.n_bad += o->outcome != OUTCOME_ANSWERED;
	}
	return c;
}

static const char *answer_word(const struct observation *o, char buf[16])
{
	const struct observed_reply *r = &o->reply;

	if (r->rcode != RCODE_NOERROR)
		return wire_rcode_text(r->rcode, buf);
	if (r->flags & FLAG_TC)
		return r->n_wanted ? "cut" : "cut, empty";
	if (r->n_wanted)
		return "ok";
	return r->n_cname ? "cname only" : "no data";
}

static const char *cell_text(const struct cell *c, char out[CELL_MAX])
{
	char buf[16];

	if (c->n == 0)
		return "-";
	if (c->n_bad == 0) {
		unsigned long ms = (unsigned long)((observe_took_ns(c->good) + NS_PER_MS / 2) / NS_PER_MS);

		snprintf(out, CELL_MAX, "%s %lums", answer_word(c->good, buf), ms);
	} else if (c->n_bad == c->n)
		snprintf(out, CELL_MAX, "%s", observe_outcome_text(c->bad->outcome));
	else
		snprintf(out, CELL_MAX, "%u/%u %s", c->n_bad, c->n, observe_outcome_text(c->bad->outcome));
	return out;
}

static const char *cell_colour(const struct cell *c)
{
	if (c->n == 0)
		return plain;
	if (c->n_bad || (c->good->reply.rcode != RCODE_NOERROR && c->good->reply.rcode != RCODE_NXDOMAIN))
		return red;
	return observe_positive(c->good) && !(c->good->reply.flags & FLAG_TC) ? green : yellow;
}

/* ---------------------------------------------------------------- the tables */

static bool any(const struct observed_world *w, enum name_role role, uint16_t type)
{
	return observe_find(w, 0, -1, (int)role, type, -1) >= 0;
}

static void put_row(const struct page *p, int server, enum name_role role, uint16_t type)
{
	const struct observed_server *s = &p->w->servers[server];

	if (s->same_as >= 0 || s->state != SERVER_ASKED)
		return;
	text_put(p->t, "  %-*s", p->label_width, s->label);
	for (enum ask_way way = 0; way < WAY_N; way++) {
		struct cell c = gather(p->w, server, role, type, way);
		char text[CELL_MAX];

		text_put(p->t, " %s%-*s%s", paint(p, cell_colour(&c)), CELL_WIDTH, cell_text(&c, text),
			 paint(p, plain));
	}
	text_put(p->t, "\n");
}

static void put_matrix(const struct page *p, enum name_role role, const uint8_t *name, uint16_t type)
{
	char buf[16];

	if (!name || !any(p->w, role, type))
		return;
	text_put(p->t, "\n%s%s %s%s%s\n  %-*s", paint(p, bold), world_name_text(p->w, name),
		 wire_type_text(type, buf), role == NAME_CONTROL ? ", the control name" : "", paint(p, plain),
		 p->label_width, "");
	for (enum ask_way way = 0; way < WAY_N; way++)
		text_put(p->t, " %-*s", CELL_WIDTH, observe_way_text(way));
	text_put(p->t, "\n");
	for (int s = 0; s < (int)p->w->n_servers; s++)
		put_row(p, s, role, type);
}

static void put_server(const struct page *p, const struct observed_server *s)
{
	text_put(p->t, "  %-*s ", p->label_width, s->label);
	if (s->state != SERVER_ASKED)
		text_put(p->t, "%s\n", s->reason);
	else if (s->same_as >= 0)
		text_put(p->t, "the same as %s\n", p->w->servers[s->same_as].label);
	else
		text_put(p->t, "%s%s%s\n", observe_software_text(s->software), s->version ? " " : "",
			 s->version ? s->version : "");
}

static void put_servers(const struct page *p)
{
	text_put(p->t, "\n%sservers%s\n", paint(p, bold), paint(p, plain));
	for (unsigned i = 0; i < p->w->n_servers; i++)
		put_server(p, &p->w->servers[i]);
}

static int label_width(const struct observed_world *w)
{
	size_t width = 0;

	for (unsigned i = 0; i < w->n_servers; i++) {
		size_t len = strlen(w->servers[i].label);

		if (len > width && len <= LABEL_WIDTH_MAX)
			width = len;
	}
	return (int)width;
}

static void put_walk(const struct page *p, enum libc libc, const char *name)
{
	const struct resolv_walk *walk = &p->w->resolv.walk[libc];

	text_put(p->t, "  %s asks:", name);
	for (unsigned i = 0; i < walk->n; i++)
		text_put(p->t, "%s %s%s", i ? "," : "", world_name_text(p->w, walk->names[i]),
			 (int)i == walk->ends_at ? (walk->end == WALK_FOUND ? " (found)" : " (gives up here)")
						 : "");
	text_put(p->t, "\n    %u question%s until %s, %u if nothing exists\n", walk->n_until_asked,
		 walk->n_until_asked == 1 ? "" : "s", world_name_text(p->w, p->w->asked), walk->n_if_absent);
	for (unsigned i = 0; i < walk->n_notes; i++)
		text_put(p->t, "    %s %s\n", name, walk->notes[i]);
}

static void put_resolv(const struct page *p)
{
	const struct observed_resolv *r = &p->w->resolv;

	text_put(p->t, "\n%s%s%s%s%s\n", paint(p, bold), r->path, r->error ? ": " : "",
		 r->error ? r->error : "", paint(p, plain));
	text_put(p->t, "  ndots %u, timeout %u s, %u attempts, %u search domain%s%s\n", r->ndots,
		 r->timeout_s, r->attempts, r->n_search, r->n_search == 1 ? "" : "s",
		 r->n_servers_ignored ? ", more than 3 nameservers: the rest is not used" : "");
	put_walk(p, LIBC_GLIBC, "glibc");
	put_walk(p, LIBC_MUSL, "musl");
}

static void put_cluster(const struct page *p)
{
	const struct observed_kube *k = &p->w->kube;
	const struct observed_corefile *c = &p->w->corefile;

	text_put(p->t, "\n%scluster%s\n", paint(p, bold), paint(p, plain));
	if (!k->tried)
		text_put(p->t, "  no API server was asked%s%s\n", k->error ? ": " : "",
			 k->error ? k->error : "");
	else
		text_put(p->t, "  API server %s: %s\n", k->where ? k->where : "",
			 k->reached ? "answered"
			 : k->error ? k->error
				    : "did not answer");
	for (unsigned i = 0; i < k->n_refused; i++)
		text_put(p->t, "  not allowed: %s %s%s%s\n", k->refused[i].verb, k->refused[i].resource,
			 *k->refused[i].ns ? " in namespace " : "", k->refused[i].ns);
	if (c->origin != COREFILE_NONE)
		text_put(p->t, "  Corefile: %s%s%s\n", c->where, c->error ? ": " : "",
			 c->error ? c->error : "");
	else
		text_put(p->t, "  no Corefile was read%s%s\n", c->error ? ": " : "",
			 c->error ? c->error : "");
}

void show_table(struct text *t, struct observed_world *w, const struct verdict_list *v, bool colour)
{
	const struct page p = {t, w, v, colour, label_width(w)};
	uint16_t other = w->type == TYPE_A ? TYPE_AAAA : TYPE_A;

	put_conclusion(&p);
	put_verdicts(&p);
	put_matrix(&p, NAME_ASKED, w->asked, w->type);
	if (w->type == TYPE_A || w->type == TYPE_AAAA)
		put_matrix(&p, NAME_ASKED, w->asked, other);
	put_matrix(&p, NAME_CONTROL, w->control, TYPE_A);
	put_servers(&p);
	put_resolv(&p);
	put_cluster(&p);
}
