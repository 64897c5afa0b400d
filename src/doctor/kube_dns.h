// SPDX-License-Identifier: Apache-2.0
/* kube-dns has no Corefile.  What its ConfigMap says (stubDomains, upstreamNameservers), told as one.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

#include <cjson/cJSON.h>

/* `data`: the ConfigMap's; NULL: empty.  Without upstreamNameservers it forwards to its /etc/resolv.conf. */
void kube_dns_facts(struct observed_world *w, const char *where, const cJSON *data);
