// SPDX-License-Identifier: Apache-2.0
/* A small stub resolver for setup: one question at a time, over UDP. */

#include "upstream/resolve.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "wire/build.h"
#include "wire/ingest.h"
#include "wire/name.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
	TRIES = 2,
	SERVER_MS = 2000,
	ALL_MS = 10000,
	QUERY_MAX = WIRE_HEADER_LEN + WIRE_NAME_MAX + 4,
	ANSWER_MAX = 4096,
};

struct lookup {
	struct wire_builder *builder;
	struct rng rng;
	uint64_t end_ns;
	uint8_t query[QUERY_MAX];
	uint16_t query_len;
	uint16_t port;
	struct net_addr *out;
	size_t n, max;
	bool answered; /* some server has said something */
};

static void set_type(struct lookup *l, uint16_t type)
{
	wire_put_u16(l->query + l->query_len - 4, type);
}

static int make_query(struct lookup *l, const char *host)
{
	int len = wire_name_from_text(host, l->query + WIRE_HEADER_LEN);

	if (len < 0)
		return len;
	wire_put_u16(l->query + 2, FLAG_RD);
	wire_put_u16(l->query + 4, 1);
	l->query_len = (uint16_t)(WIRE_HEADER_LEN + len + 4);
	wire_put_u16(l->query + l->query_len - 2, CLASS_IN);
	return 0;
}

/* ---------------------------------------------------------------- answers */

static void add(struct lookup *l, uint16_t type, const uint8_t *rdata)
{
	struct net_addr a = {0};

	if (l->n == l->max)
		return;
	if (type == TYPE_A) {
		a.v4.sin_family = AF_INET;
		memcpy(&a.v4.sin_addr, rdata, 4);
	} else {
		a.v6.sin6_family = AF_INET6;
		memcpy(&a.v6.sin6_addr, rdata, 16);
	}
	net_addr_set_port(&a, l->port);
	l->out[l->n++] = a;
}

static void add_all(struct lookup *l, const struct wire_answer *a, uint16_t type)
{
	for (unsigned i = 0; i < a->n_section[SECTION_ANSWER]; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);

		if (rr.type == type && rr.cls == CLASS_IN && rr.rdlen == (type == TYPE_A ? 4 : 16))
			add(l, type, wire_answer_msg(a) + rr.rdata_off);
	}
}

/* True: it is the answer, and it says whether there are addresses. */
static bool take(struct lookup *l, const uint8_t *msg, size_t len)
{
	const struct wire_expect e = {
		.id = wire_u16(l->query),
		.question = l->query + WIRE_HEADER_LEN,
		.question_len = (uint16_t)(l->query_len - WIRE_HEADER_LEN),
	};
	struct wire_ingest in;
	struct arena arena;
	bool taken = false;

	arena_init(&arena, NULL, 0, NULL);
	if (wire_ingest(l->builder, &arena, msg, len, &e, &in) == 0) {
		taken = in.rcode == RCODE_NOERROR || in.rcode == RCODE_NXDOMAIN;
		if (in.rcode == RCODE_NOERROR)
			add_all(l, in.answer, wire_u16(l->query + l->query_len - 4));
	}
	arena_fini(&arena);
	return taken;
}

/* ---------------------------------------------------------------- asking */

static int left_ms(uint64_t until_ns)
{
	uint64_t now = clock_mono_ns();

	return until_ns > now ? (int)((until_ns - now) / NS_PER_MS) + 1 : 0;
}

static bool wait_answer(struct lookup *l, int fd)
{
	uint64_t until = clock_mono_ns() + SERVER_MS * NS_PER_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint8_t msg[ANSWER_MAX];

	if (until > l->end_ns)
		until = l->end_ns;
	while (poll(&p, 1, left_ms(until)) > 0) {
		ssize_t n = recv(fd, msg, sizeof(msg), 0);

		if (n == -1)
			return false; /* refused */
		if (take(l, msg, (size_t)n))
			return true;
	}
	return false;
}

static bool ask(struct lookup *l, const struct net_addr *server)
{
	int fd = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = false;

	if (fd == -1)
		return false;
	wire_put_u16(l->query, rng_u16(&l->rng));
	if (connect(fd, &server->sa, net_addr_len(server)) == 0 &&
	    send(fd, l->query, l->query_len, 0) == (ssize_t)l->query_len)
		ok = wait_answer(l, fd);
	(void)close(fd); /* nothing is lost with it */
	return ok;
}

static void ask_all(struct lookup *l, uint16_t type, const struct net_addr *servers, size_t n)
{
	set_type(l, type);
	for (size_t i = 0; i < n * TRIES && clock_mono_ns() < l->end_ns; i++) {
		if (ask(l, &servers[i % n])) {
			l->answered = true;
			return;
		}
	}
}

size_t upstream_resolve(const char *host, uint16_t port, const struct net_addr *servers, size_t n_servers,
			struct net_addr *out, size_t max, const char **why)
{
	struct lookup l = {
		.port = port, .out = out, .max = max, .end_ns = clock_mono_ns() + ALL_MS * NS_PER_MS};

	*why = "not a host name";
	if (make_query(&l, host))
		return 0;
	*why = "no name servers to ask";
	if (!n_servers)
		return 0;
	*why = "out of memory";
	l.builder = wire_builder_new();
	if (!l.builder)
		return 0;
	rng_init(&l.rng);
	ask_all(&l, TYPE_A, servers, n_servers);
	ask_all(&l, TYPE_AAAA, servers, n_servers);
	wire_builder_free(l.builder);
	*why = l.answered ? "no such host" : "i/o timeout";
	return l.n;
}
