// SPDX-License-Identifier: Apache-2.0
#include "plugin/dnstap/dnstap.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/dnstap/tls.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAPS_MAX = 8, MIB_MAX = 1024, QUEUE_MAX = 4096, TEXT_MAX = 127 };

struct reading {
	struct setup *s;
	struct dnstap_tap *tap;
};

/* ---------------------------------------------------------------- the endpoint */

static const char *copy(struct setup *s, const char *text, size_t len)
{
	return arena_strndup(s->arena, text, len);
}

/* "HOST:PORT", "[HOST]:PORT". */
static int split_host(struct setup *s, const char *text, struct dnstap_config *c)
{
	const char *colon = strrchr(text, ':'), *end = colon;
	unsigned long port;
	char *rest;

	if (!colon || colon == text + strlen(text) - 1)
		return cf_fail(s->in, "endpoint \"%.200s\" has no port; expected HOST:PORT", text);
	port = strtoul(colon + 1, &rest, 10);
	if (*rest || !port || port > USHRT_MAX)
		return cf_fail(s->in, "\"%.100s\" is no port", colon + 1);
	if (*text == '[' && colon > text && colon[-1] == ']') {
		text++;
		end--;
	}
	c->host = copy(s, text, (size_t)(end - text));
	c->port = copy(s, colon + 1, strlen(colon + 1));
	return c->host && c->port ? 0 : cf_fail(s->in, "out of memory");
}

static int parse_endpoint(struct setup *s, const char *text, struct dnstap_config *c)
{
	static const char *const schemes[] = {
		[DNSTAP_UNIX] = "unix://", [DNSTAP_TCP] = "tcp://", [DNSTAP_TLS] = "tls://"};

	for (unsigned i = 0; i < ARRAY_LEN(schemes); i++) {
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0) {
			c->transport = (enum dnstap_transport)i;
			text += strlen(schemes[i]);
			if (i != DNSTAP_UNIX)
				return split_host(s, text, c);
			break;
		}
	}
	if (strstr(text, "://"))
		return cf_fail(s->in, "endpoint \"%.200s\": expected tcp://HOST:PORT, tls://HOST:PORT, unix:///PATH or a path",
			       text);
	c->path = copy(s, text, strlen(text));
	return c->path ? 0 : cf_fail(s->in, "out of memory");
}

/* ---------------------------------------------------------------- options */

static int text_option(struct cf_cursor *in, struct reading *r, const char *what, const char **ret)
{
	const char *text;
	int err = cf_arg_text(in, what, &text);

	if (err)
		return err;
	if (strlen(text) > TEXT_MAX && *what != 'F')
		return cf_fail(in, "longer than %d bytes", TEXT_MAX);
	*ret = copy(r->s, text, strlen(text));
	return *ret ? 0 : cf_fail(in, "out of memory");
}

static int parse_identity(struct cf_cursor *in, void *state)
{
	struct reading *r = state;

	return text_option(in, r, "ID", &r->tap->identity);
}

static int parse_version(struct cf_cursor *in, void *state)
{
	struct reading *r = state;

	return text_option(in, r, "VERSION", &r->tap->version);
}

static int parse_extra(struct cf_cursor *in, void *state)
{
	struct reading *r = state;

	return text_option(in, r, "FORMAT", &r->tap->extra_text);
}

static int parse_skipverify(struct cf_cursor *in, void *state)
{
	((struct reading *)state)->tap->config.skipverify = true;
	return 0;
}

static int parse_file(struct cf_cursor *in, struct reading *r, const char *what, const char **ret)
{
	const char *name;
	int err = cf_arg_text(in, what, &name);

	if (err)
		return err;
	*ret = block_path(r->s, name);
	return *ret ? 0 : ERR_SYNTAX;
}

static int parse_tls(struct cf_cursor *in, void *state)
{
	struct reading *r = state;
	struct dnstap_config *c = &r->tap->config;

	if (!c->listen)
		return cf_fail(in, "\"tls\" is for \"dnstap listen\"; a client's connection is secured by tls:// alone");
	if (parse_file(in, r, "CERT", &c->cert) || parse_file(in, r, "KEY", &c->key))
		return ERR_SYNTAX;
	return cf_args_left(in) ? parse_file(in, r, "CA", &c->ca) : 0;
}

static const struct cf_option_def options[] = {
	{"identity", 1, 1, parse_identity, "ID"},       {"version", 1, 1, parse_version, "VERSION"},
	{"extra", 1, 1, parse_extra, "FORMAT"},         {"skipverify", 0, 0, parse_skipverify, ""},
	{"tls", 2, 3, parse_tls, "CERT KEY [CA]"},
};

/* ---------------------------------------------------------------- the directive */

static int parse_arguments(struct setup *s, struct dnstap_config *c)
{
	const char *text;
	uint32_t n;

	if (cf_arg_text(s->in, "ENDPOINT", &text))
		return ERR_SYNTAX;
	if (!strcmp(text, "listen")) {
		c->listen = true;
		if (cf_arg_text(s->in, "ENDPOINT", &text))
			return ERR_SYNTAX;
	}
	if (parse_endpoint(s, text, c))
		return ERR_SYNTAX;
	if (cf_args_left(s->in) && cf_arg_text(s->in, "full", &text) == 0) {
		c->full = !strcmp(text, "full");
		if (!c->full)
			cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
				   "plugin dnstap: \"%.100s\" is not \"full\": messages themselves are left out", text);
	}
	if (cf_args_left(s->in)) {
		if (cf_arg_u32(s->in, "TCP_BUF_MIB", 1, MIB_MAX, &n))
			return ERR_SYNTAX;
		c->buffer_mib = n;
	}
	if (cf_args_left(s->in)) {
		if (cf_arg_u32(s->in, "QUEUE_X10K", 1, QUEUE_MAX, &n))
			return ERR_SYNTAX;
		c->queue_x10k = n;
	}
	return cf_no_more_args(s->in);
}

static int set_head(struct setup *s, struct dnstap_tap *t)
{
	static char host[256];

	if (!t->identity && gethostname(host, sizeof(host) - 1) == 0)
		t->identity = host;
	if (!t->identity)
		t->identity = "";
	if (!t->version)
		t->version = "Binnacle-" BINNACLE_VERSION;
	t->head = arena_alloc(s->arena, 4 + strlen(t->identity) + strlen(t->version));
	if (!t->head)
		return cf_fail(s->in, "out of memory");
	t->head_len = dnstap_encode_head(t->identity, t->version, t->head);
	return 0;
}

static int check_tls(struct setup *s, const struct dnstap_config *c)
{
	const char *why;

	if (c->transport != DNSTAP_TLS)
		return c->cert ? cf_fail(s->in, "\"tls\" needs an endpoint tls://HOST:PORT") : 0;
	if (c->listen && !c->cert)
		return cf_fail(s->in, "\"dnstap listen tls://\" needs \"tls CERT KEY [CA]\"");
	why = dnstap_tls_check(c);
	return why ? cf_fail(s->in, "TLS: %s", why) : 0;
}

static int read_one(struct setup *s, struct dnstap *d)
{
	struct dnstap_tap *t = &d->taps[d->n];
	struct reading r = {s, t};
	int err;

	if (d->n == TAPS_MAX)
		return cf_fail(s->in, "more than %d in one server block", TAPS_MAX);
	*t = (struct dnstap_tap){.config = {.buffer_mib = 1, .queue_x10k = 1}};
	err = parse_arguments(s, &t->config);
	if (cf_options(s->in, options, ARRAY_LEN(options), &r))
		err = ERR_SYNTAX;
	if (!err)
		err = set_head(s, t);
	if (!err)
		err = check_tls(s, &t->config);
	d->n += !err;
	return err;
}

int dnstap_setup(struct setup *s, void *state)
{
	struct dnstap *d = state;
	int r = 0;

	d->taps = arena_alloc(s->arena, TAPS_MAX * sizeof(*d->taps));
	if (!d->taps)
		return -ENOMEM;
	while (cf_directive(s->in)) {
		if (read_one(s, d))
			r = ERR_SYNTAX;
	}
	return r;
}
