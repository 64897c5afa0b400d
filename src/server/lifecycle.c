// SPDX-License-Identifier: Apache-2.0
#include "server/lifecycle.h"

static bool stopping; /* atomic */

bool lifecycle_stopping(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

void lifecycle_stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
}
