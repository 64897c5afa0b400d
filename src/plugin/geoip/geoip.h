// SPDX-License-Identifier: Apache-2.0
/* geoip: setup.c the directive and what kind of database it is; values.c from a database to texts; geoip.c whose
 * address. */
#pragma once

#include "foreign/maxminddb.h"
#include "net/addr.h"
#include "server/metadata.h"
#include "server/plugin.h"


struct arena;

/* How a value becomes text. */
enum geoip_form { GEOIP_TEXT, GEOIP_NUMBER, GEOIP_COORDINATE, GEOIP_FLAG, GEOIP_CODES };

/* One label, and where its value stands in a record. */
struct geoip_value {
	const char *label;
	enum geoip_form form;
	const char *path[4]; /* NULL ends it */
};

enum { GEOIP_VALUES_MAX = 16 };

/* Frozen after setup. */
struct geoip {
	MMDB_s db;
	bool is_open, edns_subnet;
	const struct geoip_value *values;
	size_t n_values;
	const struct metadata_label *labels[GEOIP_VALUES_MAX]; /* of values[] */
};

int geoip_setup(struct setup *s, void *state);

/* The values that databases of this type have; NULL: a type that is not known. */
const struct geoip_value *geoip_values_of_type(const char *type, size_t *ret_n);
/* NULL: the label is not ours. */
const struct geoip_value *geoip_value_of(const struct geoip *g, const struct metadata_label *label);
/* The value for an address, in the arena or static: "" when the database does not have it.  NULL: the address cannot be
 * looked up (IPv6 in a database of IPv4, a broken file).  Any thread. */
const char *geoip_look_up(const struct geoip *g, const struct geoip_value *v, const struct net_addr *a,
			  struct arena *arena);
