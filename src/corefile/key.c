// SPDX-License-Identifier: Apache-2.0
/* Keys of server blocks, and zones as plugins name them: [SCHEME://]ZONE[:PORT]. */
#include "corefile/cidr.h"
#include "corefile/parse.h"

#include "base/err.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a key says before its zones are worked out. */
struct split {
	const char *scheme;
	char zone[256]; /* without scheme and port */
	bool has_port;
	uint16_t port;
};

/* Exact and in lower case; else it belongs to the zone. */
static const char *const schemes[] = {"dns", "tls", "quic", "https3", "https", "grpc", "unix"};

static const char *split_scheme(const char *text, const char **ret_scheme)
{
	*ret_scheme = "dns";
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);
		if (!strncmp(text, schemes[i], n) && !strncmp(text + n, "://", 3)) {
			*ret_scheme = schemes[i];
			return text + n + 3;
		}
	}
	return text;
}

/* A reason into `why` (as one place reports it as error, another as warning); -EINVAL. */
static int PRINTF(3, 4) because(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* The text behind the last colon is a port if it is a number; else the colon belongs to the zone. */
static int split_port(const char *text, struct split *s, char *why, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);
	int64_t port = 0;
	int r;

	if (colon && !colon[1])
		return because(why, size, "\"%.100s\" ends with a colon, where a port is expected behind it",
			       text);
	r = colon ? cf_integer(colon + 1, &port) : -EINVAL;
	if (r != -EINVAL) {
		if (r || port < 0 || port > 65535)
			return because(why, size, "port \"%.100s\" is not within 0 to 65535", colon + 1);
		s->has_port = true;
		s->port = (uint16_t)port;
		len = (size_t)(colon - text);
	}
	if (len == 0)
		return because(why, size, "\"%.100s\" has no zone (the root is \".\")", text);
	if (len >= sizeof s->zone) /* CoreDNS counts the text too, not the octets */
		return because(why, size, "zone \"%.60s...\" has %zu characters; up to 255 are allowed", text,
			       len);
	memcpy(s->zone, text, len);
	s->zone[len] = 0;
	return 0;
}

static int add(struct arena *a, const struct cf_token *t, const struct split *s, const char *zone,
	       struct cf_keys *ret)
{
	uint8_t name[WIRE_NAME_MAX], *kept;
	int len = wire_name_from_text(zone, name);
	struct cf_key *v;

	if (len < 0)
		return len;
	v = cf_grow(a, ret->v, ret->n, &ret->cap, sizeof *v);
	if (v)
		ret->v = v; /* at once: cap counts for it */
	kept = arena_alloc(a, (size_t)len);
	if (!v || !kept)
		return -ENOMEM;
	wire_name_lower(kept, name, (size_t)len);
	ret->v[ret->n++] = (struct cf_key){
		.text = t->text,
		.scheme = s->scheme,
		.port = s->port,
		.has_port = s->has_port,
		.zone = kept,
		.zone_len = (uint8_t)len,
		.token = t,
	};
	return 0;
}

static int add_cidr(struct arena *a, const struct cf_token *t, const struct split *s, const struct cidr *c,
		    struct cf_keys *ret)
{
	char zone[CIDR_ZONE_MAX];
	int r = 0;

	for (unsigned i = 0; !r && i < cidr_zones(c); i++) {
		cidr_zone(c, i, zone);
		r = add(a, t, s, zone, ret);
	}
	return r;
}

/* Zones of one token into `ret`: 0, -EINVAL with the reason in `why`, -ENOMEM. */
static int expand(struct arena *a, const struct cf_token *t, struct split *s, struct cf_keys *ret, char *why,
		  size_t size)
{
	const char *text = split_scheme(t->text, &s->scheme);
	struct cidr c;
	int r = split_port(text, s, why, size);

	if (r)
		return r;
	if (!cidr_parse(s->zone, &c)) {
		/* CoreDNS does not take these either: too much looks like them. */
		if (s->zone[0] == ':' || (s->zone[0] == '0' && c.v6))
			return because(
				why, size,
				"network \"%.100s\" begins with \"%c\"; write its reverse zone instead",
				s->zone, s->zone[0]);
		return add_cidr(a, t, s, &c, ret);
	}
	if (s->zone[strlen(s->zone) - 1] == '{')
		return because(why, size, "a blank is missing before \"{\"");
	r = add(a, t, s, s->zone, ret);
	if (r != -EINVAL)
		return r;
	return because(why, size, "\"%.100s\" is no domain name (labels of 1 to 63 octets, 255 in all)",
		       s->zone);
}

int cf_key_parse(struct arena *a, const struct cf_token *t, struct cf_errors *errs, struct cf_keys *ret)
{
	struct split s = {0};
	char why[300];
	size_t first = ret->n;
	int r = expand(a, t, &s, ret, why, sizeof why);

	if (r == -ENOMEM)
		return r;
	if (!r && !strcmp(s.scheme, "unix")) {
		ret->n = first;
		r = because(
			why, sizeof why,
			"scheme \"unix://\" has no listener; allowed are dns://, tls://, quic://, https://, "
			"https3:// and grpc://");
	}
	if (r) {
		if (errs)
			token_error(errs, t, "key \"%.100s\": %s", t->text, why);
		return ERR_SYNTAX;
	}
	if (errs && strstr(s.zone, "://"))
		token_warning(errs, t,
			      "key \"%.100s\": the scheme is not known and becomes part of the zone's name",
			      t->text);
	return 0;
}

void cf_zone_arg(struct arena *a, const struct cf_token *t, struct cf_errors *errs, struct cf_keys *ret)
{
	struct split s = {0};
	char why[300] = "out of memory";

	if (expand(a, t, &s, ret, why, sizeof why))
		token_warning(errs, t, "zone \"%.100s\" is left out: %s", t->text, why);
}
