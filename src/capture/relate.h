// SPDX-License-Identifier: Apache-2.0
/* What belongs to an exchange that is given out: looked for in the window, among those that came after it.  At most 512 of
 * one name are looked at.  All answers live until the next message is added.  Thread: one. */
#pragma once

#include "capture/exchange.h"

enum { EXCHANGE_CAUSED_MAX = 8 };

/* The client asked the same over TCP within 5 s after the answer; NULL: not seen. */
const struct exchange *exchange_over_tcp(struct exchange_window *w, const struct exchange *e);
/* A TCP connection that the client asked the server for within 5 s after the answer, one that was not accepted before
 * others; NULL: none was seen. */
const struct capture_connection *exchange_connection(struct exchange_window *w, const struct exchange *e);
/* The client's next exchange with the same question (any server, any transport); NULL: none. */
const struct exchange *exchange_repeated(struct exchange_window *w, const struct exchange *e);
/* The other one of A and AAAA, asked from the same port within 50 ms; NULL: none. */
const struct exchange *exchange_pair(struct exchange_window *w, const struct exchange *e);
/* Another exchange with the same question, by anybody, whose answer held an address; NULL: none. */
const struct exchange *exchange_better(struct exchange_window *w, const struct exchange *e);

/* The server, or what stands behind its address, asks others in these captures: its side of the way can be seen. */
bool exchange_server_asks(const struct exchange_window *w, const struct exchange *e);

/* Exchanges that the server had with its upstreams because of this question: its name, or one that the answer's CNAMEs lead to,
 * asked by the server between question and answer.  Where the server's address asks nothing at all in the captures (it
 * has several), by whoever asked then.  In the order of time; how many (<= EXCHANGE_CAUSED_MAX). */
unsigned exchange_caused(struct exchange_window *w, const struct exchange *e,
			 const struct exchange *ret[EXCHANGE_CAUSED_MAX]);
