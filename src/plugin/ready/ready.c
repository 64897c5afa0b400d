// SPDX-License-Identifier: Apache-2.0
/* ready: GET /ready answers 200 once all plugins that can say so are ready, 503 with their names until
 * then, and 503 from the first moment of the end on, while DNS is still answered: who sends us queries
 * shall stop in time. */
#include "base/err.h"
#include "base/log.h"
#include "corefile/corefile.h"
#include "net/http_server.h"
#include "plugin/http_address.h"
#include "server/generation.h"
#include "server/lifecycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTP_OK = 200, HTTP_UNAVAILABLE = 503, NAMES_MAX = 1024 };

struct ready {
	const char *address; /* frozen */
	bool continuously; /* frozen */
	struct generation *gen; /* since start */
	bool *was; /* atomic: by instance of all blocks in order, has been ready */
	struct http_claim *claim;
};

extern const struct plugin plugin_ready;

/* ---------------------------------------------------------------- setup */

static int read_monitor(struct cf_cursor *c, void *state)
{
	static const char *const words[] = {"until-ready", "continuously"};
	struct ready *r = state;
	size_t i;

	if (cf_arg_word(c, "when to ask", words, ARRAY_LEN(words), &i))
		return ERR_SYNTAX;
	r->continuously = i == 1;
	return 0;
}

static const struct cf_option_def options[] = {
	{"monitor", 1, 1, read_monitor, "until-ready|continuously"},
};

static int setup(struct setup *s, void *state)
{
	struct ready *r = state;
	int err;

	r->address = ":8181";
	if (!cf_directive(s->in))
		return 0;
	err = http_address_arg(s->in, s->arena, ":8181", &r->address);
	if (cf_options(s->in, options, ARRAY_LEN(options), r))
		err = ERR_SYNTAX;
	if (cf_directive(s->in))
		err = cf_fail(s->in, "stands twice in this server block; expected once");
	return err;
}

/* ---------------------------------------------------------------- asking */

static const struct ready *ready_of(const struct block *b)
{
	for (size_t i = 0; i < b->n_all; i++) {
		if (b->all[i].plugin == &plugin_ready)
			return b->all[i].state;
	}
	return NULL;
}

/* The process has one answer: the last block's way of asking counts. */
static bool asks_again(const struct generation *g)
{
	bool again = false;

	for (size_t i = 0; i < g->n_blocks; i++) {
		const struct ready *r = ready_of(&g->blocks[i]);

		if (r)
			again = r->continuously;
	}
	return again;
}

static bool is_ready(const struct instance *in, bool *was, bool again)
{
	if (!in->plugin->ready || (!again && __atomic_load_n(was, __ATOMIC_RELAXED)))
		return true;
	if (!in->plugin->ready(in->state))
		return false;
	__atomic_store_n(was, true, __ATOMIC_RELAXED);
	return true;
}

static void add(const char **names, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++) {
		if (names[i] == name)
			return;
	}
	names[(*n)++] = name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of those in blocks with `ready` that are not, sorted, each once. */
static size_t not_ready(const struct ready *r, const char **names)
{
	const struct generation *g = r->gen;
	bool again = asks_again(g);
	size_t n = 0, at = 0;

	for (size_t i = 0; i < g->n_blocks; i++) {
		const struct block *b = &g->blocks[i];
		bool counts = ready_of(b) != NULL;

		for (size_t k = 0; k < b->n_all; k++, at++) {
			if (counts && !is_ready(&b->all[k], &r->was[at], again))
				add(names, &n, b->all[k].plugin->name);
		}
	}
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

static void answer(void *arg, const struct http_request *req, struct http_reply *ret)
{
	const char **names = calloc(plugin_table_len + 1, sizeof(*names));
	char text[NAMES_MAX] = "";
	size_t n = 0, len = 0;

	if (lifecycle_stopping()) {
		free(names);
		http_reply_text(ret, HTTP_UNAVAILABLE, "shutting down");
		return;
	}
	if (names)
		n = not_ready(arg, names);
	for (size_t i = 0; i < n && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "," : "", names[i]);
	if (n)
		log_line(LOG_INFO, "plugin/ready: Plugins not ready: \"%s\"", text);
	if (names)
		http_reply_text(ret, n ? HTTP_UNAVAILABLE : HTTP_OK, n ? text : "OK");
	free(names);
}

/* ---------------------------------------------------------------- serving */

static size_t count_instances(const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_blocks; i++)
		n += g->blocks[i].n_all;
	return n;
}

/* As in the peer, an address that cannot be had keeps nobody from answering DNS; here it is told. */
static int start(struct generation *gen, void *state)
{
	struct ready *r = state;
	const struct http_route route = {.path = "/ready", .fn = answer, .arg = r};
	int err;

	r->gen = gen;
	r->was = arena_zalloc(&gen->arena, count_instances(gen) + 1);
	if (!r->was)
		return -ENOMEM;
	err = http_claim(r->address, &route, NULL, &r->claim);
	if (err)
		log_line(LOG_ERROR, "plugin/ready: cannot listen on \"%s\": %s", r->address, err_text(err));
	return 0;
}

static void stop(void *state)
{
	struct ready *r = state;

	http_release(r->claim);
}

const struct plugin plugin_ready = {
	.name = "ready",
	.state_size = sizeof(struct ready),
	.libraries = http_server_libraries,
	.setup = setup,
	.start = start,
	.stop = stop,
};
