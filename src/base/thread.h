// SPDX-License-Identifier: Apache-2.0
/* Starting threads of our own. */
#pragma once

#include "base/compiler.h"

#include <pthread.h>

/* Run fn(arg) in a thread that takes no signals, which are control's business, but those of its own doing: SIGSYS (a call
 * that the filter forbids) and SIGPROF (the pprof plugin).  0 or -errno.  Any thread. */
int thread_start(pthread_t *ret, void *(*fn)(void *arg), void *arg) MUST_USE;
