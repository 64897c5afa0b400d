// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "plugin/forward/forward.h"
#include "wire/name.h"

enum { RULES_SHOWN = 64 };

void forward_show(const void *state, struct json *j)
{
	const struct forward *f = state;
	unsigned n = f->n < RULES_SHOWN ? f->n : RULES_SHOWN;
	char from[WIRE_NAME_TEXT_MAX];

	json_open(j, "rules", '[');
	for (unsigned i = 0; i < n; i++) {
		wire_name_text(f->rules[i].from, from);
		json_open(j, NULL, '{');
		json_text(j, "from", from);
		json_unsigned(j, "merged", metrics_sum(f->rules[i].merged));
		upstream_show(f->rules[i].set, j);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_unsigned(j, "more_rules", f->n - n);
}
