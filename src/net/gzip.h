// SPDX-License-Identifier: Apache-2.0
/* Texts and profiles in gzip's form (RFC 1952).  http_server_libraries must be loaded. */
#pragma once

#include <stddef.h>

/* malloc'ed; NULL: no memory. */
char *gzip_bytes(const void *data, size_t len, size_t *ret_len);
