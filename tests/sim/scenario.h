// SPDX-License-Identifier: Apache-2.0
/* What a seed makes, from its beginning to its end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct scenario_result {
	unsigned n_wrong;
	uint64_t digest;
	unsigned n_questions, n_asked;
	unsigned twice; /* asked while it was asked already; worlds without trouble only */
	double asked_per_question; /* of the name with the most */
};

void scenario_run(uint64_t seed, bool telling, struct scenario_result *ret);
