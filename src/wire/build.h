// SPDX-License-Identifier: Apache-2.0
/* Making a wire_answer: from records that a plugin gives, or from an upstream's message (ingest.h).
 *
 * The builder works in a scratch of its own (one per thread, about 600 KiB of address space of which an
 * ordinary answer touches a few pages), then copies the finished block into an arena.  Owner names and
 * the names in the rdata of RFC 1035 types (NS CNAME SOA PTR MX MB MG MR MINFO MD MF) are compressed,
 * all others written whole (RFC 3597 4). */
#pragma once

#include "base/compiler.h"
#include "wire/answer.h"
#include "wire/wire.h"

struct arena;
struct wire_builder; /* worker */

struct wire_builder *wire_builder_new(void);
void wire_builder_free(struct wire_builder *b);

/* Begin a message.  `question`: qname (any case, uncompressed) + type + class.
 * flags: the header's 16 bits as they shall be stored (QR is set; id is 0). */
void wire_build_begin(struct wire_builder *b, const uint8_t *question, uint16_t question_len, uint16_t flags);

/* Add one record; sections in ascending order, the chain (CNAME, DNAME, each followed by its RRSIGs)
 * first, then the final RRset, then its RRSIGs; elsewhere too each RRset in one piece and followed by
 * its RRSIGs.
 * `owner`: uncompressed.  `rdata`: uncompressed wire form, names in it whole.  A TTL with the top bit
 * set counts as 0.
 * `required`: see answer.h; for the answer section always true.  Required records come before optional
 * ones: optional ones before the last required record count as required too.
 * 0; -EINVAL: the rdata is not of its type's form (nothing is added); ERR_NO_SPACE when the message would
 * pass 65535 bytes: nothing is added, now and later (so a cut RRset gets no RRSIG); wire_build_end still
 * works, and the answer is marked truncated if a refused record was required. */
int wire_build_rr(struct wire_builder *b, enum wire_section s, bool required, const uint8_t *owner,
		  uint16_t type, uint16_t cls, uint32_t ttl_s, const uint8_t *rdata, uint16_t rdlen);

/* Note the Extended DNS Error that comes with the answer; text (UTF-8, copied) is cut to 255 bytes. */
void wire_build_ede(struct wire_builder *b, uint16_t code, const uint8_t *text, size_t text_len);

/* Finish: finds the rotatable run, fills in the table, copies the block into `a`.  NULL at its limit. */
struct wire_answer *wire_build_end(struct wire_builder *b, struct arena *a, unsigned rcode);
