// SPDX-License-Identifier: Apache-2.0
#include "base/commands.h"

#include <stdatomic.h>

static atomic_bool forbidden;

bool commands_allowed(void)
{
	return !atomic_load_explicit(&forbidden, memory_order_relaxed);
}

void commands_forbid(void)
{
	atomic_store_explicit(&forbidden, true, memory_order_relaxed);
}
