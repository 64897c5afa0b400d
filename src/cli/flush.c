// SPDX-License-Identifier: Apache-2.0
#include "cli/flush.h"

#include "cli/admin_client.h"
#include "control/admin.h"
#include "control/options.h"

#include <stdio.h>
#include <string.h>

static int make_request(const struct options *o, char request[ADMIN_REQUEST_MAX])
{
	int n;

	if (o->all != (o->n_rest == 0) || o->n_rest > 1 || (o->all && o->tree)) {
		fprintf(stderr, "expected: binnacle flush NAME, binnacle flush -tree NAME or binnacle flush -all\n");
		return -1;
	}
	if (o->all)
		n = snprintf(request, ADMIN_REQUEST_MAX, "flush all");
	else
		n = snprintf(request, ADMIN_REQUEST_MAX, "flush %s %s", o->tree ? "tree" : "name", o->rest[0]);
	if (n < ADMIN_REQUEST_MAX)
		return 0;
	fprintf(stderr, "the name is too long\n");
	return -1;
}

int flush(const struct options *o)
{
	char request[ADMIN_REQUEST_MAX], reply[ADMIN_REPLY_MAX];
	size_t n;

	if (make_request(o, request) || admin_ask(o->admin, request, reply))
		return 1;
	if (sscanf(reply, "ok %zu", &n) == 1) {
		printf("%zu answer%s dropped\n", n, n == 1 ? "" : "s");
		return 0;
	}
	fprintf(stderr, "%s\n", reply);
	return 1;
}
