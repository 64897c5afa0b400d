// SPDX-License-Identifier: Apache-2.0
#include "plugin/kubernetes/name.h"

#include <string.h>

static struct k8s_label label_at(const struct wire_query *in, unsigned i)
{
	const uint8_t *p = in->qname + in->label_off[i];

	return (struct k8s_label){p + 1, *p};
}

static bool is(struct k8s_label l, const char *text, size_t len)
{
	return l.len == len && !memcmp(l.s, text, len);
}
#define IS(label, text) is(label, text, sizeof(text) - 1)

static struct k8s_label without_underscore(struct k8s_label l)
{
	if (l.len && l.s[0] == '_')
		return (struct k8s_label){l.s + 1, (uint8_t)(l.len - 1)};
	return l;
}

int k8s_labels_left(const struct wire_query *in, const uint8_t *zone, unsigned zone_len)
{
	unsigned off;

	if (in->qname_len < zone_len)
		return -1;
	off = in->qname_len - zone_len;
	if (memcmp(in->qname + off, zone, zone_len) != 0)
		return -1;
	for (int i = in->n_labels; i >= 0 && in->label_off[i] >= off; i--) {
		if (in->label_off[i] == off)
			return i;
	}
	return -1;
}

/* Labels 0..n-1 stand left of a service: a topology zone before _zone, at least three of them. */
static bool read_zonal(const struct wire_query *in, unsigned n, struct k8s_name *ret)
{
	struct k8s_label how;

	if (n < 3 || !IS(label_at(in, n - 1), "_zone"))
		return false;
	how = label_at(in, n - 2);
	if (!IS(how, "pin") && !IS(how, "prefer")) {
		ret->kind = K8S_NAME_IMPOSSIBLE;
		return true;
	}
	ret->zonal = true;
	ret->prefer = how.len == 6;
	ret->topology = in->qname + in->label_off[0];
	ret->topology_len = (uint8_t)(in->label_off[n - 2] - in->label_off[0]);
	return true;
}

static void read_two(const struct wire_query *in, bool multicluster, struct k8s_name *ret)
{
	struct k8s_label left = label_at(in, 0), right = label_at(in, 1);

	if (multicluster && left.s[0] != '_' && right.s[0] != '_') {
		ret->endpoint = left;
		ret->cluster = right;
		return;
	}
	ret->port = without_underscore(left);
	ret->proto = without_underscore(right);
}

/* The n labels left of a service's (or pod's) name. */
static void read_qualifiers(const struct wire_query *in, unsigned n, bool multicluster, bool zonal,
			    struct k8s_name *ret)
{
	ret->qualified = n > 0;
	if (n == 0)
		return;
	if (zonal && !multicluster && ret->kind == K8S_NAME_SERVICE && read_zonal(in, n, ret))
		return;
	if (n > 2)
		ret->kind = K8S_NAME_IMPOSSIBLE;
	else if (n == 2)
		read_two(in, multicluster, ret);
	else
		ret->endpoint = label_at(in, 0);
}

static enum k8s_name_kind kind_of(const struct wire_query *in, unsigned left)
{
	struct k8s_label first = label_at(in, left - 1);
	bool svc = IS(first, "svc"), pod = IS(first, "pod");

	if (svc || pod)
		return left == 1 ? K8S_NAME_BARE : svc ? K8S_NAME_SERVICE : K8S_NAME_POD;
	if (left == 1 && IS(first, "dns-version"))
		return K8S_NAME_SCHEMA;
	if (left == 2 && IS(first, "dns") && IS(label_at(in, 0), "ns"))
		return K8S_NAME_SERVER;
	return K8S_NAME_IMPOSSIBLE;
}

void k8s_name_read(const struct wire_query *in, unsigned left, bool multicluster, bool zonal,
		   struct k8s_name *ret)
{
	*ret = (struct k8s_name){.kind = left ? kind_of(in, left) : K8S_NAME_BARE};
	if (ret->kind != K8S_NAME_SERVICE && ret->kind != K8S_NAME_POD)
		return;
	ret->ns = label_at(in, left - 2);
	if (left < 3)
		return;
	ret->service = label_at(in, left - 3);
	read_qualifiers(in, left - 3, multicluster, zonal, ret);
}
