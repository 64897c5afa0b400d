// SPDX-License-Identifier: Apache-2.0
/* What the API server says: the DNS service, its endpoints, their pods, the Corefile, and the service that the name asked for
 * would be.  Only reads, each thing by one request; a 403 is noted with its verb and resource, and the rest goes on.
 *
 *   get services, list endpointslices.discovery.k8s.io, list pods, get configmaps    in the DNS service's namespace
 *   get services                                                                     in the name's namespace
 *
 * Who we are: --kubeconfig, else the Pod's service account, else $KUBECONFIG, else ~/.kube/config.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

struct doctor_options;

void cluster_discover(struct observed_world *w, const struct doctor_options *o);
/* world->kube.target; when the domain is known. */
void cluster_look_up_target(struct observed_world *w, const struct doctor_options *o);
