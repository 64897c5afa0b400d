// SPDX-License-Identifier: Apache-2.0
/* Writing JSON, member by member, commas by itself.  `name` NULL: an element of a list. */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct json {
	struct text *t;
	bool comma; /* something stands before at this level */
};

/* '{' or '['; and its end. */
void json_open(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);
/* NULL: null. */
void json_text(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, long long value);
void json_bool(struct json *j, const char *name, bool value);
/* Nanoseconds, as milliseconds with three decimals. */
void json_ms(struct json *j, const char *name, uint64_t ns);
