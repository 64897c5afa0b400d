// SPDX-License-Identifier: Apache-2.0
/* A configuration's checksum: SHA-512 over its server blocks' keys and tokens and how they stand in lines.
 * Comments, blank lines, indentation and line numbers do not count; imports, the environment's values and -extra do,
 * since they are tokens by then.  While the plugin `reload`, which loads the library for it, is in no configuration that was read, it is
 * all zero.  Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct corefile;

struct config_sum {
	uint8_t bytes[64];
};
enum { CONFIG_SUM_TEXT_MAX = 129 }; /* in hex, with the end */

void config_sum_of(const struct corefile *cf, struct config_sum *ret);
bool config_sum_equal(const struct config_sum *a, const struct config_sum *b);
/* Returns `out`. */
const char *config_sum_text(const struct config_sum *s, char out[CONFIG_SUM_TEXT_MAX]);
