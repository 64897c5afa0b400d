// SPDX-License-Identifier: Apache-2.0
/* The compressor: finds for each name the longest suffix that the message holds already.
 *
 *   table   open addressing by the suffix's hash; a slot names the offset at which that suffix starts
 *   round   slots of earlier messages are told by their round, so that a new message wipes nothing
 *
 * A search looks at COMPRESS_PROBES slots and no further: names come from the network, and whoever makes
 * them collide gets a longer message, not a slower server.  What is not found is written whole.
 * Owners point at names that are theirs but for the case.  Names in rdata keep their case (RFC 4343 4.1): they point at what is
 * the same to the letter, and never into the question, whose letters are those of the client that is answered: an answer is
 * kept and goes to another one too.  Thread: worker. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Twice the suffixes of a 16 KiB message of hundreds of names; at half the size an answer of 600 SRV
	 * records with their addresses starts to lose matches. */
	COMPRESS_SLOTS = 8192,
	COMPRESS_PROBES = 8,
	COMPRESS_REACH = 0x4000, /* what 14 bits can point to */
};

struct wire_compress_slot {
	uint16_t round, tag, off;
};

struct wire_compress {
	uint16_t round;
	uint16_t question_end;
	struct wire_compress_slot slot[COMPRESS_SLOTS];
};

/* Begin a message whose question ends before `question_end`.  The table starts zeroed (its first round is 1). */
void wire_compress_begin(struct wire_compress *t, size_t question_end) NONNULL;

/* Where a name went. */
struct wire_compressed {
	uint16_t len;  /* bytes written at `at` */
	uint16_t same; /* where the whole name can be found; COMPRESS_REACH: nowhere, or it is the root */
};

enum wire_compress_how {
	COMPRESS_WHOLE, /* written whole; later names may point into it */
	COMPRESS_OWNER, /* may point at a name that is the same without case */
	COMPRESS_RDATA, /* may point behind the question, at a name that is the same to the letter */
};

/* Write `name` (uncompressed) at msg[at], which has room for 255 bytes, and remember its suffixes as targets. */
struct wire_compressed wire_compress_put(struct wire_compress *t, uint8_t *msg, size_t at,
					 const uint8_t *name, enum wire_compress_how how) NONNULL;
