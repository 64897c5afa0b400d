// SPDX-License-Identifier: Apache-2.0
#include "cli/flush.h"

#include "cli/admin_client.h"
#include "control/admin.h"
#include "control/options.h"

#include <stdio.h>
#include <stdlib.h>
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
	char request[ADMIN_REQUEST_MAX];
	char *reply;
	size_t n;
	bool done;

	if (make_request(o, request))
		return 1;
	reply = admin_ask(o->admin, request);
	if (!reply)
		return 1;
	done = sscanf(reply, "ok %zu", &n) == 1;
	if (done)
		printf("%zu answer%s dropped\n", n, n == 1 ? "" : "s");
	else
		fprintf(stderr, "%s\n", reply);
	free(reply);
	return done ? 0 : 1;
}
