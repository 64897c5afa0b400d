// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <math.h>

#define LIBM_FUNCTIONS(X) X(, ceil) X(, floor) X(, pow) X(, round)
LIBRARY_DECLARE(libm, LIBM_FUNCTIONS);
