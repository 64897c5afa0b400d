// SPDX-License-Identifier: Apache-2.0
/* What can be asked of the admin socket: a verb, a space, its arguments.
 *
 *   flush all | flush name NAME | flush tree NAME   ->   ok N   (answers dropped)
 *   trace text|json TYPE|- LISTENER|- CLIENT|- NAME ->   ok RCODE, and lines: the way that the question took
 *   top                                             ->   JSON, see docs/top.md
 *   anything wrong                                  ->   error: text
 *
 * Thread: builder, so the generation that serves stays while a request is worked on, and a reload waits meanwhile; but for those that
 * wait for others (admin_waits), which have a thread of their own. */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <sys/types.h>

struct admin_request {
	const char *args;   /* what is behind the verb; "" for nothing */
	uid_t uid;          /* who asks: the server's user, or root */
	struct text *reply; /* bounded by ADMIN_REPLY_MAX: beyond it the client is told so instead */
};

/* Work on "VERB ARGS" and write the reply. */
void admin_serve(const char *text, uid_t uid, struct text *reply);
/* It may wait for seconds. */
bool admin_waits(const char *text);
/* Their metrics stand at 0 from the start.  Control. */
void admin_verbs_init(void);
