// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <crypt.h>

#define LIBCRYPT_FUNCTIONS(X) X(, crypt_rn)
LIBRARY_DECLARE(libcrypt, LIBCRYPT_FUNCTIONS);
