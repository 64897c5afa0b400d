// SPDX-License-Identifier: Apache-2.0
/* Log lines and the thread that writes them.
 *
 * Until log_start and after log_stop, lines go straight to stdout.  In between each thread that logs has
 * a bounded ring of binary records; the writer thread formats and writes them.  A full ring
 * drops: counted in binnacle_log_dropped_total and reported once a second.  So a reader that stops
 * reading our stdout never holds up a query.  Threads come and go freely; at most 128 log at a time.
 *
 * Line forms are CoreDNS's: "[INFO] text", "[ERROR] plugin/errors: text".  No timestamps. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_FATAL };

enum { LOG_RECORD_MAX = 1024 };

/* A record that only its formatter understands: `format` runs in the writer thread (or in the
 * caller's, before log_start), writes at most `cap` (4095) bytes of one line without the newline and returns
 * its length.  Both `format` and everything
 * that the record points to must live as long as the process (intern such things). */
typedef size_t (*log_format_fn)(const void *record, size_t len, char *out, size_t cap);

/* Copy a record into the calling thread's ring.  Never blocks; drops and counts when full.
 * len <= LOG_RECORD_MAX.  Any thread. */
void log_record(log_format_fn format, const void *record, size_t len);

/* A formatted line.  Lines over LOG_RECORD_MAX are cut with "...".  LOG_DEBUG lines are dropped unless
 * log_set_debug(true).  Any thread; formats in the caller, so not for the hot path. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
void log_set_debug(bool on);
bool log_debug_on(void);

/* A line to stdout without a level prefix (start-up listing). */
void log_plain(const char *fmt, ...) PRINTF(1, 2);

/* Start the writer thread (`fd`: where lines go, normally 1; it stays the caller's).  0 or -errno; -EBUSY when it
 * runs, or when log_stop had to give up before.  Control. */
int log_start(int fd) MUST_USE;
/* Write what is queued (at most for timeout_ms) and end the writer thread.  If the descriptor takes nothing in
 * that time, everything that is logged afterwards is dropped, so the process can always exit.  Control. */
void log_stop(unsigned timeout_ms);
/* Lines lost so far. */
uint64_t log_dropped(void);
