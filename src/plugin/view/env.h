// SPDX-License-Identifier: Apache-2.0
/* What an expression can ask of a query: type(), name(), client_ip() ...  The run's ctx is the `struct query`, whose block is the
 * one that the view decides about.  Thread: worker. */
#pragma once

#include "plugin/view/expr.h"

extern const struct expr_env view_env;
