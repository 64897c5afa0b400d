// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <zlib.h>

#define LIBZ_FUNCTIONS(X) X(, deflate) X(, deflateBound) X(, deflateEnd) X(, deflateInit2_)
LIBRARY_DECLARE(libz, LIBZ_FUNCTIONS);
