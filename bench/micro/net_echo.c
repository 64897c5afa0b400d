// SPDX-License-Identifier: Apache-2.0
/* What net/ itself costs: the loop, the batches and the return address, with a handler that does no DNS work
 * (QR flipped, one A record appended), to be set beside the bare recvmmsg/sendmmsg loop that the bench calls
 * floor.
 *   net_echo PORT [WORKERS [ADDRESS]]   UDP and TCP; ADDRESS: 127.0.0.1, or "any" for the wildcard */
#include "net/dns_server.h"
#include "net/loop.h"

#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct net_addr at;

static size_t question_end(const uint8_t *msg, size_t len)
{
	size_t i = 12;

	while (i < len && msg[i])
		i += msg[i] + 1u;
	return i + 5 <= len ? i + 5 : 0;
}

static void answer(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1};
	size_t end = question_end(msg, len);
	uint8_t *out = end ? net_reply_begin(ret, end + sizeof(record)) : NULL;

	if (!out) {
		net_reply_none(ret);
		return;
	}
	memcpy(out, msg, end);
	out[2] = 0x80 | (out[2] & 1);
	out[3] = 0x80;
	memset(out + 6, 0, 6);
	out[7] = 1;
	memcpy(out + end, record, sizeof(record));
	net_reply_end(ret, end + sizeof(record));
}

static void *work(void *arg)
{
	struct loop *l = loop_new(1024);
	struct tcp_table *tcp = l ? tcp_table_new(l, 1024) : NULL;
	struct net_port *port;
	int udp = listen_udp(&at), stream = listen_tcp(&at);

	if (!tcp || udp < 0 || stream < 0)
		errx(1, "cannot listen");
	if (net_port_start(l, tcp, udp, stream, &at, TRANSPORT_DNS, &tcp_limits_default, NULL, answer, NULL,
			   &port) < 0)
		errx(1, "cannot start");
	loop_run(l, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	int workers = argc > 2 ? atoi(argv[2]) : 1;
	const char *address = argc > 3 ? argv[3] : "127.0.0.1";
	pthread_t t;

	if (argc < 2)
		errx(2, "usage: net_echo PORT [WORKERS [ADDRESS]]");
	if (strcmp(address, "any") == 0)
		at = listen_wildcard((uint16_t)atoi(argv[1]));
	else if (net_addr_parse(address, (uint16_t)atoi(argv[1]), &at) < 0)
		errx(2, "not an address: %s", address);
	for (int i = 1; i < workers; i++)
		pthread_create(&t, NULL, work, NULL);
	work(NULL);
	return 0;
}
