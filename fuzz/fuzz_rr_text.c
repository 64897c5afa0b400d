// SPDX-License-Identifier: Apache-2.0
/* Records from zone-file text.  What is taken is of its type's form. */
#include "fuzz.h"
#include "wire/name.h"
#include "wire/rdata.h"
#include "zone/lex.h"
#include "zone/rr_text.h"

static uint8_t rdata[ZONE_RDATA_MAX];

static void check(const struct zone_rr *rr)
{
	FUZZ_CHECK(wire_name_len(rr->owner) == rr->owner_len && rr->ttl_s <= ZONE_TTL_MAX);
	if (rr->cls == CLASS_IN)
		FUZZ_CHECK(wire_rdata_valid(wire_rdata_form(rr->type, rr->cls), rr->rdata, rr->rdlen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\7example\3org";
	struct zone_context c = {.origin = origin, .owner = origin, .ttl_s = 60, .has_ttl = true, .cls = CLASS_IN, .no_ldns = true};
	struct zone_lex l = zone_lex_over((const char *)data, size);
	struct zone_rr rr = {.rdata = rdata};
	struct zone_word w;

	while (zone_lex_entry(&l, &w) == 1) {
		const char *before = l.at;

		if (zone_rr_read(&l, &w, &c, &rr) == 0) {
			check(&rr);
		} else {
			FUZZ_CHECK(l.error);
			l.error = NULL;
			if (zone_lex_skip(&l))
				break;
		}
		FUZZ_CHECK(l.at >= before && l.at <= l.end);
	}
	return 0;
}
