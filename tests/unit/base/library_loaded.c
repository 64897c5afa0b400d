// SPDX-License-Identifier: Apache-2.0
#include "library_loaded.h"

int loaded_twice(int n)
{
	return 2 * n;
}

#ifndef PARTLY
const char *loaded_name(void)
{
	return "loaded";
}
#endif
