// SPDX-License-Identifier: Apache-2.0
/* Talking to the admin socket of a running server. */
#pragma once

#include "base/compiler.h"
#include "control/admin.h"

/* Send a request and wait for its reply (at most 10 s).  `name`: -admin, or NULL for the only server that runs in this
 * network namespace.  0; -1 with the reason printed to stderr. */
int admin_ask(const char *name, const char *request, char reply[ADMIN_REPLY_MAX]) MUST_USE;
