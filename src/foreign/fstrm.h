// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <fstrm.h>

// clang-format off
#define LIBFSTRM_FUNCTIONS(X) \
	X(fstrm_, rdwr_destroy) X(fstrm_, rdwr_init) X(fstrm_, rdwr_set_close) X(fstrm_, rdwr_set_open) \
	X(fstrm_, rdwr_set_read) X(fstrm_, rdwr_set_write) X(fstrm_, writer_destroy) \
	X(fstrm_, writer_init) X(fstrm_, writer_open) X(fstrm_, writer_options_add_content_type) \
	X(fstrm_, writer_options_destroy) X(fstrm_, writer_options_init) X(fstrm_, writer_write)
// clang-format on
LIBRARY_DECLARE(libfstrm, LIBFSTRM_FUNCTIONS);
