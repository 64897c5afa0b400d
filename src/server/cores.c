// SPDX-License-Identifier: Apache-2.0
/* How many processors there are for us. */
#include "base/machine.h"
#include "server/runtime.h"

unsigned server_usable_cores(void)
{
	return machine_cores("");
}
