// SPDX-License-Identifier: Apache-2.0
#include "cli/check.h"

#include "base/log.h"
#include "control/options.h"
#include "cli/portable.h"
#include "control/loader.h"
#include "server/generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The Corefile alone, without -extra: that is what CoreDNS would be given. */
static void check_portable(const struct options *o, struct arena *a, struct cf_errors *errs)
{
	struct loader alone = {.conf = o->conf, .dns_port = o->dns_port};
	struct cf_errors ignored; /* the full load reports them */
	struct corefile cf;

	cf_errors_init(&ignored, a);
	if (loader_read(&alone, a, &ignored, &cf) == -ENOMEM)
		cf_error(errs, o->conf ? o->conf : "Corefile", 0, "out of memory");
	portable_check(&cf, errs); /* what could be read is checked, errors or not */
	free(alone.stdin_text);
}

int check(const struct options *o)
{
	struct loader l = {.conf = o->conf, .extra = o->extra, .dns_port = o->dns_port};
	char text[LOG_RECORD_MAX];
	struct arena a;
	struct cf_errors errs;
	struct generation *g = NULL;

	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	if (loader_load(&l, &a, &errs, &g) == 0)
		generation_free(g);
	if (o->portable)
		check_portable(o, &a, &errs);
	cf_errors_sort(&errs);
	for (const struct cf_error *e = errs.first; e; e = e->next) {
		(void)cf_error_format(e, text, sizeof(text)); /* a longer one is cut */
		fprintf(stderr, "%s%s\n", e->warning ? "warning: " : "", text);
	}
	if (errs.n_errors)
		fprintf(stderr, "%s: %u error%s\n", l.name, errs.n_errors, errs.n_errors == 1 ? "" : "s");
	else
		printf("%s: OK\n", l.name);
	arena_fini(&a);
	free(l.stdin_text);
	return errs.n_errors ? 1 : 0;
}
