// SPDX-License-Identifier: Apache-2.0
#include "doctor/json.h"

#include "base/clock.h"

static void key(struct json *j, const char *name)
{
	text_put(j->t, "%s", j->comma ? "," : "");
	if (name)
		text_put(j->t, "\"%s\":", name);
	j->comma = true;
}

void json_open(struct json *j, const char *name, char bracket)
{
	key(j, name);
	text_put(j->t, "%c", bracket);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	text_put(j->t, "%c", bracket);
	j->comma = true;
}

void json_text(struct json *j, const char *name, const char *value)
{
	key(j, name);
	if (value)
		text_json(j->t, value);
	else
		text_put(j->t, "null");
}

void json_number(struct json *j, const char *name, long long value)
{
	key(j, name);
	text_put(j->t, "%lld", value);
}

void json_bool(struct json *j, const char *name, bool value)
{
	key(j, name);
	text_put(j->t, value ? "true" : "false");
}

void json_ms(struct json *j, const char *name, uint64_t ns)
{
	key(j, name);
	text_put(j->t, "%llu.%03llu", (unsigned long long)(ns / NS_PER_MS),
		 (unsigned long long)(ns / NS_PER_US % 1000));
}
