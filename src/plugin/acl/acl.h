// SPDX-License-Identifier: Apache-2.0
/* acl: which clients may ask what.  What its files share; frozen once the generation has started. */
#pragma once

#include "base/compiler.h"
#include "base/metrics.h"
#include "plugin/acl/nets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block;
struct setup;

enum acl_action { ACL_ALLOW, ACL_BLOCK, ACL_FILTER, ACL_DROP, ACL_ACTIONS, ACL_NONE = ACL_ACTIONS };

/* One line of a rule. */
struct acl_policy {
	enum acl_action action;
	bool any_type, any_net;
	uint16_t *types;
	size_t n_types;
	struct acl_nets nets;
};

/* A zone of a rule with the counters of what the rule does to names in it (block_series.h); NULL for actions
 * that it does not have. */
struct acl_zone {
	const uint8_t *zone; /* wire, lower case */
	uint8_t zone_len;
	const metric_id *series[ACL_ACTIONS];
};

/* One directive. */
struct acl_rule {
	struct acl_zone *zones; /* the longest first, so that the first match is the best */
	size_t n_zones;
	struct acl_policy *policies;
	size_t n_policies;
};

struct acl {
	const struct block *block;
	struct acl_rule *rules; /* in file order */
	size_t n_rules;
	const metric_id *allowed;
};

/* Read all directives of a block.  0, or ERR_SYNTAX with errors recorded. */
int acl_setup(struct setup *s, struct acl *ret) MUST_USE;
