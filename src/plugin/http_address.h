// SPDX-License-Identifier: Apache-2.0
/* For the plugins that serve something over HTTP. */
#pragma once

#include "base/compiler.h"

struct arena;
struct cf_cursor;

/* A directive's only argument, such an address; `*ret` stays what it is when there is none, else it is of the arena.
 * `example` is shown with a wrong one.  0, or ERR_SYNTAX with an error recorded. */
int http_address_arg(struct cf_cursor *c, struct arena *a, const char *example, const char **ret) MUST_USE;
