// SPDX-License-Identifier: Apache-2.0
/* The words behind edns0. */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"
#include "server/metadata.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int parse_action(struct setup *s, const char *text, enum rewrite_action *ret)
{
	static const char *const actions[] = {"set", "replace", "append", "unset"};

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcasecmp(actions[i], text) == 0) {
			*ret = (enum rewrite_action)i;
			return 0;
		}
	}
	return cf_fail(s->in, "unknown action \"%s\"; expected set, replace, append or unset", text);
}

static int parse_code(struct setup *s, const char *text, uint16_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	if (!isdigit((unsigned char)*text) || *end || v > UINT16_MAX)
		return cf_fail(s->in, "\"%s\" is not the code of an option; expected 0 to 65535, or 0x in hex", text);
	*ret = (uint16_t)v;
	return 0;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int parse_hex(struct setup *s, const char *text, struct rewrite_option *o)
{
	size_t n = strlen(text);
	uint8_t *bytes = arena_alloc(s->arena, n / 2 + 1);

	if (!bytes)
		return cf_fail(s->in, "out of memory");
	for (size_t i = 0; i < n; i++) {
		int d = hex_digit(text[i]);

		if (d < 0 || n % 2)
			return cf_fail(s->in, "\"0x%s\" is not bytes in hex; expected pairs of digits", text);
		bytes[i / 2] = (uint8_t)(i % 2 ? bytes[i / 2] << 4 | d : d);
	}
	o->bytes = bytes;
	o->len = (uint16_t)(n / 2);
	return 0;
}

static int parse_variable(struct setup *s, const char *text, struct rewrite_option *o)
{
	static const struct {
		const char *name;
		enum rewrite_data data;
	} variables[] = {
		{"{qname}", DATA_QNAME},           {"{qtype}", DATA_QTYPE},       {"{client_ip}", DATA_CLIENT_IP},
		{"{client_port}", DATA_CLIENT_PORT}, {"{protocol}", DATA_PROTOCOL}, {"{server_ip}", DATA_SERVER_IP},
		{"{server_port}", DATA_SERVER_PORT},
	};
	char label[METADATA_TEXT_MAX];
	size_t n = strlen(text);

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		if (strcmp(variables[i].name, text) == 0) {
			o->data = variables[i].data;
			return 0;
		}
	}
	if (!strchr(text, '/') || n - 2 >= sizeof(label))
		return cf_fail(s->in, "unknown variable \"%s\"; expected {qname}, {qtype}, {client_ip}, {client_port}, {protocol}, "
				      "{server_ip}, {server_port} or a metadata label such as {view/name}", text);
	memcpy(label, text + 1, n - 2);
	label[n - 2] = '\0';
	o->data = DATA_LABEL;
	o->label = metadata_want(label);
	return o->label ? 0 : cf_fail(s->in, "too many metadata labels");
}

static int parse_data(struct setup *s, const char *text, struct rewrite_option *o)
{
	size_t n = strlen(text);

	if (n > 1 && text[0] == '{' && text[n - 1] == '}')
		return parse_variable(s, text, o);
	if (n > REWRITE_TEXT_MAX)
		return cf_fail(s->in, "the data is longer than %d characters", REWRITE_TEXT_MAX);
	if (strncmp(text, "0x", 2) == 0)
		return parse_hex(s, text + 2, o);
	o->bytes = arena_copy(s->arena, text, n + 1); /* the Corefile's text goes */
	o->len = (uint16_t)n;
	return o->bytes ? 0 : cf_fail(s->in, "out of memory");
}

static int parse_local(struct setup *s, struct rewrite_option *o, const char *const *w, size_t n)
{
	size_t needed = o->action == ACTION_UNSET ? 1 : 2;

	if (n != needed)
		return cf_fail(s->in, "expected edns0 local set|replace|append CODE DATA [revert] or edns0 local unset CODE");
	if (parse_code(s, w[0], &o->code))
		return ERR_SYNTAX;
	return o->action == ACTION_UNSET ? 0 : parse_data(s, w[1], o);
}

static int parse_nsid(struct setup *s, struct rewrite_option *o, size_t n)
{
	o->code = OPTION_NSID;
	return n ? cf_fail(s->in, "expected edns0 nsid set|replace|append [revert] or edns0 nsid unset") : 0;
}

static int parse_subnet(struct setup *s, struct rewrite_option *o, const char *const *w, size_t n)
{
	static const unsigned most[] = {32, 128};

	o->code = OPTION_CLIENT_SUBNET;
	o->data = DATA_SUBNET;
	if (n != (o->action == ACTION_UNSET ? 0 : 2))
		return cf_fail(s->in, "expected edns0 subnet set|replace|append V4BITS V6BITS [revert] or edns0 subnet unset");
	for (size_t i = 0; i < n; i++) {
		int64_t v;

		if (cf_integer(w[i], &v) || v < 0 || v > most[i])
			return cf_fail(s->in, "\"%s\" is not a number of bits; expected 0 to %u", w[i], most[i]);
		o->bits[i] = (uint8_t)v;
	}
	return 0;
}

int rewrite_parse_option(struct setup *s, struct rewrite_option *o, const char *const *w, size_t n)
{
	if (n < 2)
		return cf_fail(s->in, "expected edns0 local|nsid|subnet ACTION ...");
	if (parse_action(s, w[1], &o->action))
		return ERR_SYNTAX;
	/* `revert` asks for what is so anyway: an option of a rule never comes back to the client. */
	if (n > 2 && o->action != ACTION_UNSET && strcmp(w[n - 1], "revert") == 0)
		n--;
	if (strcasecmp(w[0], "local") == 0)
		return parse_local(s, o, w + 2, n - 2);
	if (strcasecmp(w[0], "nsid") == 0)
		return parse_nsid(s, o, n - 2);
	if (strcasecmp(w[0], "subnet") == 0)
		return parse_subnet(s, o, w + 2, n - 2);
	return cf_fail(s->in, "unknown option \"%s\"; expected local, nsid or subnet", w[0]);
}
