// SPDX-License-Identifier: Apache-2.0
#include "kube/store_internal.h"

#include <string.h>

uint64_t kube_hash_text(const struct kube_store *s, const char *text, size_t len)
{
	return hash_bytes(&s->key, text, len);
}

uint64_t kube_hash_addr(const struct kube_store *s, const uint8_t *addr, size_t len)
{
	return hash_bytes(&s->key, addr, len);
}

uint64_t kube_hash_labels(const struct kube_store *s, const char *ns, size_t ns_len, const char *name,
			  size_t name_len)
{
	uint8_t both[KUBE_KEY_MAX];

	if (likely((uintptr_t)ns == (uintptr_t)name + name_len + 1 && (uint8_t)ns[-1] == ns_len))
		return hash_bytes(&s->key, name, name_len + 1 + ns_len);
	if (ns_len + name_len >= sizeof(both))
		return 0; /* no object has such a name */
	if (name_len)
		memcpy(both, name, name_len);
	both[name_len] = (uint8_t)ns_len;
	if (ns_len)
		memcpy(both + name_len + 1, ns, ns_len);
	return hash_bytes(&s->key, both, name_len + 1 + ns_len);
}

/* A name never holds a zero byte, so no two pairs give the same bytes. */
uint64_t kube_hash_name(const struct kube_store *s, const char *ns, size_t ns_len, const char *name,
			size_t name_len)
{
	uint8_t both[KUBE_KEY_MAX];

	if (ns_len + name_len >= sizeof(both))
		return 0; /* no object has such a name */
	if (ns_len)
		memcpy(both, ns, ns_len);
	both[ns_len] = 0;
	if (name_len)
		memcpy(both + ns_len + 1, name, name_len);
	return hash_bytes(&s->key, both, ns_len + 1 + name_len);
}
