// SPDX-License-Identifier: Apache-2.0
/* A bounds-checked reader of protobuf messages, field by field, without copying.
 *
 *     struct proto_reader r = proto_reader(data, len);
 *     struct proto_field f;
 *     while (proto_next(&r, &f)) ... f.number, f.value or f.data and f.len ...
 *     if (r.failed) return -EBADMSG;
 *
 * Groups, which Kubernetes does not use, are refused like any other wrong bytes.  Thread: any. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto_reader {
	const uint8_t *at, *end;
	bool failed; /* wrong or missing bytes: sticky */
};

struct proto_field {
	uint32_t number;
	bool is_bytes; /* data and len are set; else value */
	uint64_t value;
	const uint8_t *data;
	size_t len;
};

static inline struct proto_reader proto_reader(const uint8_t *data, size_t len)
{
	return (struct proto_reader){data, data + len, false};
}

/* The next field, or false at the end and on wrong bytes. */
bool proto_next(struct proto_reader *r, struct proto_field *ret);

/* How many fields of that number (of bytes) the message holds, up to the first wrong byte. */
size_t proto_count(const uint8_t *data, size_t len, uint32_t number);

/* One number of at most 10 bytes.  > 0: bytes read; 0: more bytes are needed; -EBADMSG. */
int proto_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret);
