// SPDX-License-Identifier: Apache-2.0
#include "plugin/kubernetes/kubernetes.h"

#include "wire/name.h"

#include <string.h>

static size_t composed_len(const struct k8s_part *parts, unsigned n, const uint8_t *zone)
{
	size_t len = wire_name_len(zone);

	for (unsigned i = 0; i < n; i++) {
		if (parts[i].len > WIRE_LABEL_MAX || parts[i].len == 0)
			return SIZE_MAX; /* objects that no API server lets in */
		len += 1 + parts[i].len;
	}
	return len;
}

static void put(uint8_t *p, const struct k8s_part *parts, unsigned n, const uint8_t *zone)
{
	for (unsigned i = 0; i < n; i++) {
		*p++ = (uint8_t)parts[i].len;
		memcpy(p, parts[i].s, parts[i].len);
		p += parts[i].len;
	}
	memcpy(p, zone, wire_name_len(zone));
}

size_t k8s_compose_into(uint8_t *out, const struct k8s_part *parts, unsigned n, const uint8_t *zone)
{
	size_t len = composed_len(parts, n, zone);

	if (len > WIRE_NAME_MAX)
		return 0;
	put(out, parts, n, zone);
	return len;
}

uint8_t *k8s_compose(struct arena *a, size_t head, const struct k8s_part *parts, unsigned n,
		     const uint8_t *zone, size_t *ret_len)
{
	size_t len = composed_len(parts, n, zone);
	uint8_t *p;

	if (len > WIRE_NAME_MAX)
		return NULL;
	p = arena_alloc(a, head + len);
	if (!p)
		return NULL;
	put(p + head, parts, n, zone);
	*ret_len = len;
	return p;
}
