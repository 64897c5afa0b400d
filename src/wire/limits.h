// SPDX-License-Identifier: Apache-2.0
/* How many records a message can hold. */
#pragma once

#include "wire/wire.h"

enum {
	WIRE_RR_MIN = 11, /* root owner, type, class, TTL, RDLENGTH */
	WIRE_RR_MAX = (WIRE_MSG_MAX - WIRE_HEADER_LEN) / WIRE_RR_MIN,
};
