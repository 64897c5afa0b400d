// SPDX-License-Identifier: Apache-2.0
/* Whose PROXY protocol headers a listener believes.  Frozen. */
#pragma once

#include "base/compiler.h"
#include "base/metrics.h"
#include "net/cidr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum proxy_action {
	PROXY_USE,    /* the client's address is the header's, where there is one */
	PROXY_IGNORE, /* a header is taken off, no more */
	PROXY_REJECT, /* a header ends the connection, or drops the datagram */
	PROXY_SKIP,   /* bytes as they come */
};

struct proxy_policy {
	const struct net_cidr *allow; /* these are PROXY_USE */
	size_t n_allow;
	enum proxy_action otherwise;
	uint64_t session_ns;          /* udp_session_tracking; 0: off */
	uint32_t session_max;         /* of each socket */
	metric_id bad, rejected;      /* headers that are wrong; that nobody may send */
};

enum proxy_action proxy_policy_for(const struct proxy_policy *p, const struct net_addr *from);
bool proxy_policy_equal(const struct proxy_policy *a, const struct proxy_policy *b);
