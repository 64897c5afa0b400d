// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "plugin/hosts/hosts.h"

void hosts_show(const void *state, struct json *j)
{
	const struct hosts *h = state;

	json_text(j, "file", h->file->path);
	json_unsigned(j, "entries", __atomic_load_n(&h->file->entries, __ATOMIC_RELAXED));
}
