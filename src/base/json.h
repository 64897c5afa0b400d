// SPDX-License-Identifier: Apache-2.0
/* Writing JSON at the end of a text, member by member, commas by itself:
 *
 *   struct json j = {.t = &text};
 *
 *   json_open(&j, NULL, '{');
 *   json_text(&j, "name", "www");
 *   json_open(&j, "ports", '[');
 *   json_number(&j, NULL, 53);
 *   json_close(&j, ']');
 *   json_close(&j, '}');                  {"name":"www","ports":[53]}
 *
 * `name` NULL: an element of a list, or the whole.  Names and texts are escaped as text_json does it.  Nothing is on more than
 * one line.  Errors stick to the text; whoever opens closes.  Thread: the text's. */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct json {
	struct text *t;
	bool comma; /* something stands before at this level */
};

/* '{' or '['; and its end, '}' or ']'. */
void json_open(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);
/* For values in a form of their own: the caller appends one to the text next. */
void json_name(struct json *j, const char *name);

void json_null(struct json *j, const char *name);
void json_text(struct json *j, const char *name, const char *value); /* NULL: null */
void json_bool(struct json *j, const char *name, bool value);
void json_number(struct json *j, const char *name, long long value);
void json_unsigned(struct json *j, const char *name, uint64_t value);
/* So many significant digits, as %g has it, or so many behind the point.  What is no number, or infinite: null. */
void json_double(struct json *j, const char *name, double value, int digits);
void json_fixed(struct json *j, const char *name, double value, int decimals);
/* Nanoseconds, as milliseconds with so many decimals. */
void json_ms(struct json *j, const char *name, int64_t ns, int decimals);
