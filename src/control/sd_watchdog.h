// SPDX-License-Identifier: Apache-2.0
/* The watchdog: twice per period of the service manager every worker is sent a message, and when all have answered
 * WATCHDOG=1 goes out.  So it says that control and each worker still turn; one that hangs keeps it back, and the manager
 * restarts us.  Thread: control. */
#pragma once

#include <uv.h>

/* Begin, where a manager watches; the workers run.  `loop` is control's. */
void sd_watchdog_start(uv_loop_t *loop);
/* End, before the workers do: the messages that are under way must be answered.  Its handles close with the loop. */
void sd_watchdog_stop(void);
