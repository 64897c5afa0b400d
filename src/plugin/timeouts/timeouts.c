// SPDX-License-Identifier: Apache-2.0
/* timeouts: how long connections of the block's listeners may take, and how much they may ask. */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"

static const uint64_t least_ns = NS_PER_S, most_ns = 24 * 3600 * NS_PER_S;

/* A Go duration, or a bare number of seconds. */
static int read_time(struct cf_cursor *c, const char *what, uint32_t *ret_ms)
{
	struct cf_cursor before = *c;
	const struct cf_token *t;
	uint64_t ns;
	int64_t seconds;

	if (!cf_arg(c, &t))
		return cf_fail(c, "expected a duration behind \"%s\"", what);
	if (cf_integer(t->text, &seconds)) {
		*c = before;
		if (cf_arg_duration(c, what, least_ns, most_ns, &ns))
			return ERR_SYNTAX;
	} else if (seconds < 1 || seconds > (int64_t)(most_ns / NS_PER_S)) {
		return cf_fail(c, "%s \"%.20s\" is not within 1s to 24h", what, t->text);
	} else {
		ns = (uint64_t)seconds * NS_PER_S;
	}
	*ret_ms = (uint32_t)(ns / NS_PER_MS);
	return 0;
}

static int read_read(struct cf_cursor *c, void *state)
{
	struct listener_settings *s = state;

	return read_time(c, "read", &s->first_ms);
}

static int read_write(struct cf_cursor *c, void *state)
{
	struct listener_settings *s = state;

	return read_time(c, "write", &s->write_ms);
}

static int read_idle(struct cf_cursor *c, void *state)
{
	struct listener_settings *s = state;

	return read_time(c, "idle", &s->idle_ms);
}

static int read_queries(struct cf_cursor *c, void *state)
{
	struct listener_settings *s = state;
	int64_t n;

	if (cf_arg_i64(c, "maxtcpqueries", -1, INT32_MAX, &n))
		return ERR_SYNTAX;
	if (n == 0)
		return cf_fail(c, "maxtcpqueries 0 would answer nothing; expected a number above 0, or -1 for no limit");
	s->max_tcp_queries = (int32_t)n;
	return 0;
}

static const struct cf_option_def options[] = {
	{"read", 1, 1, read_read, "DURATION"},
	{"write", 1, 1, read_write, "DURATION"},
	{"idle", 1, 1, read_idle, "DURATION"},
	{"maxtcpqueries", 1, 1, read_queries, "NUMBER"},
};

static bool any_given(const struct listener_settings *s)
{
	return s->first_ms || s->write_ms || s->idle_ms || s->max_tcp_queries;
}

static int read_directive(struct cf_cursor *in, struct listener_settings *ret)
{
	struct listener_settings given = {0};

	if (cf_no_more_args(in) || cf_options(in, options, ARRAY_LEN(options), &given))
		return ERR_SYNTAX;
	if (!any_given(&given))
		return cf_fail(in, "expected at least one of read, write, idle, maxtcpqueries in a block");
	if (given.first_ms)
		ret->first_ms = given.first_ms;
	if (given.write_ms)
		ret->write_ms = given.write_ms;
	if (given.idle_ms)
		ret->idle_ms = given.idle_ms;
	if (given.max_tcp_queries)
		ret->max_tcp_queries = given.max_tcp_queries;
	return 0;
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_directive(s->in, &s->block->settings))
			r = ERR_SYNTAX;
	}
	return r;
}

const struct plugin plugin_timeouts = {
	.name = "timeouts",
	.setup = setup,
};
