// SPDX-License-Identifier: Apache-2.0
/* A question's bytes, for each way of asking.  Pure.  RFC 1035 4.1, 6891 6.1, 7873 4. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

enum {
	QUESTION_CLIENT_COOKIE = 8,
	QUESTION_MAX = 12 + 255 + 4 + 11 + 4 + QUESTION_CLIENT_COOKIE,
};

/* The message for `o` into out[QUESTION_MAX]; its length.  `cookie`: the client cookie, for WAY_COOKIE. */
size_t question_write(const struct observation *o, uint16_t id, const uint8_t cookie[QUESTION_CLIENT_COOKIE],
		      uint8_t *out);
/* It carries an OPT. */
bool question_has_opt(const struct observation *o);
bool question_is_tcp(const struct observation *o);
