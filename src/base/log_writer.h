// SPDX-License-Identifier: Apache-2.0
/* The rings of all threads and the thread that empties them.  Part of base/log. */
#pragma once

#include "base/compiler.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

/* 0 or -errno.  Control. */
int log_writer_start(int fd) MUST_USE;
/* 0: everything queued was written.  -ETIMEDOUT: the descriptor took nothing more; the thread is left where it
 * blocks (cancelling it would need libgcc_s at run time) and log_writer_start must not be called again. */
int log_writer_stop(unsigned timeout_ms);

/* Queue a record of the calling thread, waking the writer where needed.  Any thread. */
void log_writer_put(log_format_fn format, const void *record, size_t len);

/* Write all of it, waiting where the descriptor does not block by itself.  False: it takes no more. */
bool log_write_all(int fd, const char *p, size_t len);
