// SPDX-License-Identifier: Apache-2.0
/* A plugin at the chain's end that answers from a table: what an upstream would say. */
#pragma once

#include "server/query.h"

struct upstream_row {
	const char *name;   /* NULL ends the table; names that are not in it are NXDOMAIN */
	uint16_t type;
	const char *to;     /* address bytes; NULL: no records */
	bool cname, cut;    /* `to` is a name; the answer is cut */
	uint16_t rcode;     /* not 0: a failure */
	int32_t ede;
};

extern const struct upstream_row *upstream_rows;
extern unsigned n_upstream_asked;
extern const struct plugin plugin_upstream;
