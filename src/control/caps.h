// SPDX-License-Identifier: Apache-2.0
/* Capabilities: all that serving needs is CAP_NET_BIND_SERVICE, to open ports below 1024, now and at a reload. */
#pragma once

#include "base/compiler.h"

/* Give up every other capability (effective, permitted, inheritable, ambient, bounding), for good, and any that a program we
 * run could bring (no_new_privs).  The calling thread's and those of threads that it starts.  0 or -errno. */
int caps_drop(void) MUST_USE;
