// SPDX-License-Identifier: Apache-2.0
/* The grammar: loadbalance [round_robin | weighted FILE] { reload DURATION; prefer CIDR... } */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/loadbalance/loadbalance.h"
#include "server/plugin.h"

#include <errno.h>
#include <string.h>

enum { RELOAD_DEFAULT_S = 30, PREFER_MAX = 1024 };

/* One directive. */
struct reading {
	struct loadbalance *lb;
	struct net_cidr *prefer;
	bool reload_given;
};

static int read_policy(struct setup *s, struct loadbalance *lb)
{
	static const char *const words[] = {"round_robin", "weighted"};
	size_t policy = LOADBALANCE_ROUND_ROBIN;
	const char *file;

	if (cf_args_left(s->in) && cf_arg_word(s->in, "policy", words, ARRAY_LEN(words), &policy))
		return ERR_SYNTAX;
	lb->policy = (enum loadbalance_policy)policy;
	if (policy == LOADBALANCE_WEIGHTED) {
		if (cf_arg_text(s->in, "the weights' FILE", &file))
			return ERR_SYNTAX;
		lb->file = block_path(s, file);
		if (!lb->file)
			return ERR_SYNTAX;
	}
	return cf_no_more_args(s->in);
}

static int read_reload(struct cf_cursor *c, void *state)
{
	struct reading *r = state;

	r->reload_given = true;
	return cf_arg_duration(c, "reload", 0, INT64_MAX, &r->lb->reload_ns);
}

static int read_prefer(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const struct cf_token *t;

	while (cf_arg(c, &t)) {
		if (r->lb->n_prefer == PREFER_MAX)
			return cf_fail(c, "more than %d networks", PREFER_MAX);
		if (!strchr(t->text, '/') || net_cidr_parse(t->text, &r->prefer[r->lb->n_prefer]))
			return cf_fail(c, "\"%.64s\" is no network; expected CIDR, as in 192.0.2.0/24", t->text);
		r->lb->n_prefer++;
	}
	return 0;
}

static const struct cf_option_def options[] = {
	{"reload", 1, 1, read_reload, "DURATION"},
	{"prefer", 1, -1, read_prefer, "CIDR..."},
};

static int read_directive(struct setup *s, struct loadbalance *lb)
{
	struct reading r = {.lb = lb, .prefer = arena_alloc(s->arena, PREFER_MAX * sizeof(*r.prefer))};
	int policy, block;

	if (!r.prefer)
		return cf_fail(s->in, "out of memory");
	*lb = (struct loadbalance){.reload_ns = RELOAD_DEFAULT_S * NS_PER_S, .prefer = r.prefer};
	policy = read_policy(s, lb);
	block = cf_options(s->in, options, ARRAY_LEN(options), &r);
	if (policy || block)
		return ERR_SYNTAX;
	if (lb->policy == LOADBALANCE_WEIGHTED && lb->n_prefer)
		return cf_fail(s->in, "`prefer` goes with round_robin only");
	if (lb->policy != LOADBALANCE_WEIGHTED && r.reload_given)
		return cf_fail(s->in, "`reload` goes with weighted only");
	return 0;
}

/* A file that is not there yet may come, if somebody looks again. */
static int read_weights(struct setup *s, struct loadbalance *lb)
{
	const struct cf_token *at = cf_here(s->in);
	struct weights *w;
	char error[256];
	int err = weights_file_read(lb, &w, error, sizeof(error));

	if (!err) {
		lb->weights = w;
		return 0;
	}
	if (err == -EINVAL || !lb->reload_ns)
		return cf_fail(s->in, "weights in %.200s: %s", lb->file, error);
	cf_warning(s->in->errs, at->file, at->line, "plugin loadbalance: weights in %.200s: %s; all addresses weigh the same until it can be read",
		   lb->file, error);
	lb->failing = true;
	return 0;
}

int loadbalance_setup(struct setup *s, void *state)
{
	struct loadbalance *lb = state;
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_directive(s, lb))
			r = ERR_SYNTAX;
	}
	if (!r && lb->policy == LOADBALANCE_WEIGHTED)
		r = read_weights(s, lb);
	return r;
}
