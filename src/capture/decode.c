// SPDX-License-Identifier: Apache-2.0
#include "capture/decode.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { UDP_HEADER = 8, TCP_PORTS = 4 };

static const int64_t OVERDUE_EVERY_NS = 1000000000;

struct capture_decoder {
	uint16_t ports[CAPTURE_PORTS_MAX];
	struct capture_sink sink;
	struct capture_fragments *fragments;
	struct capture_tcp *tcp;
	struct capture_decode_counts counts;
	int64_t overdue_at_ns; /* when to look for fragments that wait in vain */
	struct capture_message m; /* the one being read */
};

static bool is_dns_port(const struct capture_decoder *d, uint16_t port)
{
	for (size_t i = 0; i < CAPTURE_PORTS_MAX && d->ports[i]; i++) {
		if (d->ports[i] == port)
			return true;
	}
	return false;
}

/* A message's bytes; where it was seen stands in d->m. */
static void put_message(struct capture_decoder *d, const uint8_t *bytes, size_t captured, size_t len)
{
	int err = capture_message_read(bytes, captured, len, &d->m);

	if (err == ERR_TRUNCATED && captured < len) {
		d->counts.too_short++;
		return;
	}
	if (err) {
		d->counts.not_dns++;
		return;
	}
	d->counts.messages++;
	d->counts.messages_cut += d->m.read == CAPTURE_CUT;
	d->counts.messages_broken += d->m.read == CAPTURE_BROKEN;
	d->sink.message(d->sink.arg, &d->m);
}

static void tcp_message(void *arg, const struct capture_frame *f, uint32_t ifindex,
			const struct capture_ip *ip, const struct capture_tcp_message *m)
{
	struct capture_decoder *d = arg;

	d->m = (struct capture_message){
		.time_ns = f->time_ns,
		.file = f->file,
		.packet = f->number,
		.ifindex = ifindex,
		.hop_limit = ip->hop_limit,
		.tcp = true,
		.src = ip->src,
		.dst = ip->dst,
	};
	put_message(d, m->bytes, m->captured, m->len);
}

static void tcp_event(void *arg, const struct capture_frame *f, const struct capture_ip *ip,
		      enum capture_tcp_event e)
{
	struct capture_decoder *d = arg;
	struct capture_connection_event c = {f->time_ns, f->file, f->number, e, ip->src, ip->dst};

	d->sink.connection(d->sink.arg, &c);
}

struct capture_decoder *capture_decoder_new(const uint16_t ports[CAPTURE_PORTS_MAX],
					    const struct hash_key *key, const struct capture_sink *sink)
{
	struct capture_decoder *d = calloc(1, sizeof(*d));
	struct capture_tcp_sink tcp = {tcp_message, tcp_event, d};

	if (!d)
		return NULL;
	memcpy(d->ports, ports, sizeof(d->ports));
	d->sink = *sink;
	d->fragments = capture_fragments_new();
	d->tcp = capture_tcp_new(&tcp, key);
	if (d->fragments && d->tcp)
		return d;
	capture_decoder_free(d);
	return NULL;
}

void capture_decoder_free(struct capture_decoder *d)
{
	if (!d)
		return;
	capture_fragments_free(d->fragments);
	capture_tcp_free(d->tcp);
	free(d);
}

const struct capture_decode_counts *capture_decoder_counts(const struct capture_decoder *d)
{
	return &d->counts;
}

const struct capture_fragment_counts *capture_decoder_fragments(const struct capture_decoder *d)
{
	return capture_fragments_counts(d->fragments);
}

const struct capture_tcp_counts *capture_decoder_tcp(const struct capture_decoder *d)
{
	return capture_tcp_counts(d->tcp);
}

static void add_udp(struct capture_decoder *d, const struct capture_datagram *g)
{
	struct wire_reader r = wire_reader_at(g->bytes, g->captured, 0);
	const uint8_t *p = wire_reader_bytes(&r, UDP_HEADER);

	if (!p) {
		d->counts.broken += g->captured == g->len;
		d->counts.too_short += g->captured < g->len;
		return;
	}
	uint16_t from = wire_u16(p), to = wire_u16(p + 2);
	size_t len = wire_u16(p + 4);
	if (!is_dns_port(d, from) && !is_dns_port(d, to)) {
		d->counts.other_port++;
		return;
	}
	if (len < UDP_HEADER || (len > g->len && !g->lost)) {
		d->counts.broken++;
		return;
	}
	d->m = (struct capture_message){
		.time_ns = g->time_ns,
		.file = g->file,
		.packet = g->number,
		.ifindex = g->ifindex,
		.hop_limit = g->hop_limit,
		.src = g->src,
		.dst = g->dst,
		.n_fragments = (uint16_t)g->n_fragments,
		.fragment_lost = g->lost,
	};
	d->m.src.port = from;
	d->m.dst.port = to;
	size_t captured = g->captured < len ? g->captured : len;
	put_message(d, g->bytes + UDP_HEADER, captured - UDP_HEADER, len - UDP_HEADER);
}

/* Only streams with a DNS port are put together. */
static void add_tcp(struct capture_decoder *d, const struct capture_frame *f, uint32_t ifindex,
		    const struct capture_ip *ip)
{
	int err;

	if (ip->captured >= TCP_PORTS && !is_dns_port(d, wire_u16(ip->payload)) &&
	    !is_dns_port(d, wire_u16(ip->payload + 2))) {
		d->counts.other_port++;
		return;
	}
	err = capture_tcp_add(d->tcp, f, ifindex, ip);
	if (err == ERR_TRUNCATED && ip->captured < ip->len)
		d->counts.too_short++;
	else if (err)
		d->counts.broken++;
}

static void add_datagram(struct capture_decoder *d, const struct capture_datagram *g)
{
	if (g->protocol == IPPROTO_UDP)
		add_udp(d, g);
}

static void add_overdue(struct capture_decoder *d, int64_t now_ns)
{
	struct capture_datagram g;

	while (capture_fragments_overdue(d->fragments, now_ns, &g))
		add_datagram(d, &g);
}

static void add_ip(struct capture_decoder *d, const struct capture_frame *f, uint32_t ifindex,
		   const struct capture_ip *ip)
{
	struct capture_datagram g = {
		.src = ip->src,
		.dst = ip->dst,
		.protocol = ip->protocol,
		.hop_limit = ip->hop_limit,
		.bytes = ip->payload,
		.captured = ip->captured,
		.len = ip->len,
		.file = f->file,
		.number = f->number,
		.ifindex = ifindex,
		.time_ns = f->time_ns,
	};

	if (ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP) {
		d->counts.other_protocol++;
	} else if (ip->is_fragment) {
		if (capture_fragments_add(d->fragments, f, ifindex, ip, &g))
			add_datagram(d, &g);
	} else if (ip->protocol == IPPROTO_TCP) {
		add_tcp(d, f, ifindex, ip);
	} else {
		add_udp(d, &g);
	}
}

void capture_decoder_add(struct capture_decoder *d, const struct capture_frame *f)
{
	struct wire_reader r = wire_reader_at(f->bytes, f->captured, 0);
	struct capture_link link;
	struct capture_ip ip;
	int err;

	if (f->time_ns > d->overdue_at_ns) {
		add_overdue(d, f->time_ns);
		d->overdue_at_ns = f->time_ns + OVERDUE_EVERY_NS;
	}
	d->counts.packets++;
	d->counts.cut += f->captured < f->len;
	err = capture_link_read(&r, f->link_type, &link);
	if (err == -ENOENT) {
		d->counts.not_ip++;
		return;
	}
	if (!err)
		err = capture_ip_read(&r, f->len - r.off, &ip);
	if (!err)
		add_ip(d, f, link.ifindex, &ip);
	else if (err == ERR_TRUNCATED && f->captured < f->len)
		d->counts.too_short++;
	else
		d->counts.broken++;
}

void capture_decoder_finish(struct capture_decoder *d)
{
	add_overdue(d, INT64_MAX);
	capture_tcp_finish(d->tcp);
}
