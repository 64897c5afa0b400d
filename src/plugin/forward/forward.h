// SPDX-License-Identifier: Apache-2.0
/* forward: questions that match FROM go to upstream servers (upstream/).
 *
 *   setup.c    FROM, the options as a table           targets.c  TO: addresses, files, host names
 *   pace.c     `pace`: which upstreams share a budget
 *   forward.c  query: match, ask, take the answer      flight.c  the same question in flight is asked once
 *
 * All directives of one block share one state: a list of rules in file order, of which the first that matches
 * serves; `next` hands on to the next one that matches. */
#pragma once

#include "base/metrics.h"
#include "server/plugin.h"
#include "upstream/upstream.h"

#include <stddef.h>
#include <stdint.h>

struct cf_keys;
struct cf_token;
struct metadata_label;

/* One directive; frozen after setup but for `set`. */
struct forward_rule {
	const uint8_t *from;
	const uint8_t **except;
	size_t n_except;
	struct upstream_config config;
	uint32_t next_rcodes; /* bit per rcode 0..31 */
	bool next_on_nodata;
	struct upstream_set *set; /* from start to stop */
	metric_id merged;
	const struct metadata_label *upstream_label; /* from start on */
};

struct forward {
	struct forward_rule *rules;
	unsigned n;
};

/* show.c */
void forward_show(const void *state, struct json *j);

/* setup.c */
int forward_setup(struct setup *s, void *state);

/* One `pace` of a directive. */
struct forward_pace {
	struct forward_pace *next;
	struct upstream_pace pace; /* name NULL: the first upstream's text */
	const struct net_addr *to; /* none: all that no other `pace` names */
	size_t n_to;
};

/* While one directive is read. */
struct forward_reading {
	struct setup *s;
	struct forward_rule *rule;
	const struct cf_token **to;
	size_t n_to;
	struct net_addr *resolvers; /* `resolver`; none: the system's */
	size_t n_resolvers;
	bool attempts_set; /* max_connect_attempts was given */
	struct forward_pace *paces;
	struct upstream_target *targets; /* what config.targets points to, while it may be changed */
};

enum { FORWARD_PORT = 53 }; /* of an upstream that gives none */

/* targets.c: "IP", "IP:PORT", "[IP]:PORT" with a scope; -EINVAL. */
int forward_address(const char *text, uint16_t port, struct net_addr *ret);
/* Turn the TO words into rule->config.targets.  0 or ERR_SYNTAX with errors recorded. */
int forward_targets(struct forward_reading *r);

/* pace.c: the option; and, once the targets are known, who has which budget.  0 or ERR_SYNTAX. */
int forward_pace_parse(struct cf_cursor *in, void *reading);
int forward_pace_assign(struct forward_reading *r);
