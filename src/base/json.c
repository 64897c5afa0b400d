// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/clock.h"

#include <math.h>

void json_name(struct json *j, const char *name)
{
	if (j->comma)
		text_add(j->t, ",", 1);
	if (name) {
		text_json(j->t, name);
		text_add(j->t, ":", 1);
	}
	j->comma = true;
}

void json_open(struct json *j, const char *name, char bracket)
{
	json_name(j, name);
	text_add(j->t, &bracket, 1);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	text_add(j->t, &bracket, 1);
	j->comma = true;
}

void json_null(struct json *j, const char *name)
{
	json_name(j, name);
	text_put(j->t, "null");
}

void json_text(struct json *j, const char *name, const char *value)
{
	if (!value) {
		json_null(j, name);
		return;
	}
	json_name(j, name);
	text_json(j->t, value);
}

void json_bool(struct json *j, const char *name, bool value)
{
	json_name(j, name);
	text_put(j->t, value ? "true" : "false");
}

void json_number(struct json *j, const char *name, long long value)
{
	json_name(j, name);
	text_put(j->t, "%lld", value);
}

void json_unsigned(struct json *j, const char *name, uint64_t value)
{
	json_name(j, name);
	text_put(j->t, "%llu", (unsigned long long)value);
}

void json_double(struct json *j, const char *name, double value, int digits)
{
	if (!isfinite(value)) {
		json_null(j, name);
		return;
	}
	json_name(j, name);
	text_put(j->t, "%.*g", digits, value);
}

void json_fixed(struct json *j, const char *name, double value, int decimals)
{
	if (!isfinite(value)) {
		json_null(j, name);
		return;
	}
	json_name(j, name);
	text_put(j->t, "%.*f", decimals, value);
}

void json_ms(struct json *j, const char *name, int64_t ns, int decimals)
{
	json_fixed(j, name, (double)ns / (double)NS_PER_MS, decimals);
}
