// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <nettle/sha2.h>

#define LIBNETTLE_FUNCTIONS(X) X(nettle_, sha512_digest) X(nettle_, sha512_init) X(nettle_, sha512_update)
LIBRARY_DECLARE(libnettle, LIBNETTLE_FUNCTIONS);
