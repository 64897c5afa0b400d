// SPDX-License-Identifier: Apache-2.0
/* Inside the reading of a cluster:
 *
 *   cluster.c         the DNS service and its endpoints     cluster_pods.c     their pods: images, the ConfigMap they mount
 *   cluster_target.c  the service that the name would be    cluster_corefile.c the Corefile
 *   cluster_get.c     paths of the API */
#pragma once

#include "doctor/api.h"
#include "doctor/cluster.h"

enum { CLUSTER_NOT_FOUND = 404, CLUSTER_DNS_PORT = 53 };

/* ---- cluster_get.c ---- */

/* It may stand in a path of the API as a name. */
bool cluster_is_name(const char *text);
/* "NAMESPACE/NAME" apart; false: that is none. */
bool cluster_split(struct observed_world *w, const char *text, const char **ret_ns, const char **ret_name);
/* An object of the core group by its name, as api_get. */
cJSON *cluster_get(struct api *a, const char *resource, const char *ns, const char *name, int *status);
/* Those with these labels.  `group`: "/api/v1"; `full_name`: of the resource, with its group. */
cJSON *cluster_list(struct api *a, const char *group, const char *resource, const char *full_name, const char *ns,
		    const char *selector);
/* "" for NULL. */
const char *cluster_safe(struct observed_world *w, const char *text);

/* ---- cluster_pods.c ---- */

/* The DNS pods' images become the software of their servers.  The name of the ConfigMap that they mount, or NULL. */
const char *cluster_pods(struct api *a, const char *selector);

/* ---- cluster_corefile.c ---- */

/* `mounted`: the ConfigMap that the pods mount, or NULL. */
void cluster_corefile(struct api *a, const struct doctor_options *o, const char *mounted);
