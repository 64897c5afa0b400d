// SPDX-License-Identifier: Apache-2.0
/* The elements of a search path:
 *   of a file       its domains, then the root
 *   @kubernetes     NAMESPACE.svc.ZONE, svc.ZONE, ZONE, the machine's own domains, then the root */
#include "plugin/autopath/autopath.h"

#include "wire/name.h"

#include <string.h>

enum { CLUSTER_ELEMENTS = 3 };

static size_t copy(uint8_t *out, const uint8_t *name)
{
	size_t len = wire_name_len(name);

	memcpy(out, name, len);
	return len;
}

static size_t of_list(const struct autopath_list *l, unsigned i, uint8_t *out)
{
	static const uint8_t root[1] = {0};

	if (i < l->n)
		return copy(out, l->v[i]);
	return i == l->n ? copy(out, root) : 0;
}

size_t autopath_element(const struct autopath_query *p, unsigned i, uint8_t out[WIRE_NAME_MAX])
{
	struct k8s_part parts[] = {{p->ns, p->ns_len}, K8S_PART("svc")};

	if (!p->zone)
		return of_list(&p->a->list, i, out);
	if (i < CLUSTER_ELEMENTS)
		return k8s_compose_into(out, parts + i, ARRAY_LEN(parts) - i, p->zone->key->zone);
	return of_list(&p->a->list, i - CLUSTER_ELEMENTS, out);
}
