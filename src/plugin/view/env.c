// SPDX-License-Identifier: Apache-2.0
#include "plugin/view/env.h"

#include "base/err.h"
#include "net/addr.h"
#include "net/cidr.h"
#include "server/metadata.h"
#include "server/query.h"
#include "wire/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { OPT_LEN = 11 }; /* of one without options */

#define T(k) {EXPR_##k, EXPR_ANY}

static int text(struct expr_run *r, const char *s, struct expr_value *ret)
{
	size_t n = strlen(s);
	const char *copy = arena_copy(r->arena, s, n + 1);

	*ret = expr_string(copy, n);
	return copy ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- the question */

static int fn_name(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const struct query *q = r->ctx;
	char name[WIRE_NAME_TEXT_MAX];

	wire_name_text(q->in.qname, name);
	return text(r, name, ret);
}

static int fn_type(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const struct query *q = r->ctx;
	char buf[16];

	return text(r, wire_type_text(q->in.qtype, buf), ret);
}

static int fn_class(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const struct query *q = r->ctx;
	char buf[16];

	return text(r, wire_class_text(q->in.qclass, buf), ret);
}

static int fn_id(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int(((const struct query *)r->ctx)->in.id);
	return 0;
}

static int fn_opcode(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int((((const struct query *)r->ctx)->in.flags & FLAG_OPCODE) >> 11);
	return 0;
}

/* A question of our own (a CNAME's target) never was a message: what it would take. */
static int fn_size(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const struct query *q = r->ctx;
	int made = WIRE_HEADER_LEN + q->in.question_len + (q->in.has_opt ? OPT_LEN : 0);

	*ret = expr_int(q->request_len ? q->request_len : made);
	return 0;
}

static int fn_do(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_bool(((const struct query *)r->ctx)->in.do_bit);
	return 0;
}

/* What the client takes, before any limit of ours. */
static int fn_bufsize(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const struct query *q = r->ctx;
	unsigned size = q->in.has_opt && q->in.udp_size > WIRE_UDP_MIN ? q->in.udp_size : WIRE_UDP_MIN;

	*ret = expr_int(q->from.stream ? WIRE_MSG_MAX : size);
	return 0;
}

/* ---------------------------------------------------------------- client and server */

static int fn_proto(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return text(r, query_proto(r->ctx), ret);
}

static int address(struct expr_run *r, const struct net_addr *a, struct expr_value *ret)
{
	char out[NET_ADDR_TEXT_MAX];

	return text(r, net_addr_text(a, out), ret);
}

/* Text, as in the peer. */
static int port(struct expr_run *r, const struct net_addr *a, struct expr_value *ret)
{
	char out[8];

	(void)snprintf(out, sizeof(out), "%u", net_addr_port(a));
	return text(r, out, ret);
}

static int fn_client_ip(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return address(r, net_return_peer(&((const struct query *)r->ctx)->from), ret);
}

static int fn_port(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return port(r, net_return_peer(&((const struct query *)r->ctx)->from), ret);
}

static int fn_server_ip(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return address(r, net_return_local(&((const struct query *)r->ctx)->from), ret);
}

static int fn_server_port(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return port(r, net_return_local(&((const struct query *)r->ctx)->from), ret);
}

/* ---------------------------------------------------------------- incidr */

enum { V4_BITS = 96 }; /* of net_cidr.bits: IPv4 is v4-mapped there */

static bool to_text(const struct expr_value *v, char *out, size_t size)
{
	if (v->n >= size || memchr(v->s, '\0', v->n))
		return false;
	memcpy(out, v->s, v->n);
	out[v->n] = '\0';
	return true;
}

static int parse_net(const struct expr_value *v, struct net_cidr *ret)
{
	char out[NET_ADDR_TEXT_MAX];

	if (!to_text(v, out, sizeof(out)) || !strchr(out, '/') || net_cidr_parse(out, ret))
		return -EINVAL;
	return 0;
}

/* A network that is written out is read once.  A wrong one never matches, which nobody can mean; the peer takes it. */
static int bind_incidr(struct arena *a, const struct expr_value *const *args, unsigned n, const void **ret, char *why,
		       size_t why_len)
{
	struct net_cidr net;

	if (!args[1])
		return 0;
	if (parse_net(args[1], &net)) {
		(void)snprintf(why, why_len, "\"%.*s\" is no network such as 192.0.2.0/24 or 2001:db8::/32: no query will match",
			       (int)(args[1]->n < 60 ? args[1]->n : 60), args[1]->s);
		return 0;
	}
	*ret = arena_copy(a, &net, sizeof(net));
	if (*ret)
		return 0;
	(void)snprintf(why, why_len, "out of memory");
	return ERR_SYNTAX;
}

static int fn_incidr(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const struct net_cidr *net = r->bound;
	char out[NET_ADDR_TEXT_MAX];
	struct net_addr addr;
	struct net_cidr read;

	if (!net) {
		if (parse_net(&a[1], &read))
			return -EINVAL;
		net = &read;
	}
	if (!to_text(&a[0], out, sizeof(out)) || net_addr_parse(out, 0, &addr))
		return -EINVAL;
	/* ::/0 has no IPv4 in it, as in Go. */
	*ret = expr_bool((net->bits >= V4_BITS || net_addr_family(&addr) == 2) && net_cidr_contains(net, &addr));
	return 0;
}

/* ---------------------------------------------------------------- metadata */

static int bind_metadata(struct arena *a, const struct expr_value *const *args, unsigned n, const void **ret, char *why,
			 size_t why_len)
{
	char label[METADATA_TEXT_MAX];

	if (!args[0] || !to_text(args[0], label, sizeof(label))) {
		(void)snprintf(why, why_len, "expected a label in quotes, such as 'geoip/country/code'");
		return ERR_SYNTAX;
	}
	*ret = metadata_want(label);
	if (*ret)
		return 0;
	(void)snprintf(why, why_len, "too many metadata labels");
	return ERR_SYNTAX;
}

static int fn_metadata(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const char *s = metadata_get(r->ctx, r->bound);

	*ret = expr_string(s ? s : "", s ? strlen(s) : 0);
	return 0;
}

static const struct expr_func funcs[] = {
	{"type", 0, 0, "*", T(STRING), fn_type, NULL},
	{"name", 0, 0, "*", T(STRING), fn_name, NULL},
	{"class", 0, 0, "*", T(STRING), fn_class, NULL},
	{"proto", 0, 0, "*", T(STRING), fn_proto, NULL},
	{"size", 0, 0, "*", T(INT), fn_size, NULL},
	{"client_ip", 0, 0, "*", T(STRING), fn_client_ip, NULL},
	{"port", 0, 0, "*", T(STRING), fn_port, NULL},
	{"id", 0, 0, "*", T(INT), fn_id, NULL},
	{"opcode", 0, 0, "*", T(INT), fn_opcode, NULL},
	{"do", 0, 0, "*", T(BOOL), fn_do, NULL},
	{"bufsize", 0, 0, "*", T(INT), fn_bufsize, NULL},
	{"server_ip", 0, 0, "*", T(STRING), fn_server_ip, NULL},
	{"server_port", 0, 0, "*", T(STRING), fn_server_port, NULL},
	{"incidr", 2, 2, "s", T(BOOL), fn_incidr, bind_incidr},
	{"metadata", 1, 1, "s", T(STRING), fn_metadata, bind_metadata},
};

const struct expr_env view_env = {funcs, ARRAY_LEN(funcs)};
