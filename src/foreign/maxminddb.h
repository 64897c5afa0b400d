// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <maxminddb.h>

// clang-format off
#define LIBMAXMINDDB_FUNCTIONS(X) \
	X(MMDB_, aget_value) X(MMDB_, close) X(MMDB_, lookup_sockaddr) X(MMDB_, open) X(MMDB_, strerror)
// clang-format on
LIBRARY_DECLARE(libmaxminddb, LIBMAXMINDDB_FUNCTIONS);
