// SPDX-License-Identifier: Apache-2.0
/* Whether this process may start other programs.  Where its system-call filter does not let it (control/sandbox.h), trying
 * would end it; whoever wants to, long after setup, asks here first.  Any thread. */
#pragma once

#include <stdbool.h>

bool commands_allowed(void);
/* From now on not.  Once, before anybody asks. */
void commands_forbid(void);
