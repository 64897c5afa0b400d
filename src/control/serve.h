// SPDX-License-Identifier: Apache-2.0
/* Serving: start, signals, reload, end.  Thread: control (the process's first thread). */
#pragma once

#include "base/compiler.h"

struct options;

/* Serve until a signal ends it.  Returns the exit status. */
int serve(const struct options *o) MUST_USE;
