// SPDX-License-Identifier: Apache-2.0
/* autopath: the walk along a client's search path, done here instead of by the client.
 *
 * A name that ends in the first domain of the path is asked as it is; where it does not exist, what stands
 * before that domain is asked with each further domain, and alone, until one answers (anything but
 * NXDOMAIN).  That answer goes out under a CNAME from the name that was asked for.  If none does, the
 * client gets the first NXDOMAIN and walks itself.
 *
 *   query()  path known? name below its first domain? -> remembers, goes on down
 *   reply()  NXDOMAIN came up -> sub-queries (rest of the chain, so `cache` and `kubernetes` below answer them)
 *
 * The path comes from a resolv.conf, or for each client from the namespace of its pod (@kubernetes). */
#pragma once

#include "base/metrics.h"
#include "plugin/kubernetes/kubernetes.h"

enum { AUTOPATH_MAX = 16 }; /* domains of a path, the empty one not counted */

struct autopath_list {
	const uint8_t *v[AUTOPATH_MAX]; /* wire form, lower case */
	unsigned n;
};

/* Rule: frozen while serving. */
struct autopath {
	struct cf_keys zones;
	struct autopath_list
		list; /* of the file; for @kubernetes the machine's own, which follow the cluster's */
	const char *plugin; /* "@NAME", without the @; NULL: the file */
	const struct kubernetes *k; /* from start on; NULL: no such plugin here, nothing is done */
	const struct block *block;
	metric_id *success;
};

/* Per query; zeroed. */
struct autopath_query {
	struct k8s_wait wait;
	const struct autopath *a;
	const struct k8s_zone *zone; /* @kubernetes: the cluster zone, and the client's namespace */
	const uint8_t *ns;
	uint8_t ns_len;
	uint8_t base_len; /* bytes of the question's name before the path's first domain; 0: nothing to do */
	unsigned at; /* the next domain to try */
};

/* "search" of a resolv.conf, the last such line (or the `domain` line) as the resolver takes it. */
int autopath_read_file(struct setup *s, const char *path, struct autopath_list *ret);

/* The i-th element of the path for this query into `out`; its length, 0 behind the last (which is the
 * root: 1). */
size_t autopath_element(const struct autopath_query *p, unsigned i, uint8_t out[WIRE_NAME_MAX]);

int autopath_setup(struct setup *s, void *state);
