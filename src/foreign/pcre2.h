// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

// clang-format off
#define LIBPCRE2_FUNCTIONS(X) \
	X(pcre2_, code_free_8) X(pcre2_, compile_8) X(pcre2_, compile_context_create_8) \
	X(pcre2_, compile_context_free_8) X(pcre2_, get_error_message_8) X(pcre2_, get_ovector_count_8) \
	X(pcre2_, get_ovector_pointer_8) X(pcre2_, match_8) X(pcre2_, match_context_create_8) \
	X(pcre2_, match_context_free_8) X(pcre2_, match_data_create_8) X(pcre2_, match_data_free_8) \
	X(pcre2_, pattern_info_8) X(pcre2_, set_heap_limit_8) X(pcre2_, set_match_limit_8) \
	X(pcre2_, set_newline_8)
// clang-format on
LIBRARY_DECLARE(libpcre2, LIBPCRE2_FUNCTIONS);
