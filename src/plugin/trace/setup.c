// SPDX-License-Identifier: Apache-2.0
#include "plugin/trace/trace.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/err.h"
#include "corefile/corefile.h"

#include <stdlib.h>
#include <string.h>

enum { BACKLOG = 1000, BACKLOG_MAX = 1000000, BATCH = 100, BATCH_MAX = 10000, TEXT_MAX = 200 };

struct reading {
	struct setup *s;
	struct trace *t;
};

/* ---------------------------------------------------------------- options */

static struct trace_config *config_of(void *state)
{
	return &((struct reading *)state)->t->config;
}

static int parse_every(struct cf_cursor *in, void *state)
{
	return cf_arg_u32(in, "N", 0, INT32_MAX, &config_of(state)->every);
}

static int parse_service(struct cf_cursor *in, void *state)
{
	const char *text;
	int err = cf_arg_text(in, "NAME", &text);

	if (err)
		return err;
	if (strlen(text) > TEXT_MAX)
		return cf_fail(in, "longer than %d bytes", TEXT_MAX);
	config_of(state)->service = arena_strdup(((struct reading *)state)->s->arena, text);
	return config_of(state)->service ? 0 : cf_fail(in, "out of memory");
}

/* Spans that a client began come with DNS over HTTPS alone. */
static int parse_client_server(struct cf_cursor *in, void *state)
{
	static const char *const words[] = {"true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False"};
	size_t i;

	cf_warning(in->errs, cf_here(in)->file, cf_here(in)->line,
		   "plugin trace: client_server has no effect: no client of this build brings spans of its own");
	return cf_args_left(in) ? cf_arg_word(in, "BOOL", words, ARRAY_LEN(words), &i) : 0;
}

static int parse_rate(struct cf_cursor *in, void *state)
{
	const char *text;
	char *end;
	double v;

	config_of(state)->analytics_rate = 1;
	if (!cf_args_left(in))
		return 0;
	if (cf_arg_text(in, "R", &text))
		return ERR_SYNTAX;
	v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v <= 1))
		return cf_fail(in, "\"%.100s\" is no rate; expected 0 to 1", text);
	config_of(state)->analytics_rate = v;
	return 0;
}

static int parse_backlog(struct cf_cursor *in, void *state)
{
	return cf_arg_u32(in, "N", 1, BACKLOG_MAX, &config_of(state)->backlog);
}

static int parse_batch(struct cf_cursor *in, void *state)
{
	return cf_arg_u32(in, "N", 1, BATCH_MAX, &config_of(state)->batch_size);
}

static int parse_interval(struct cf_cursor *in, void *state)
{
	return cf_arg_duration(in, "D", 1, INT64_MAX, &config_of(state)->interval_ns);
}

static const struct cf_option_def options[] = {
	{"every", 1, 1, parse_every, "N"},
	{"service", 1, 1, parse_service, "NAME"},
	{"client_server", 0, 1, parse_client_server, "[BOOL]"},
	{"datadog_analytics_rate", 0, 1, parse_rate, "[R]"},
	{"zipkin_max_backlog_size", 1, 1, parse_backlog, "N"},
	{"zipkin_max_batch_size", 1, 1, parse_batch, "N"},
	{"zipkin_max_batch_interval", 1, 1, parse_interval, "D"},
};

/* ---------------------------------------------------------------- the directive */

static int set_url(struct setup *s, struct trace_config *c, const char *endpoint)
{
	static const char *const paths[] = {[TRACE_ZIPKIN] = "/api/v2/spans", [TRACE_DATADOG] = "/v0.3/traces"};
	size_t size = strlen(endpoint) + 64;
	char *url;

	if (strlen(endpoint) > TEXT_MAX)
		return cf_fail(s->in, "the endpoint is longer than %d bytes", TEXT_MAX);
	url = arena_alloc(s->arena, size);
	if (!url)
		return cf_fail(s->in, "out of memory");
	if (strncmp(endpoint, "http://", 7) == 0 || strncmp(endpoint, "https://", 8) == 0)
		(void)snprintf(url, size, "%s%s", endpoint, c->kind == TRACE_DATADOG ? paths[c->kind] : "");
	else
		(void)snprintf(url, size, "http://%s%s", endpoint, paths[c->kind]);
	c->url = url;
	return 0;
}

static int parse_arguments(struct setup *s, struct trace_config *c)
{
	static const char *const defaults[] = {[TRACE_ZIPKIN] = "localhost:9411", [TRACE_DATADOG] = "localhost:8126"};
	static const char *const kinds[] = {[TRACE_ZIPKIN] = "zipkin", [TRACE_DATADOG] = "datadog"};
	const char *text = NULL;
	size_t n = cf_args_left(s->in);

	if (n && cf_arg_text(s->in, "zipkin, datadog or ENDPOINT", &text))
		return ERR_SYNTAX;
	for (unsigned i = 0; text && i < ARRAY_LEN(kinds); i++) {
		if (!strcmp(text, kinds[i])) {
			c->kind = (enum trace_kind)i;
			text = NULL;
		}
	}
	if (text && n == 2)
		return cf_fail(s->in, "\"%.100s\" is no kind of tracer; expected zipkin or datadog", text);
	if (!text && n == 2 && cf_arg_text(s->in, "ENDPOINT", &text))
		return ERR_SYNTAX;
	if (cf_no_more_args(s->in))
		return ERR_SYNTAX;
	return set_url(s, c, text ? text : defaults[c->kind]);
}

static int read_one(struct setup *s, struct trace *t)
{
	struct trace_config *c = &t->config;
	struct reading r = {s, t};
	int err = 0;

	if (t->given)
		return cf_fail(s->in, "given a second time in this server block; expected it once");
	t->given = true;
	*c = (struct trace_config){
		.every = 1,
		.service = "coredns",
		.analytics_rate = -1,
		.backlog = BACKLOG,
		.batch_size = BATCH,
		.interval_ns = NS_PER_S,
	};
	err = parse_arguments(s, c);
	if (cf_options(s->in, options, ARRAY_LEN(options), &r))
		err = ERR_SYNTAX;
	return err;
}

int trace_setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_one(s, state))
			r = ERR_SYNTAX;
	}
	return r;
}
