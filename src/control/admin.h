// SPDX-License-Identifier: Apache-2.0
/* The local admin socket: an abstract unix socket (no file, so a read-only root does not matter) that serves
 * one request a connection, for this process's user and root alone.  What can be asked stands in control/admin_verbs.c.
 *
 * The reply comes in messages of at most ADMIN_PIECE_MAX bytes, ADMIN_REPLY_MAX in all; its end is the connection's.
 * Its name is @binnacle/PID unless -admin gives another; `-admin off` opens none.
 * Thread: control; the work itself runs on the builder. */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

enum { ADMIN_REQUEST_MAX = 1200, ADMIN_PIECE_MAX = 16 << 10, ADMIN_REPLY_MAX = 256 << 10 };

struct admin;

/* The abstract address of that name; its length for bind and connect, or 0 when the name is too long. */
socklen_t admin_address(const char *name, struct sockaddr_un *ret);

/* Open and serve.  `name`: NULL for the default.  0 or -errno. */
int admin_start(uv_loop_t *loop, const char *name, struct admin **ret) MUST_USE;
/* Stop listening and drop who is connected; frees when its last work has ended.  NULL is left alone. */
void admin_stop(struct admin *a);
