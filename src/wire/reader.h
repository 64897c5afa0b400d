// SPDX-License-Identifier: Apache-2.0
/* The one reader of foreign bytes: a cursor over a message with a sticky error.
 *
 * Read the fields, check `err` once.  After an error every read answers 0 (or NULL) and moves nothing, so
 * that a caller can never step out of the message.  The first error stays:
 *   ERR_TRUNCATED  the bytes end before what they announce
 *   -EBADMSG       bytes that no sender should produce
 * Thread: any.  Allocates: nothing. */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
	const uint8_t *msg; /* the whole message: compression pointers count from its start */
	size_t len, off;
	int err;
};

static inline struct wire_reader wire_reader_at(const uint8_t *msg, size_t len, size_t off)
{
	return (struct wire_reader){msg, len, off, off <= len ? 0 : ERR_TRUNCATED};
}

static inline void wire_reader_fail(struct wire_reader *r, int err)
{
	if (!r->err)
		r->err = err;
}

/* The next n bytes, or NULL. */
static inline const uint8_t *wire_reader_bytes(struct wire_reader *r, size_t n)
{
	const uint8_t *p = r->msg + r->off;

	if (unlikely(r->err))
		return NULL;
	if (unlikely(n > r->len - r->off)) {
		r->err = ERR_TRUNCATED;
		return NULL;
	}
	r->off += n;
	return p;
}

static inline uint8_t wire_reader_u8(struct wire_reader *r)
{
	const uint8_t *p = wire_reader_bytes(r, 1);

	return p ? *p : 0;
}

static inline uint16_t wire_reader_u16(struct wire_reader *r)
{
	const uint8_t *p = wire_reader_bytes(r, 2);

	return p ? wire_u16(p) : 0;
}

static inline uint32_t wire_reader_u32(struct wire_reader *r)
{
	const uint8_t *p = wire_reader_bytes(r, 4);

	return p ? wire_u32(p) : 0;
}

/* A name, decompressed into `out` (255 bytes); its wire length, or 0 after an error. */
size_t wire_reader_name(struct wire_reader *r, uint8_t *out);

/* Step over a name; every label and pointer is checked as in wire_reader_name. */
void wire_reader_skip_name(struct wire_reader *r);

/* A name that stands uncompressed, in place; NULL after an error (a pointer is one). */
const uint8_t *wire_reader_plain_name(struct wire_reader *r);

/* The fixed part of a record, after its owner name. */
struct wire_rr_head {
	uint16_t type, cls, rdlen;
	uint32_t ttl_s; /* as sent; RFC 2181 8 is the caller's */
	size_t rdata_off;
};

/* Read a record's fixed part and step over its rdata, which is known to lie within the message then. */
static inline struct wire_rr_head wire_reader_rr(struct wire_reader *r)
{
	const uint8_t *p = wire_reader_bytes(r, 10);
	struct wire_rr_head h = {0};

	if (p) {
		h = (struct wire_rr_head){
			.type = wire_u16(p),
			.cls = wire_u16(p + 2),
			.rdlen = wire_u16(p + 8),
			.ttl_s = wire_u32(p + 4),
			.rdata_off = r->off,
		};
		(void)wire_reader_bytes(r, h.rdlen); /* the error, if any, stays in r */
	}
	return h;
}
