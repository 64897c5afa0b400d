// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <yaml.h>

// clang-format off
#define LIBYAML_FUNCTIONS(X) \
	X(yaml_, document_delete) X(yaml_, document_get_node) X(yaml_, document_get_root_node) \
	X(yaml_, parser_delete) X(yaml_, parser_initialize) X(yaml_, parser_load) \
	X(yaml_, parser_set_input_string)
// clang-format on
LIBRARY_DECLARE(libyaml, LIBYAML_FUNCTIONS);
