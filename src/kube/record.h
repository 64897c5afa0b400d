// SPDX-License-Identifier: Apache-2.0
/* The form of packed records (see record.c), shared by the packing and the reading side. */
#pragma once

#include <stdint.h>

enum {
	RECORD_PSEUDO_PORT = 0x80, /* in a port's protocol byte */
	RECORD_PORT_LEN = 4, /* number 2, protocol 1, name length 1 */
};
