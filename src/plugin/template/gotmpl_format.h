// SPDX-License-Identifier: Apache-2.0
/* One directive of printf, and a value as it wants it.  For the interpreter. */
#pragma once

#include "plugin/template/gotmpl.h"

enum { GT_PREC_MAX = 100 };

struct gt_spec {
	char verb;
	bool minus, plus, sharp, space, zero;
	bool has_width, has_prec;
	int width, prec;
};

void gt_text_puts(struct gt_text *t, const char *s);
/* Append a value; one that the verb does not know as Go shows it: "%!d(string=hello)". */
void gt_format(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v);
