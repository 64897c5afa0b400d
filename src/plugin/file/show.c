// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "plugin/file/file.h"

enum { ZONES_SHOWN = 64 };

void file_show(const void *state, struct json *j)
{
	const struct file_plugin *p = state;
	size_t n = 0, more = 0;

	json_open(j, "zones", '[');
	for (const struct file_zone *z = p->zones; z; z = z->next) {
		if (n++ >= ZONES_SHOWN) {
			more++;
			continue;
		}
		json_open(j, NULL, '{');
		json_text(j, "zone", z->text);
		json_text(j, "file", z->path);
		json_bool(j, "loaded", __atomic_load_n(&z->zone, __ATOMIC_ACQUIRE));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_unsigned(j, "more_zones", more);
}
