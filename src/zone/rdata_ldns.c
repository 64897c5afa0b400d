// SPDX-License-Identifier: Apache-2.0
/* The rare types (LOC, CERT, APL, HIP, IPSECKEY ...) by ldns.  Allocates. */
#include "base/err.h"
#include "foreign/ldns.h"
#include "wire/rdata.h"
#include "wire/wire.h"
#include "zone/rdata_text.h"
#include "zone/rr_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 16384 };

/* The entry's words as one line, quoted as they were. */
static char *gather(struct zone_rdata *r, uint16_t type)
{
	char *text = malloc(TEXT_MAX), number[16];
	struct zone_word w;
	size_t len;
	int n;

	if (!text)
		return NULL;
	len = (size_t)snprintf(text, TEXT_MAX, ". 0 IN %s", wire_type_text(type, number));
	while ((n = zone_lex_word(r->lex, &w)) == 1 && w.len < TEXT_MAX - len - 4)
		len += (size_t)snprintf(text + len, TEXT_MAX - len, w.quoted ? " \"%.*s\"" : " %.*s", (int)w.len, w.s);
	if (!n)
		return text;
	free(text);
	return NULL;
}

static int put_rdfs(struct zone_rdata *r, const ldns_rr *rr)
{
	for (size_t i = 0; i < libldns.rr_rd_count(rr); i++) {
		const ldns_rdf *f = libldns.rr_rdf(rr, i);

		if (zone_rdata_put(r, libldns.rdf_data(f), libldns.rdf_size(f)))
			return ERR_SYNTAX;
	}
	return 0;
}

static ldns_rdf *origin_rdf(const struct zone_rdata *r)
{
	size_t len = 0;

	if (!r->origin)
		return NULL;
	while (r->origin[len])
		len += r->origin[len] + 1u;
	return libldns.rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, len + 1, r->origin);
}

int zone_rdata_ldns(struct zone_rdata *r, uint16_t type)
{
	char *text = gather(r, type);
	ldns_rdf *origin, *prev = NULL;
	ldns_rr *rr = NULL;
	const char *missing;
	int n;

	if (library_load(&libldns_library, &missing)) {
		free(text);
		return zone_rdata_fail(r, missing);
	}
	if (!text)
		return zone_rdata_fail(r, "the record's data is too long, or cannot be read");
	origin = origin_rdf(r);
	n = libldns.rr_new_frm_str(&rr, text, 0, origin, &prev) == LDNS_STATUS_OK ? put_rdfs(r, rr) : ERR_SYNTAX;
	if (!n && (libldns.rr_get_type(rr) != type || !wire_rdata_valid(wire_rdata_form(type, CLASS_IN), r->out, (uint16_t)r->len)))
		n = ERR_SYNTAX;
	libldns.rr_free(rr);
	libldns.rdf_deep_free(prev);
	libldns.rdf_deep_free(origin);
	free(text);
	return n ? zone_rdata_fail(r, "the data is not of its type's form, or the type has no text form here") : 0;
}
