// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "plugin/forward/forward.h"
#include "wire/name.h"

enum { RULES_SHOWN = 64 };

void forward_show(const void *state, struct text *t)
{
	const struct forward *f = state;
	unsigned n = f->n < RULES_SHOWN ? f->n : RULES_SHOWN;
	char from[WIRE_NAME_TEXT_MAX];

	text_put(t, "\"rules\":[");
	for (unsigned i = 0; i < n; i++) {
		wire_name_text(f->rules[i].from, from);
		text_put(t, "%s{\"from\":", i ? "," : "");
		text_json(t, from);
		text_put(t, ",\"merged\":%llu,\"upstreams\":", (unsigned long long)metrics_sum(f->rules[i].merged));
		upstream_show(f->rules[i].set, t);
		text_put(t, "}");
	}
	text_put(t, "],\"more_rules\":%u", f->n - n);
}
