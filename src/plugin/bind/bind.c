// SPDX-License-Identifier: Apache-2.0
/* bind: the addresses a server block listens on, given as addresses or as interfaces. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"

#include <stdlib.h>
#include <string.h>

enum { INTERFACE_ADDRS_MAX = 256 };

/* A growing list in the generation's arena. */
struct addrs {
	struct net_addr *v;
	size_t n, cap;
};

static int append(struct setup *s, struct addrs *l, const struct net_addr *a)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct net_addr *v = arena_alloc(s->arena, cap * sizeof(*v));

		if (!v)
			return cf_fail(s->in, "out of memory");
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *a;
	return 0;
}

static bool holds(const struct addrs *l, const struct net_addr *a)
{
	for (size_t i = 0; i < l->n; i++) {
		if (net_addr_same_host(&l->v[i], a))
			return true;
	}
	return false;
}

static int append_interface(struct setup *s, struct addrs *l, const char *name)
{
	struct net_addr found[INTERFACE_ADDRS_MAX];
	int n = net_interface_addrs(name, found, INTERFACE_ADDRS_MAX);

	if (n < 0)
		return cf_fail(s->in, "addresses of interface \"%.64s\": %s", name, err_text(n));
	if (n == 0)
		return cf_fail(s->in, "\"%.64s\" is neither an IP address nor an interface that has one",
			       name);
	for (int i = 0; i < n; i++) {
		if (append(s, l, &found[i]))
			return ERR_SYNTAX;
	}
	return 0;
}

/* One ADDRESS or IFACE. */
static int append_word(struct setup *s, struct addrs *l, const char *word)
{
	struct net_addr a;

	if (net_addr_parse(word, 0, &a))
		return append_interface(s, l, word);
	if (strchr(word, '%'))
		return cf_fail(s->in, "address \"%.64s\" has a zone; expected the interface's name alone",
			       word);
	return append(s, l, &a);
}

/* The words left on this line, at least one. */
static int append_line(struct setup *s, struct addrs *l, const char *what)
{
	const struct cf_token *t;
	int r = 0;

	if (!cf_args_left(s->in))
		return cf_fail(s->in, "%s takes at least one ADDRESS or IFACE", what);
	while (cf_arg(s->in, &t)) {
		if (append_word(s, l, t->text))
			r = ERR_SYNTAX;
	}
	return r;
}

static int read_excepts(struct setup *s, struct addrs *excepts)
{
	static const char *const options[] = {"except"};
	const struct cf_token *t;
	int r = 0;

	while (cf_option(s->in, &t)) {
		int one = strcmp(t->text, "except") ? cf_unknown_option(s->in, t, options, ARRAY_LEN(options))
						    : append_line(s, excepts, "except");

		if (one)
			r = ERR_SYNTAX;
	}
	return r;
}

/* Add what the directive leaves to what earlier ones gave. */
static int add_all(struct setup *s, struct addrs *all, const struct addrs *given, const struct addrs *excepts)
{
	char text[NET_ADDR_TEXT_MAX];

	for (size_t i = 0; i < given->n; i++) {
		if (holds(excepts, &given->v[i]))
			continue;
		if (holds(all, &given->v[i]))
			return cf_fail(s->in, "address %s is given twice", net_addr_text(&given->v[i], text));
		if (append(s, all, &given->v[i]))
			return ERR_SYNTAX;
	}
	return 0;
}

static int read_directive(struct setup *s, struct addrs *all)
{
	struct addrs given = {0}, excepts = {0};
	int r = append_line(s, &given, "bind");

	if (read_excepts(s, &excepts) || r)
		return ERR_SYNTAX;
	return add_all(s, all, &given, &excepts);
}

static int setup(struct setup *s, void *state)
{
	struct addrs all = {0};
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_directive(s, &all))
			r = ERR_SYNTAX;
	}
	s->block->bind_set = true;
	s->block->binds = all.v;
	s->block->n_binds = all.n;
	if (!r && !all.n)
		return cf_fail(s->in, "\"except\" leaves no address to listen on");
	return r;
}

const struct plugin plugin_bind = {
	.name = "bind",
	.setup = setup,
};
