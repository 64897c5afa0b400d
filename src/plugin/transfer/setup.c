// SPDX-License-Identifier: Apache-2.0
/* The grammar of `transfer`. */
#include "base/err.h"
#include "plugin/transfer/transfer.h"
#include "server/generation.h"

#include <errno.h>
#include <string.h>

enum { DNS_PORT = 53 };

static int parse_port(const char *text, uint16_t *ret)
{
	unsigned long port = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || port > UINT16_MAX)
			return -EINVAL;
		port = 10 * port + (unsigned long)(*text - '0');
	}
	*ret = (uint16_t)port;
	return port && port <= UINT16_MAX ? 0 : -EINVAL;
}

/* IP, IP:port, [IP]:port */
static int parse_address(const char *text, struct net_addr *ret)
{
	char host[NET_ADDR_TEXT_MAX];
	const char *end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
	uint16_t port = DNS_PORT;
	size_t len;

	if (net_addr_parse(text, DNS_PORT, ret) == 0)
		return 0;
	if (!end)
		return -EINVAL;
	text += text[0] == '[';
	len = (size_t)(end - text);
	end += *end == ']';
	if (len >= sizeof(host) || (*end && (*end != ':' || parse_port(end + 1, &port))))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	return net_addr_parse(host, port, ret);
}

static int parse_to(struct cf_cursor *c, void *state)
{
	struct transfer_rule *r = state;
	const struct cf_token *t;

	while (cf_arg(c, &t)) {
		struct transfer_to *to = arena_zalloc(c->arena, sizeof(*to));

		if (!to)
			return cf_fail(c, "out of memory");
		to->all = !strcmp(t->text, "*");
		if (!to->all && parse_address(t->text, &to->addr))
			return cf_fail(c, "found \"%.100s\", expected an IP address (with or without a port) or *", t->text);
		*r->to_last = to;
		r->to_last = &to->next;
	}
	return 0;
}

static int parse_source(struct cf_cursor *c, void *state)
{
	struct transfer_rule *r = state;
	const char *text;

	if (cf_arg_text(c, "ADDRESS", &text))
		return ERR_SYNTAX;
	if (r->has_source)
		return cf_fail(c, "source already specified");
	if (net_addr_parse(text, 0, &r->source))
		return cf_fail(c, "invalid source address \"%.100s\", expected an IP address", text);
	r->has_source = true;
	return 0;
}

static const struct cf_option_def options[] = {
	{"to", 1, -1, parse_to, "ADDRESS...|*"},
	{"source", 1, 1, parse_source, "ADDRESS"},
};

static int read_zones(struct setup *s, struct transfer_rule *r)
{
	const struct cf_token *t;
	const struct block *b = s->block;

	if (cf_args_left(s->in)) {
		while (cf_arg(s->in, &t))
			cf_zone_arg(s->arena, t, s->in->errs, &r->zones);
		return 0;
	}
	r->zones.v = arena_zalloc(s->arena, b->n_keys * sizeof(*r->zones.v));
	if (!r->zones.v)
		return cf_fail(s->in, "out of memory");
	for (; r->zones.n < b->n_keys; r->zones.n++) {
		r->zones.v[r->zones.n].zone = b->keys[r->zones.n].zone;
		r->zones.v[r->zones.n].zone_len = b->keys[r->zones.n].zone_len;
	}
	return 0;
}

static int read_rule(struct setup *s, struct transfer_plugin *p)
{
	struct transfer_rule *r = arena_zalloc(s->arena, sizeof(*r));

	if (!r)
		return cf_fail(s->in, "out of memory");
	r->to_last = &r->to;
	if (read_zones(s, r) || cf_options(s->in, options, ARRAY_LEN(options), r))
		return ERR_SYNTAX;
	if (!r->to)
		return cf_fail(s->in, "'to' is required");
	*p->last = r;
	p->last = &r->next;
	return 0;
}

static bool tells_somebody(const struct transfer_plugin *p)
{
	for (const struct transfer_rule *r = p->rules; r; r = r->next) {
		for (const struct transfer_to *to = r->to; to; to = to->next) {
			if (!to->all)
				return true;
		}
	}
	return false;
}

int transfer_setup(struct setup *s, struct transfer_plugin *ret)
{
	ret->block = s->block;
	ret->last = &ret->rules;
	while (cf_directive(s->in)) {
		if (read_rule(s, ret))
			return ERR_SYNTAX;
	}
	if (!tells_somebody(ret))
		return 0;
	ret->notifier = notifier_new();
	return ret->notifier ? 0 : cf_fail(s->in, "out of memory");
}
