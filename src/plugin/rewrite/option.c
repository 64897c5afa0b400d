// SPDX-License-Identifier: Apache-2.0
/* What rules do to the options that go upstream.  The client's are left as they came: a new list takes their place. */
#include "plugin/rewrite/rewrite.h"

#include "net/addr.h"
#include "server/metadata.h"
#include "wire/name.h"
#include "wire/option.h"

#include <errno.h>
#include <string.h>

enum { SUBNET_HEAD = 4, DATA_MAX = WIRE_NAME_TEXT_MAX };

/* ---------------------------------------------------------------- data */

/* 4 or 16 bytes; IPv4 also out of v4-mapped IPv6. */
static unsigned put_address(const struct net_addr *a, uint8_t *out)
{
	if (net_addr_family(a) == 2) {
		memcpy(out, &a->v6.sin6_addr, 16);
		return 16;
	}
	if (a->sa.sa_family == AF_INET6)
		memcpy(out, (const uint8_t *)&a->v6.sin6_addr + 12, 4);
	else
		memcpy(out, &a->v4.sin_addr, 4);
	return 4;
}

/* RFC 7871 6: family, prefix length, 0, and as many bytes of the address as it takes. */
static size_t put_subnet(const struct rewrite_option *o, const struct query *q, uint8_t *out)
{
	const struct net_addr *peer = net_return_peer(&q->from);
	uint8_t addr[16];
	int family = net_addr_family(peer);
	unsigned bits = o->bits[family - 1], bytes = (bits + 7) / 8;

	put_address(peer, addr);
	wire_put_u16(out, (unsigned)family);
	out[2] = (uint8_t)bits;
	out[3] = 0;
	memcpy(out + SUBNET_HEAD, addr, bytes);
	if (bits % 8)
		out[SUBNET_HEAD + bytes - 1] &= (uint8_t)(0xff << (8 - bits % 8));
	return SUBNET_HEAD + bytes;
}

static size_t put_port(const struct net_addr *a, uint8_t *out)
{
	wire_put_u16(out, net_addr_port(a));
	return 2;
}

static size_t put_text(const char *s, uint8_t *out)
{
	size_t n = strnlen(s, DATA_MAX);

	memcpy(out, s, n);
	return n;
}

static size_t put_label(const struct rewrite_option *o, struct query *q, uint8_t *out)
{
	const char *s = metadata_get(q, o->label);

	return s ? put_text(s, out) : 0;
}

/* The variable's bytes; 0: it has none, and the rule does nothing. */
static size_t put_variable(const struct rewrite_option *o, struct query *q, uint8_t *out)
{
	char name[WIRE_NAME_TEXT_MAX];

	switch (o->data) {
	case DATA_QNAME:
		wire_name_text(q->question, name);
		return put_text(name, out);
	case DATA_QTYPE:
		wire_put_u16(out, q->in.qtype);
		return 2;
	case DATA_CLIENT_IP:
		return put_address(net_return_peer(&q->from), out);
	case DATA_CLIENT_PORT:
		return put_port(net_return_peer(&q->from), out);
	case DATA_PROTOCOL:
		return put_text(query_proto(q), out);
	case DATA_SERVER_IP:
		return put_address(net_return_local(&q->from), out);
	case DATA_SERVER_PORT:
		return put_port(net_return_local(&q->from), out);
	case DATA_LABEL:
		return put_label(o, q, out);
	case DATA_SUBNET:
		return put_subnet(o, q, out);
	case DATA_BYTES:
		break;
	}
	return 0;
}

/* ---------------------------------------------------------------- the list */

/* The option at `at`; its whole size. */
static size_t option_size(const struct query *q, size_t at)
{
	return WIRE_OPTION_HEAD + wire_u16(q->in.options + at + 2);
}

static bool has_option(const struct query *q, uint16_t code)
{
	uint16_t len;

	return q->in.options_len && wire_option_find(q->in.options, q->in.options_len, code, &len);
}

struct writing {
	uint8_t *out;
	size_t n;
};

static void put_option(struct writing *w, uint16_t code, const uint8_t *data, size_t len)
{
	wire_put_u16(w->out + w->n, code);
	wire_put_u16(w->out + w->n + 2, (unsigned)len);
	if (len)
		memcpy(w->out + w->n + WIRE_OPTION_HEAD, data, len);
	w->n += WIRE_OPTION_HEAD + len;
}

/* The client's options, with the first (or, for unset, every) one of the rule's code changed. */
static void put_list(const struct query *q, const struct rewrite_option *o, const uint8_t *data, size_t len, bool found,
		     struct writing *w)
{
	bool changes = found && o->action != ACTION_APPEND, changed = false;

	for (size_t at = 0; at < q->in.options_len; at += option_size(q, at)) {
		bool hit = changes && wire_u16(q->in.options + at) == o->code;

		if (!hit || (changed && o->action != ACTION_UNSET)) {
			memcpy(w->out + w->n, q->in.options + at, option_size(q, at));
			w->n += option_size(q, at);
		} else if (o->action != ACTION_UNSET) {
			put_option(w, o->code, data, len);
			changed = true;
		}
	}
	if (!changes && o->action != ACTION_UNSET)
		put_option(w, o->code, data, len);
}

int rewrite_apply_option(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s)
{
	const struct rewrite_option *o = &rule->option;
	bool found = has_option(q, o->code);
	uint8_t room[DATA_MAX + 1];
	const uint8_t *data = o->data == DATA_BYTES ? o->bytes : room;
	size_t len = o->data == DATA_BYTES ? o->len : put_variable(o, q, room);
	struct writing w = {.n = 0};

	if (!found && (o->action == ACTION_REPLACE || o->action == ACTION_UNSET))
		return 0;
	if (!len && o->data != DATA_BYTES && o->action != ACTION_UNSET)
		return 0;
	if (q->in.options_len + WIRE_OPTION_HEAD + len > UINT16_MAX) /* the client's options alone fill the message */
		return -ENOMEM;
	w.out = arena_alloc(&q->arena, q->in.options_len + WIRE_OPTION_HEAD + len);
	if (!w.out || !rewrite_note(q, s))
		return -ENOMEM;
	put_list(q, o, data, len, found, &w);
	q->in.options = w.out;
	q->in.options_len = (uint16_t)w.n;
	if (o->code < 64 && o->action != ACTION_UNSET)
		q->hop_options |= 1ull << o->code;
	return 1;
}
