// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "plugin/hosts/hosts.h"

void hosts_show(const void *state, struct text *t)
{
	const struct hosts *h = state;

	text_put(t, "\"file\":");
	text_json(t, h->file->path);
	text_put(t, ",\"entries\":%zu", __atomic_load_n(&h->file->entries, __ATOMIC_RELAXED));
}
