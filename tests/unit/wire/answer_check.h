// SPDX-License-Identifier: Apache-2.0
/* For tests and fuzzing: what must hold of every answer and of every way it is written. */
#pragma once

#include "message.h"
#include "wire/answer.h"

/* The block itself is consistent: table, counts, run, required prefix.  NULL, or what is wrong (static). */
const char *answer_check_block(const struct wire_answer *a);

/* `out` was written for `c`: within the limit, well formed, whole records of the full answer, in order;
 * TC if and only if a required record is missing (or a->truncated); no RRSIG of a cut RRset; OPT as
 * asked; no more left out than needed.  `full`: the parsed wire_answer_msg(a).  NULL, or what is wrong
 * (static). */
const char *answer_check_written(const struct wire_answer *a, const struct message *full,
				 const struct wire_client *c, const uint8_t *out, struct wire_fit fit);
