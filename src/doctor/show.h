// SPDX-License-Identifier: Apache-2.0
/* The result, for a person and for a program. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"
#include "doctor/verdict.h"

#include <stdbool.h>

struct json;
struct text;

/* The conclusion's two lines, for both forms; into the world's memory. */
void show_conclusion(struct observed_world *w, const struct verdict_list *v, const char *ret_lines[2]);

/* The conclusion, the verdicts with their evidence, the tables. */
void show_table(struct text *t, struct observed_world *w, const struct verdict_list *v, bool colour);
/* docs/doctor.schema.json describes it. */
void show_json(struct text *t, struct observed_world *w, const struct verdict_list *v);
/* The member `conclusion`, of captures too. */
void show_json_conclusion(struct json *j, const struct verdict_list *v, const char *const lines[2]);
