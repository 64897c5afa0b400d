// SPDX-License-Identifier: Apache-2.0
/* Names as they sort.  RFC 4034 6.1 */
#include "zone/zone.h"

#include <string.h>

size_t zone_sort_key(const uint8_t *name, size_t len, uint8_t *out)
{
	uint8_t label_off[WIRE_LABELS_MAX + 1];
	size_t n = 0, at = 0;

	for (size_t off = 0; off < len && name[off]; off += name[off] + 1u)
		label_off[n++] = (uint8_t)off;
	while (n--) {
		const uint8_t *label = name + label_off[n];

		for (unsigned i = 1; i <= label[0]; i++) {
			if (label[i] <= 1) {
				out[at++] = 1;
				out[at++] = (uint8_t)(label[i] + 1);
			} else {
				out[at++] = label[i];
			}
		}
		out[at++] = 0;
	}
	return at;
}

int zone_compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int r = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (r)
		return r;
	return a_len < b_len ? -1 : a_len > b_len;
}
