// SPDX-License-Identifier: Apache-2.0
/* How the rdata of a type is made up, as far as someone who rewrites messages must know: where names
 * stand in it, and sizes that other code relies on (addresses, the SOA's numbers).  RFC 3597 4, RFC
 * 4034 6.2.
 *
 * Names are decompressed on reading for every type listed, also where the sender should not have
 * compressed them (SRV, RRSIG, NSEC, SVCB ...), and compressed on writing for the types of RFC 1035
 * only.  All other types are bytes. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An item of a form; 1..32 stand for that many bytes. */
enum wire_rdata_item {
	RDATA_REST = 0,         /* any bytes to the end; the last item, as RDATA_END */
	RDATA_BYTES_MAX = 32,
	RDATA_END = 64,         /* the rdata ends here */
	RDATA_NAME,             /* a name that is written whole */
	RDATA_NAME_SHORT,       /* a name that may be compressed */
	RDATA_STRING,           /* length (1) and bytes */
	RDATA_A6,               /* prefix length, rest of the address, name unless the prefix is empty;
				   RFC 2874 3.1.  Checked on reading only, then bytes to the end. */
};

enum {
	RDATA_NAMES_MAX = 2,    /* names in the rdata of any type */
	/* What wire_rdata_read may write: names grow by at most 253 octets each. */
	RDATA_READ_MAX = UINT16_MAX + RDATA_NAMES_MAX * 256,
};

struct wire_reader;

/* The form of a type's rdata.  Static. */
const uint8_t *wire_rdata_form(uint16_t type, uint16_t cls);

/* Nothing but bytes: addresses, and all types that are not listed.  There is nothing to decompress then. */
static inline bool wire_rdata_is_bytes(const uint8_t *form)
{
	return *form == RDATA_REST || (*form <= RDATA_BYTES_MAX && form[1] == RDATA_END);
}

/* Step over one item without a name (RDATA_NAME and RDATA_NAME_SHORT are the caller's). */
void wire_rdata_skip(struct wire_reader *r, unsigned item) NONNULL;

/* Uncompressed rdata has this form to its last byte. */
bool wire_rdata_valid(const uint8_t *form, const uint8_t *rdata, uint16_t rdlen) NONNULL;

/* Make the names of valid uncompressed rdata lower case: in this form doubles are told.  RFC 4034 6.2,
 * 6.3. */
void wire_rdata_lower(const uint8_t *form, uint8_t *rdata, size_t len) NONNULL;

/* Check the rdata at msg[off] of rdlen bytes, which lie within the message, and decompress it.
 * *ret_rdata points into `out` (RDATA_READ_MAX bytes), or into msg where there was nothing to decompress.
 * Length (<= 65535), or -EBADMSG. */
int wire_rdata_read(const uint8_t *msg, size_t off, uint16_t rdlen, uint16_t type, uint16_t cls, uint8_t *out,
		    const uint8_t **ret_rdata) MUST_USE NONNULL;
