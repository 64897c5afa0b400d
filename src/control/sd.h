// SPDX-License-Identifier: Apache-2.0
/* What a service manager and we tell each other: sockets that it gives us (sd_listen_fds(3)), how we are (sd_notify(3)), and
 * that we are alive (sd_watchdog_enabled(3)).  Whoever speaks the protocol will do; without one, nothing happens here.
 * The environment variables are taken away, so that commands we run do not speak for us.
 * Thread: control. */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct generation;

/* Read LISTEN_*, NOTIFY_SOCKET and WATCHDOG_*: sockets become net/inherited.h's, what cannot be served is logged and
 * closed.  Once, before there are threads. */
void sd_start(void);
/* Sockets that no listener of the Corefile has taken are logged. */
void sd_report_unused(void);

/* Lines as sd_notify has them: "READY=1\nSTATUS=Serving".  Never waits; a manager that does not read is logged once. */
void sd_notify(const char *format, ...) PRINTF(1, 2);
/* READY=1 with what serves now; `trouble`: why a reload has failed, or NULL. */
void sd_notify_ready(const struct generation *g, const char *trouble);
/* RELOADING=1 with the time, as newer managers want it; READY=1 ends it. */
void sd_notify_reloading(void);

/* How often WATCHDOG=1 is due at the latest, in microseconds; 0: nobody watches. */
uint64_t sd_watchdog_us(void);
