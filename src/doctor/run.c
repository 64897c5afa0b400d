// SPDX-License-Identifier: Apache-2.0
#include "doctor/run.h"

#include "doctor/discover.h"
#include "doctor/plan.h"
#include "doctor/resolv.h"
#include "doctor/software.h"
#include "doctor/world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- telling */

static unsigned n_asked(const struct observed_world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_servers; i++)
		n += w->servers[i].same_as < 0 && w->servers[i].state == SERVER_ASKED;
	return n;
}

/* To `to`: standard error, unless it is all that is wanted. */
static void tell_plan(FILE *to, const struct observed_world *w, unsigned planned)
{
	unsigned n = n_asked(w);

	fprintf(to, "%u server%s will be asked %u questions", n, n == 1 ? "" : "s",
		planned < w->budget ? planned : w->budget);
	if (w->budget > planned)
		fprintf(to, ", and at most %u more where an answer needs a second look", w->budget - planned);
	fputs(":\n", to);
	for (unsigned i = 0; i < w->n_servers; i++) {
		const struct observed_server *s = &w->servers[i];

		if (s->same_as >= 0)
			fprintf(to, "  %s (the same as %s)\n", s->label, w->servers[s->same_as].label);
		else
			fprintf(to, "  %s%s%s\n", s->label, s->reason ? ": " : "",
				s->reason ? s->reason : "");
	}
}

static void show_progress(void *arg, unsigned done, unsigned of)
{
	fprintf(stderr, "\r%u of %u%s", done, of, done == of ? "\r\033[K" : "");
}

static void ask(struct observed_world *w, const struct doctor_options *o, const struct plan *p)
{
	struct ask_batch b = plan_batch(p);

	if (o->progress && isatty(STDERR_FILENO))
		b.progress = show_progress;
	ask_run(w, &b);
}

/* ---------------------------------------------------------------- the rounds */

static void ask_more(struct observed_world *w, const struct doctor_options *o, const struct wish_list *wishes,
		     unsigned round)
{
	struct plan p;

	for (unsigned i = 0; o->progress && i < wishes->n; i++) {
		if (wishes->v[i].why && (i == 0 || wishes->v[i].why != wishes->v[i - 1].why))
			fprintf(stderr, "a second look: %s\n", wishes->v[i].why);
	}
	plan_init(&p, w);
	plan_wishes(&p, wishes, round);
	ask(w, o, &p);
}

static int look_again(struct observed_world *w, const struct doctor_options *o)
{
	for (unsigned round = 1; round <= DOCTOR_ROUNDS; round++) {
		struct wish_list wishes = {.n = 0};
		int err = reason_more(w, round, &wishes);

		if (err)
			return err;
		if (wishes.n == 0)
			break;
		ask_more(w, o, &wishes, round);
	}
	return 0;
}

static unsigned count_plan(struct observed_world *w)
{
	struct plan p;

	plan_init(&p, w);
	p.count_only = true;
	plan_candidates(&p);
	plan_matrix(&p);
	return p.n_items;
}

static void ask_plan(struct observed_world *w, const struct doctor_options *o)
{
	struct plan p;

	plan_init(&p, w);
	plan_candidates(&p);
	ask(w, o, &p);
	resolv_walks_end(w);
	plan_init(&p, w);
	plan_matrix(&p);
	ask(w, o, &p);
	software_read(w);
	discover_unreached(w);
}

int doctor_run(const struct doctor_options *o, struct observed_world *w, struct verdict_list *ret)
{
	world_init(w, o->queries);
	w->timeout_ms = o->timeout_ms;
	w->type = o->type;
	*ret = (struct verdict_list){.n = 0};
	if (discover(w, o))
		return -1;
	if (o->progress || o->dry)
		tell_plan(o->dry ? stdout : stderr, w, count_plan(w));
	if (o->dry)
		return 0;
	ask_plan(w, o);
	if (look_again(w, o) || doctor_reason(w, ret)) {
		fputs("out of memory\n", stderr);
		return -1;
	}
	return 0;
}

int doctor_exit_status(const struct verdict_list *v)
{
	int status = 0;

	for (unsigned i = 0; i < v->n; i++) {
		if (v->v[i].severity == SEVERITY_FAULT)
			return 1;
		if (v->v[i].severity == SEVERITY_UNKNOWN)
			status = 2;
	}
	return status;
}
