// SPDX-License-Identifier: Apache-2.0
/* All names of a store in order, for a transfer: copied and sorted in steps of which each is a small part of a turn, since
 * nothing of the store may be held from one turn to the next. */
#pragma once

#include "base/compiler.h"
#include "kube/store.h"

#include <stdbool.h>
#include <stdint.h>

enum { CATALOG_BYTES_MAX = 64 << 20 }; /* of all catalogs of the process */

struct k8s_catalog {
	const struct kube_store *store;
	bool imports;
	enum { CATALOG_GATHERS, CATALOG_SORTS, CATALOG_SORTED } stage;
	struct kube_name_iter walk;
	/* Each name: its length, the namespace's, then both. */
	uint8_t *text;
	uint32_t text_len, text_cap;
	uint32_t *v, *other; /* where they begin, in order; the same while it is sorted */
	uint32_t n, cap, at;
	uint32_t width, lo, mid, hi, left, right, out; /* runs that are being merged */
	size_t counted;
};

void k8s_catalog_init(struct k8s_catalog *c, const struct kube_store *store, bool imports);
void k8s_catalog_fini(struct k8s_catalog *c);

/* 1: there is more to do; 0: all are sorted; -ENOMEM, or ERR_LIMIT: CATALOG_BYTES_MAX are taken. */
int k8s_catalog_step(struct k8s_catalog *c) MUST_USE;

/* Once sorted, the next one, by name and then by namespace, each once: false at the end; NULL: it is gone by now. */
bool k8s_catalog_next(struct k8s_catalog *c, const struct kube_name **ret);
