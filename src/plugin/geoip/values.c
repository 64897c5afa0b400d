// SPDX-License-Identifier: Apache-2.0
/* Records of a MaxMind database as texts. */
#include "plugin/geoip/geoip.h"

#include "base/arena.h"
#include "base/compiler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = METADATA_TEXT_MAX, CODES_MAX = 16, DECIMALS_MAX = 20, NUMBER_MAX = 64 };

static const struct geoip_value city[] = {
	{"geoip/city/name", GEOIP_TEXT, {"city", "names", "en"}},
	{"geoip/country/name", GEOIP_TEXT, {"country", "names", "en"}},
	{"geoip/country/code", GEOIP_TEXT, {"country", "iso_code"}},
	{"geoip/country/is_in_european_union", GEOIP_FLAG, {"country", "is_in_european_union"}},
	{"geoip/continent/name", GEOIP_TEXT, {"continent", "names", "en"}},
	{"geoip/continent/code", GEOIP_TEXT, {"continent", "code"}},
	{"geoip/subdivisions/code", GEOIP_CODES, {"subdivisions"}},
	{"geoip/latitude", GEOIP_COORDINATE, {"location", "latitude"}},
	{"geoip/longitude", GEOIP_COORDINATE, {"location", "longitude"}},
	{"geoip/timezone", GEOIP_TEXT, {"location", "time_zone"}},
	{"geoip/postalcode", GEOIP_TEXT, {"postal", "code"}},
};
static const struct geoip_value asn[] = {
	{"geoip/asn/number", GEOIP_NUMBER, {"autonomous_system_number"}},
	{"geoip/asn/org", GEOIP_TEXT, {"autonomous_system_organization"}},
};
_Static_assert(ARRAY_LEN(city) <= GEOIP_VALUES_MAX, "geoip.labels has room for all");

/* What a record without it has, as in the peer. */
static const char *const missing[] = {
	[GEOIP_TEXT] = "", [GEOIP_NUMBER] = "0", [GEOIP_COORDINATE] = "", [GEOIP_FLAG] = "false", [GEOIP_CODES] = "",
};

const struct geoip_value *geoip_values_of_type(const char *type, size_t *ret_n)
{
	static const char *const places[] = {"City", "Country", "Enterprise", "Location"};
	static const char *const networks[] = {"ASN", "ISP"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (strstr(type, places[i])) {
			*ret_n = ARRAY_LEN(city);
			return city;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		if (strstr(type, networks[i])) {
			*ret_n = ARRAY_LEN(asn);
			return asn;
		}
	}
	return NULL;
}

const struct geoip_value *geoip_value_of(const struct geoip *g, const struct metadata_label *label)
{
	for (size_t i = 0; i < g->n_values; i++) {
		if (g->labels[i] == label)
			return &g->values[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------- texts */

static bool get(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *ret)
{
	return libmaxminddb.aget_value(entry, ret, path) == MMDB_SUCCESS && ret->has_data;
}

static const char *text_of(const MMDB_entry_data_s *d, struct arena *a)
{
	if (d->type != MMDB_DATA_TYPE_UTF8_STRING)
		return "";
	return arena_strndup(a, d->utf8_string, d->data_size < TEXT_MAX ? d->data_size : TEXT_MAX);
}

/* The codes of a list of subdivisions, the largest first: "ENG,WBK". */
static const char *codes_of(MMDB_entry_s *entry, struct arena *a)
{
	char out[TEXT_MAX + 1] = "", index[12];
	size_t len = 0;

	for (int i = 0; i < CODES_MAX; i++) {
		const char *const path[] = {"subdivisions", index, "iso_code", NULL};
		MMDB_entry_data_s d;

		(void)snprintf(index, sizeof(index), "%d", i);
		if (!get(entry, path, &d) || d.type != MMDB_DATA_TYPE_UTF8_STRING || len + d.data_size + 2 > sizeof(out))
			break;
		if (i)
			out[len++] = ',';
		memcpy(out + len, d.utf8_string, d.data_size);
		len += d.data_size;
	}
	return arena_strndup(a, out, len);
}

static bool number_of(const MMDB_entry_data_s *d, uint64_t *ret)
{
	switch (d->type) {
	case MMDB_DATA_TYPE_UINT16:
		*ret = d->uint16;
		return true;
	case MMDB_DATA_TYPE_UINT32:
		*ret = d->uint32;
		return true;
	case MMDB_DATA_TYPE_UINT64:
		*ret = d->uint64;
		return true;
	default:
		return false;
	}
}

/* The shortest decimal that reads back as the same number, never with an exponent. */
static void coordinate(double v, char out[NUMBER_MAX])
{
	for (int decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
		(void)snprintf(out, NUMBER_MAX, "%.*f", decimals, v);
		if (strtod(out, NULL) == v)
			return;
	}
}

static const char *format(const struct geoip_value *v, const MMDB_entry_data_s *d, struct arena *a)
{
	char out[NUMBER_MAX];
	uint64_t n;

	switch (v->form) {
	case GEOIP_FLAG:
		return d->type == MMDB_DATA_TYPE_BOOLEAN && d->boolean ? "true" : "false";
	case GEOIP_NUMBER:
		if (!number_of(d, &n))
			return missing[v->form];
		(void)snprintf(out, sizeof(out), "%" PRIu64, n);
		return arena_strndup(a, out, strlen(out));
	case GEOIP_COORDINATE:
		if (d->type != MMDB_DATA_TYPE_DOUBLE || d->double_value < -360 || d->double_value > 360)
			return missing[v->form];
		coordinate(d->double_value, out);
		return arena_strndup(a, out, strlen(out));
	case GEOIP_TEXT:
	case GEOIP_CODES:
		break;
	}
	return text_of(d, a);
}

const char *geoip_look_up(const struct geoip *g, const struct geoip_value *v, const struct net_addr *a,
			  struct arena *arena)
{
	int err;
	MMDB_lookup_result_s found = libmaxminddb.lookup_sockaddr(&g->db, &a->sa, &err);
	MMDB_entry_data_s d;

	if (err != MMDB_SUCCESS)
		return NULL;
	if (!found.found_entry)
		return missing[v->form];
	if (v->form == GEOIP_CODES)
		return codes_of(&found.entry, arena);
	return get(&found.entry, v->path, &d) ? format(v, &d, arena) : missing[v->form];
}
