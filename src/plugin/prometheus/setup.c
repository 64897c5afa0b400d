// SPDX-License-Identifier: Apache-2.0
/* The grammar of `prometheus`. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "net/http_server.h"
#include "plugin/http_address.h"
#include "net/http_web.h"
#include "plugin/prometheus/prometheus.h"
#include "server/who_report.h"

#include <errno.h>

struct reading {
	struct setup *s;
	struct prometheus *p;
};

static int read_runtime(struct cf_cursor *c, void *arg)
{
	struct reading *r = arg;

	r->p->runtime = true;
	return 0;
}

static int read_top(struct cf_cursor *c, void *arg)
{
	struct reading *r = arg;
	uint32_t n;

	if (cf_arg_u32(c, "N", 1, WHO_TOP, &n))
		return ERR_SYNTAX;
	r->p->top = n;
	return 0;
}

/* A file that is not there (a Secret that was not mounted) is told and leaves the rest running, as in the
 * peer; one that is wrong is an error. */
static int read_tls(struct cf_cursor *c, void *arg)
{
	struct reading *r = arg;
	char why[HTTP_WEB_ERROR_MAX];
	const char *text;
	int err;

	if (r->p->web_file)
		return cf_fail(c, "tls stands twice; expected once");
	if (cf_arg_text(c, "WEB_CONFIG_FILE", &text))
		return ERR_SYNTAX;
	r->p->web_file = block_path(r->s, text);
	if (!r->p->web_file)
		return ERR_SYNTAX;
	err = http_web_load(r->p->web_file, &r->p->web, why);
	if (err != -ENOENT)
		return err ? cf_fail(c, "%s", why) : 0;
	cf_warning(c->errs, cf_here(c)->file, cf_here(c)->line,
		   "plugin prometheus: %s; the metrics are not served", why);
	return 0;
}

static const struct cf_option_def options[] = {
	{"runtime_metrics", 0, 0, read_runtime, ""},
	{"tls", 1, 1, read_tls, "WEB_CONFIG_FILE"},
	{"top", 1, 1, read_top, "N"},
};

int prometheus_setup(struct setup *s, struct prometheus *p)
{
	struct reading r = {s, p};
	int err;

	p->address = "localhost:9153";
	p->block = s->block;
	if (!cf_directive(s->in))
		return 0;
	err = http_address_arg(s->in, s->arena, ":9153", &p->address);
	if (cf_options(s->in, options, ARRAY_LEN(options), &r))
		err = ERR_SYNTAX;
	if (cf_directive(s->in))
		err = cf_fail(s->in, "stands twice in this server block; expected once");
	return err;
}
