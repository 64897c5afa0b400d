// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <microhttpd.h>

// clang-format off
#define LIBMICROHTTPD_FUNCTIONS(X) \
	X(MHD_, add_response_header) X(MHD_, basic_auth_get_username_password) \
	X(MHD_, create_response_from_buffer) X(MHD_, create_response_from_callback) \
	X(MHD_, destroy_response) X(MHD_, free) \
	X(MHD_, get_connection_info) X(MHD_, lookup_connection_value) X(MHD_, lookup_connection_value_n) \
	X(MHD_, queue_response) X(MHD_, quiesce_daemon) X(MHD_, start_daemon) X(MHD_, stop_daemon)
// clang-format on
LIBRARY_DECLARE(libmicrohttpd, LIBMICROHTTPD_FUNCTIONS);
