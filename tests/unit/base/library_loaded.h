// SPDX-License-Identifier: Apache-2.0
/* The "library" of test_library.c. */
#pragma once

int loaded_twice(int n);
const char *loaded_name(void);
