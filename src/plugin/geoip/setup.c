// SPDX-License-Identifier: Apache-2.0
#include "plugin/geoip/geoip.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"

#include <errno.h>

static int parse_edns_subnet(struct cf_cursor *in, void *state)
{
	((struct geoip *)state)->edns_subnet = true;
	return 0;
}

static const struct cf_option_def options[] = {{"edns-subnet", 0, 0, parse_edns_subnet, ""}};

static const char *open_error(int status)
{
	return status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR ? err_text(-errno) : libmaxminddb.strerror(status);
}

static int open_database(struct setup *s, struct geoip *g, const char *name)
{
	const char *path = block_path(s, name);
	int status;

	if (!path)
		return ERR_SYNTAX;
	status = libmaxminddb.open(path, MMDB_MODE_MMAP, &g->db);
	if (status != MMDB_SUCCESS)
		return cf_fail(s->in, "database \"%.300s\": %s", path, open_error(status));
	g->is_open = true;
	g->values = geoip_values_of_type(g->db.metadata.database_type, &g->n_values);
	if (!g->values)
		return cf_fail(s->in, "database \"%.200s\" is of type \"%.100s\"; expected a City, Country, Enterprise, "
				      "ASN or ISP database", path, g->db.metadata.database_type);
	for (size_t i = 0; i < g->n_values; i++)
		g->labels[i] = metadata_label(g->values[i].label);
	return 0;
}

static int read_one(struct setup *s, struct geoip *g)
{
	const char *name;

	if (g->is_open)
		return cf_fail(s->in, "given a second time in this server block; expected it once");
	if (cf_arg_text(s->in, "DBFILE", &name) || cf_no_more_args(s->in))
		return ERR_SYNTAX;
	if (!s->block->metadata)
		cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
			   "plugin geoip: has no effect without \"metadata\" in this server block");
	return open_database(s, g, name);
}

int geoip_setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_one(s, state))
			r = ERR_SYNTAX;
		if (cf_options(s->in, options, ARRAY_LEN(options), state))
			r = ERR_SYNTAX;
	}
	return r;
}
