// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <ldns/ldns.h>

// clang-format off
#define LIBLDNS_FUNCTIONS(X) \
	X(ldns_, rdf_data) X(ldns_, rdf_deep_free) X(ldns_, rdf_new_frm_data) X(ldns_, rdf_size) \
	X(ldns_, rr_free) X(ldns_, rr_get_type) X(ldns_, rr_new_frm_str) X(ldns_, rr_rd_count) \
	X(ldns_, rr_rdf)
// clang-format on
LIBRARY_DECLARE(libldns, LIBLDNS_FUNCTIONS);
