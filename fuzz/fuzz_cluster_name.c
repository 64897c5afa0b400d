// SPDX-License-Identifier: Apache-2.0
/* Names of a cluster zone taken apart.  Input: the first byte chooses what is on, the rest is a client's message. */
#include "fuzz.h"
#include "plugin/kubernetes/name.h"
#include "wire/reverse.h"

static void check_label(const struct wire_query *q, struct k8s_label l)
{
	FUZZ_CHECK(!l.len || (l.s > q->qname && l.s + l.len < q->qname + q->qname_len && l.len <= WIRE_LABEL_MAX));
}

static void check_name(const struct wire_query *q, unsigned left, bool multicluster, bool zonal)
{
	struct k8s_name n;

	k8s_name_read(q, left, multicluster, zonal, &n);
	check_label(q, n.ns);
	check_label(q, n.service);
	check_label(q, n.endpoint);
	check_label(q, n.cluster);
	check_label(q, n.port);
	check_label(q, n.proto);
	FUZZ_CHECK((n.kind != K8S_NAME_SERVICE && n.kind != K8S_NAME_POD) || n.ns.len);
	FUZZ_CHECK(!n.zonal || (n.topology_len > 1 && n.topology + n.topology_len <= q->qname + q->qname_len));
}

/* A label that is an address says it in the spelling that we would give it, or in another one of the same address. */
static void check_dashed(struct k8s_label l)
{
	uint8_t addr[16], again[16];
	char text[K8S_DASHED_MAX];
	unsigned len = k8s_dashed_addr(l.s, l.len, addr), n;

	FUZZ_CHECK(len == 0 || len == 4 || len == 16);
	if (!len)
		return;
	n = k8s_dashed_text(addr, len, text);
	FUZZ_CHECK(n && n <= K8S_DASHED_MAX);
	if (n > 2 && text[n - 1] == '0' && text[n - 2] == '-' && text[n - 3] == '-')
		n--;
	FUZZ_CHECK(k8s_dashed_addr((const uint8_t *)text, n, again) == len);
	for (unsigned i = 0; i < len; i++)
		FUZZ_CHECK(addr[i] == again[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_query q;
	uint8_t addr[16];

	if (!size || wire_query_read(data + 1, size - 1, &q) != WIRE_OK)
		return 0;
	for (unsigned left = 0; left <= q.n_labels; left++)
		check_name(&q, left, data[0] & 1, data[0] & 2);
	for (unsigned i = 0; i < q.n_labels; i++)
		check_dashed((struct k8s_label){q.qname + q.label_off[i] + 1, q.qname[q.label_off[i]]});
	(void)wire_reverse_addr(&q, addr);
	return 0;
}
