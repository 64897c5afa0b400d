// SPDX-License-Identifier: Apache-2.0
/* Talking to the admin socket of a running server. */
#pragma once

#include "base/compiler.h"

enum { ADMIN_NAME_MAX = 108 };

/* Which server is meant: `name`, or for NULL the only one that runs in this network namespace.  0; -1: told on stderr. */
int admin_find(const char *name, char ret[ADMIN_NAME_MAX]) MUST_USE;
/* Send a request and wait for its reply (each piece of it at most 10 s).  `name`: -admin, or NULL for the only server that runs
 * in this network namespace.  The reply, at least one byte, is the caller's to free; NULL: the reason has been printed to
 * stderr. */
char *admin_ask(const char *name, const char *request) MUST_USE;
/* The same of the only server here, saying nothing: NULL too when none or several run, or it lets us not in. */
char *admin_try(const char *request, char ret_name[ADMIN_NAME_MAX]) MUST_USE;
