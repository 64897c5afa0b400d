// SPDX-License-Identifier: Apache-2.0
#include "packets.h"

#include "wire/name.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

void put8(struct bytes *b, unsigned v)
{
	assert_true(b->n < sizeof(b->p));
	b->p[b->n++] = (uint8_t)v;
}

void put16(struct bytes *b, unsigned v)
{
	put8(b, v >> 8);
	put8(b, v);
}

void put32(struct bytes *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v);
}

void put_bytes(struct bytes *b, const void *p, size_t n)
{
	assert_true(b->n + n <= sizeof(b->p));
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void put_name(struct bytes *b, const char *text)
{
	uint8_t name[WIRE_NAME_MAX];
	int n = wire_name_from_text(text, name);

	assert_true(n > 0);
	put_bytes(b, name, (size_t)n);
}

static void put_rr(struct bytes *b, unsigned owner, unsigned type, unsigned rdlen)
{
	put16(b, 0xc000 | owner);
	put16(b, type);
	put16(b, CLASS_IN);
	put32(b, 30);
	put16(b, rdlen);
}

void put_dns(struct bytes *b, const struct dns *d)
{
	size_t start = b->n, owner = WIRE_HEADER_LEN;

	put16(b, d->id);
	put16(b, d->flags);
	put16(b, 1);
	put16(b, d->n_answer + (d->cname != NULL));
	put16(b, d->soa);
	put16(b, d->edns > 0);
	put_name(b, d->name);
	put16(b, d->qtype);
	put16(b, CLASS_IN);
	if (d->cname) {
		size_t head = b->n;
		put_rr(b, (unsigned)owner, TYPE_CNAME, 0);
		owner = b->n - start;
		put_name(b, d->cname);
		b->p[head + 10] = (uint8_t)((b->n - start - owner) >> 8);
		b->p[head + 11] = (uint8_t)(b->n - start - owner);
	}
	for (unsigned i = 0; i < d->n_answer; i++) {
		put_rr(b, (unsigned)owner, TYPE_A, 4);
		put32(b, 0xc0000200 + i);
	}
	if (d->soa) {
		put_rr(b, WIRE_HEADER_LEN, TYPE_SOA, 22);
		for (int i = 0; i < 22; i++)
			put8(b, 0);
	}
	if (d->edns) {
		put8(b, 0);
		put16(b, TYPE_OPT);
		put16(b, d->edns);
		put32(b, 0);
		put16(b, 0);
	}
}

void put_udp(struct bytes *b, const struct way *w, const struct bytes *payload)
{
	put16(b, w->sport);
	put16(b, w->dport);
	put16(b, (unsigned)(8 + payload->n));
	put16(b, 0);
	put_bytes(b, payload->p, payload->n);
}

void put_tcp(struct bytes *b, const struct way *w, unsigned flags, uint32_t seq, const void *payload,
	     size_t n)
{
	put16(b, w->sport);
	put16(b, w->dport);
	put32(b, seq);
	put32(b, 0);
	put8(b, 5 << 4);
	put8(b, flags);
	put16(b, 65535);
	put32(b, 0);
	put_bytes(b, payload, n);
}

static void put_addr(struct bytes *b, int family, unsigned last)
{
	static const uint8_t v4[] = {192, 0, 2}, v6[15] = {0x20, 0x01, 0x0d, 0xb8};

	put_bytes(b, family == 4 ? v4 : v6, family == 4 ? sizeof(v4) : sizeof(v6));
	put8(b, last);
}

static void put_ipv4(struct bytes *b, const struct way *w, uint8_t protocol, struct ip_extra x, size_t n)
{
	put16(b, 0x4500);
	put16(b, (unsigned)(20 + n));
	put16(b, x.id);
	put16(b, (unsigned)(x.frag_off / 8) | (x.more ? 0x2000 : 0));
	put8(b, w->hops ? w->hops : 64);
	put8(b, protocol);
	put16(b, 0);
	put_addr(b, 4, w->src);
	put_addr(b, 4, w->dst);
}

static void put_ipv6(struct bytes *b, const struct way *w, uint8_t protocol, struct ip_extra x, size_t n)
{
	bool frag = x.more || x.frag_off;

	put32(b, 0x60000000);
	put16(b, (unsigned)(n + (frag ? 8 : 0)));
	put8(b, frag ? 44 : protocol);
	put8(b, w->hops ? w->hops : 64);
	put_addr(b, 6, w->src);
	put_addr(b, 6, w->dst);
	if (!frag)
		return;
	put16(b, (unsigned)protocol << 8);
	put16(b, (unsigned)x.frag_off | x.more);
	put32(b, x.id);
}

void put_ip(struct bytes *b, const struct way *w, uint8_t protocol, struct ip_extra x, const void *payload,
	    size_t n)
{
	if (w->family == 4)
		put_ipv4(b, w, protocol, x, n);
	else
		put_ipv6(b, w, protocol, x, n);
	put_bytes(b, payload, n);
}

static void on_message(void *arg, const struct capture_message *m)
{
	struct decoded *d = arg;

	assert_true(d->n < sizeof(d->m) / sizeof(d->m[0]));
	d->m[d->n++] = *m;
}

static void on_connection(void *arg, const struct capture_connection_event *e)
{
	struct decoded *d = arg;

	d->asked += e->event == TCP_ASKED;
	d->accepted += e->event == TCP_ACCEPTED;
	d->reset += e->event == TCP_RESET;
}

void decoded_start(struct decoded *d)
{
	static const uint16_t ports[CAPTURE_PORTS_MAX] = {53};
	const struct capture_sink sink = {on_message, on_connection, d};

	*d = (struct decoded){.now_ns = 1000000000};
	d->d = capture_decoder_new(ports, &(struct hash_key){1, 2}, &sink);
	assert_non_null(d->d);
}

void decoded_frame(struct decoded *d, int link_type, const struct bytes *b, size_t captured)
{
	size_t n = captured && captured < b->n ? captured : b->n;
	uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees what is read past it */

	assert_non_null(exact);
	memcpy(exact, b->p, n);
	d->now_ns += 1000000;
	capture_decoder_add(d->d,
			    &(struct capture_frame){exact, n, b->n, d->now_ns, 0, ++d->number, link_type});
	free(exact);
}

void decoded_ip(struct decoded *d, const struct bytes *ip, size_t captured)
{
	decoded_frame(d, LINK_RAW, ip, captured);
}

void decoded_end(struct decoded *d)
{
	capture_decoder_free(d->d);
	d->d = NULL;
}
