// SPDX-License-Identifier: Apache-2.0
/* Where the process is in its life, for whoever has to know: `ready` answers 503 from the first moment of a
 * shutdown on, while DNS is still answered (lameduck).
 *
 * A plugin that wants the configuration looked at again from time to time says so in the generation
 * (reload_every_ms); control does the looking and the reload. */
#pragma once

#include <stdbool.h>

/* A signal has begun the end; never goes back.  Thread: any. */
bool lifecycle_stopping(void);
/* Thread: control. */
void lifecycle_stop(void);

/* Something that serves cannot go on at all (`loop` has found one), and has logged why: the process ends with status 1 once
 * the log is written.  Thread: any. */
void lifecycle_fail(void);
/* Who ends it; called in the failing thread, and at once if that has happened already.  Thread: control. */
void lifecycle_on_failure(void (*fn)(void *arg), void *arg);
