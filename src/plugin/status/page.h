// SPDX-License-Identifier: Apache-2.0
/* The page, made of page.html when the server is built (scripts/embed-page.py). */
#pragma once

#include <stddef.h>

extern const unsigned char status_page[];
extern const size_t status_page_len;
extern const char status_page_policy[]; /* Content-Security-Policy: its own script and style by their hashes, nothing else */
