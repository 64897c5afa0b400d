// SPDX-License-Identifier: Apache-2.0
#include "cli/trace.h"

#include "cli/admin_client.h"
#include "control/admin.h"
#include "control/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED = 1, ANSWERED_BADLY = 2 };

/* One word each: what has a space in it is no address, listener or type. */
static const char *word(const char *text)
{
	return text && text[0] ? text : "-";
}

static int make_request(const struct options *o, char request[ADMIN_REQUEST_MAX])
{
	const char *type = o->n_rest == 2 ? o->rest[1] : NULL;
	int n;

	if (o->n_rest < 1 || o->n_rest > 2) {
		fprintf(stderr, "expected: binnacle trace [-json] [-listener dns://:53] [-client ADDRESS] NAME [TYPE]\n");
		return -1;
	}
	if (strchr(word(type), ' ') || strchr(word(o->listener), ' ') || strchr(word(o->client), ' ')) {
		fprintf(stderr, "a type, a listener and an address have no space in them\n");
		return -1;
	}
	n = snprintf(request, ADMIN_REQUEST_MAX, "trace %s %s %s %s %s", o->json ? "json" : "text", word(type),
		     word(o->listener), word(o->client), o->rest[0]);
	if (n < ADMIN_REQUEST_MAX)
		return 0;
	fprintf(stderr, "the name is too long\n");
	return -1;
}

/* The reply's first line is "ok RCODE". */
static int print(const char *reply)
{
	const char *rest = strchr(reply, '\n');
	unsigned rcode;

	if (!rest || sscanf(reply, "ok %u", &rcode) != 1) {
		fprintf(stderr, "%s\n", reply);
		return FAILED;
	}
	fputs(rest + 1, stdout);
	return rcode == 0 || rcode == 3 ? 0 : ANSWERED_BADLY;
}

int trace(const struct options *o)
{
	char request[ADMIN_REQUEST_MAX];
	char *reply;
	int status;

	if (make_request(o, request))
		return FAILED;
	reply = admin_ask(o->admin, request);
	if (!reply)
		return FAILED;
	status = print(reply);
	free(reply);
	return status;
}
