// SPDX-License-Identifier: Apache-2.0
/* A zone's answer as a reply: for file, auto and secondary.  Thread: worker. */
#pragma once

#include "server/query.h"

struct metadata_label;
struct zone;

/* What of a zone's plugin matters for its answers. */
struct zone_reply_options {
	bool falls_through;                    /* a name that is missing goes to the next plugin */
	const struct metadata_label *wildcard; /* "zone/wildcard" */
};

/* Answer q, whose name is in the zone, from it.  `z` is read now and not kept: what goes into the reply is copied.
 * A CNAME that leads out of the zone is looked up through the whole server (server/alias.h).
 * STEP_NEXT only if it falls through. */
enum step zone_reply(struct query *q, const struct zone *z, const struct zone_reply_options *o);

/* What is asked that no zone's data answers: a NOTIFY is dropped (nobody is listened to), a transfer refused (that is the
 * plugin transfer's).  True: q->reply is set. */
bool zone_reply_refuses(struct query *q);

/* A name in none of a plugin's zones: REFUSED where no plugin behind it could answer, as the peer has it for the plugins that
 * serve zones; else STEP_NEXT. */
enum step zone_reply_not_mine(struct query *q);
