// SPDX-License-Identifier: Apache-2.0
/* A door with virtual time and scripted upstreams behind it.  Links instead of src/net.
 *
 * A `site` is an upstream at an address.  What clients send reaches it a hop later; its script answers with the
 * site_* calls, which arrive another hop (and heard.delay_ms) later.  Nothing here sleeps. */
#pragma once

#include "net/addr.h"
#include "net/loop.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

enum { HOP_US = 500, SYN_TRIES = 6 };
enum site_state { SITE_OPEN, SITE_REFUSED, SITE_SILENT };

struct site;
struct site_conn;

/* A query as it reached a site. */
struct heard {
	struct site *site;
	struct udp_client *udp; /* or */
	struct site_conn *conn;
	bool tcp;
	unsigned nth; /* on this transport, from 1 */
	unsigned nth_on_conn;
	uint16_t id, flags, type, port;
	uint8_t name[WIRE_NAME_MAX];
	size_t name_len; /* as sent, case included */
	bool edns, do_bit;
	uint16_t edns_size;
	uint8_t options[128];
	size_t options_len;
	unsigned delay_ms; /* for what follows */
};

struct site {
	const char *address; /* port 53 */
	void (*script)(struct heard *q); /* NULL: site_answer(q, 0, 0, 1) */
	enum site_state udp, tcp; /* silent TCP: SYNs are lost */
	unsigned fragment; /* TCP bytes per piece; 0: whole */
	/* what it has seen */
	unsigned n_udp, n_tcp, n_edns, n_syn, n_conns;
	struct heard last;
	struct net_addr addr;
	struct site *next;
};

/* ---- scripts */

/* Header, question as asked, `n` A records of 60 s, an OPT when one was sent (and the rcode fits).  `flags` are added to
 * QR, RA, RD. */
void site_answer(struct heard *q, unsigned rcode, uint16_t flags, unsigned n);
/* The same without an OPT whatever was sent. */
void site_answer_plain(struct heard *q, unsigned rcode, uint16_t flags, unsigned n);
/* Any bytes; over TCP the length is put before them. */
void site_raw(struct heard *q, const uint8_t *msg, size_t len);
/* A right answer with another id or name. */
void site_forged(struct heard *q, uint16_t id_xor, const char *name);
/* End the connection in order, or by reset. */
void site_close(struct heard *q);
void site_reset(struct heard *q);
/* An ICMP error for the socket that asked. */
void site_icmp(struct heard *q, int err);

/* ---- the world */

struct loop *door_begin(void);
void door_end(struct loop *l);
void door_add(struct loop *l, struct site *s);
/* What posted messages are given. */
void door_receiver(struct loop *l, void *receiver);
/* Let time pass. */
void door_pass_ms(struct loop *l, uint64_t ms);
/* Until *flag is not 0, at most for ms; whether it is. */
bool door_wait(struct loop *l, const unsigned *flag, uint64_t ms);
/* Open sockets and connections that the code under test holds. */
unsigned door_sockets(const struct loop *l);
unsigned door_streams(const struct loop *l);
/* Different local ports of UDP sockets so far. */
unsigned door_ports(const struct loop *l);
