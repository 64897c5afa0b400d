// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "plugin/file/file.h"

void file_show(const void *state, struct text *t)
{
	const struct file_plugin *p = state;

	text_put(t, "\"zones\":[");
	for (const struct file_zone *z = p->zones; z; z = z->next) {
		text_put(t, "%s{\"zone\":", z == p->zones ? "" : ",");
		text_json(t, z->text);
		text_put(t, ",\"file\":");
		text_json(t, z->path);
		text_put(t, ",\"loaded\":%s}", __atomic_load_n(&z->zone, __ATOMIC_ACQUIRE) ? "true" : "false");
	}
	text_put(t, "]");
}
