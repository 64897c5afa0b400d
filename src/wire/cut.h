// SPDX-License-Identifier: Apache-2.0
/* What of an answer goes to a client for whom it is too large. */
#pragma once

#include "wire/answer.h"

/* The first `n_rr` records are sent; if that ends within a rotatable run, members of it, from c->start on. */
struct wire_cut {
	uint16_t n_rr;
	bool tc;           /* a required record is left out */
	bool run_cut;      /* the rotatable run is not sent whole */
	bool short_opt;    /* the options do not fit: `opt_room` bytes are left for them */
	uint16_t opt_room;
};

/* Decide.  Only for an answer that does not fit whole.  See wire_answer_write. */
struct wire_cut wire_cut_find(const struct wire_answer *a, const struct wire_client *c) NONNULL;
