// SPDX-License-Identifier: Apache-2.0
/* transfer: who may have a zone whole, and who is told when it changes.
 *
 *   setup.c    the grammar          transfer.c   questions; the zone comes from the first plugin of the block that has it
 *   notify.c   NOTIFY (RFC 1996)                 (server/transfer.h) */
#pragma once

#include "corefile/corefile.h"
#include "net/addr.h"
#include "server/plugin.h"

#include <stdbool.h>
#include <stdint.h>

struct notifier;

struct transfer_to {
	struct transfer_to *next;
	bool all;
	struct net_addr addr;  /* its port is for NOTIFY alone */
};

/* One directive.  Frozen. */
struct transfer_rule {
	struct transfer_rule *next;
	struct cf_keys zones;
	struct transfer_to *to, **to_last;
	struct net_addr source; /* of NOTIFY */
	bool has_source;
};

struct transfer_plugin {
	const struct block *block;
	struct transfer_rule *rules, **last;
	struct notifier *notifier; /* NULL: nobody is to be told */
};

/* 0, or ERR_SYNTAX with errors recorded. */
int transfer_setup(struct setup *s, struct transfer_plugin *ret) MUST_USE;

/* The rule with the longest zone that the name (lower case) is in, or NULL. */
const struct transfer_rule *transfer_rule_of(const struct transfer_plugin *p, const uint8_t *name);

/* ---- notify.c
 *
 * Who may have a zone is told by UDP when it changes, three times at most, 2 s apart, until it answers NOERROR.  What is
 * to be told waits in a list of at most NOTIFY_WAITING_MAX, which one worker looks at once a second. */
enum { NOTIFY_WAITING_MAX = 4096 };

/* NULL: no memory. */
struct notifier *notifier_new(void);
/* The worker's part has ended. */
void notifier_free(struct notifier *n);
/* Tell all of the rule's addresses.  What waits already is not doubled.  Thread: any but a worker. */
void notifier_add(struct notifier *n, const struct transfer_rule *r, const uint8_t *zone);
/* Thread: worker, one of them.  0 or -ENOMEM. */
int notifier_start(struct notifier *n, struct worker *w) MUST_USE;
/* What is not told by now never is: the next generation tells of its own zones. */
void notifier_stop(struct notifier *n);
