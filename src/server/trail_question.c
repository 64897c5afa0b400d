// SPDX-License-Identifier: Apache-2.0
/* A question from words. */
#include "server/trail_ask.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <string.h>

static int client_of(struct net_addr *ret, const char *from)
{
	if (net_addr_parse(from && from[0] ? from : "127.0.0.1", 0, ret))
		return -EINVAL;
	net_addr_set_port(ret, 0);
	return 0;
}

int trail_question(struct trail_question *ret, const char *name, const char *type, const char *server, const char *from,
		   const char **why)
{
	int number = type && type[0] ? wire_type_from_text(type) : TYPE_A;

	*ret = (struct trail_question){.type = (uint16_t)number};
	*why = NULL;
	if (wire_name_from_text(name, ret->name) < 0)
		*why = "expected a domain name";
	else if (number <= 0)
		*why = "unknown type, expected a mnemonic such as AAAA";
	else if (number == TYPE_AXFR || number == TYPE_IXFR || number == TYPE_OPT)
		*why = "transfers and OPT are no questions that can be followed";
	else if (server && strlen(server) >= sizeof(ret->server))
		*why = "expected a listener such as dns://:53";
	else if (client_of(&ret->client, from))
		*why = "expected an IP address that seems to ask";
	if (*why)
		return -EINVAL;
	if (server)
		memcpy(ret->server, server, strlen(server));
	return 0;
}
