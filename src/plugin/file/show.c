// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "plugin/file/file.h"

enum { ZONES_SHOWN = 64 };

void file_show(const void *state, struct text *t)
{
	const struct file_plugin *p = state;
	size_t n = 0, more = 0;

	text_put(t, "\"zones\":[");
	for (const struct file_zone *z = p->zones; z; z = z->next) {
		if (n++ >= ZONES_SHOWN) {
			more++;
			continue;
		}
		text_put(t, "%s{\"zone\":", n == 1 ? "" : ",");
		text_json(t, z->text);
		text_put(t, ",\"file\":");
		text_json(t, z->path);
		text_put(t, ",\"loaded\":%s}", __atomic_load_n(&z->zone, __ATOMIC_ACQUIRE) ? "true" : "false");
	}
	text_put(t, "],\"more_zones\":%zu", more);
}
