// SPDX-License-Identifier: Apache-2.0
/* Domain names in wire form: length-prefixed labels, ended by the root label, never compressed.
 *
 * Labels hold any bytes; only ASCII letters compare without case (RFC 4343).  Names are plain
 * `const uint8_t *` with a known length, views into whoever owns them.
 * All functions: any thread, no allocation unless an arena is an argument. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Read one name at `*off` of a message, following compression pointers, into `out` (255 bytes).
 *
 * A pointer's target lies before the start of the label run it was read from, so targets strictly
 * decrease and loops cannot happen.  Moves `*off` past the name as it stands in the message.
 * Length in wire form (1..255), or -EBADMSG for bytes that no sender should produce: label types 01
 * and 10, names over 255 octets, pointers forward, into the header or out of the message, more than 127
 * pointers.  `*off` is moved and `out` is a name only on success.     RFC 1035 4.1.4, RFC 9267 2 */
int wire_name_read(const uint8_t *msg, size_t msg_len, size_t *off, uint8_t *out) MUST_USE NONNULL;

/* As wire_name_read, without keeping the name. */
int wire_name_skip(const uint8_t *msg, size_t msg_len, size_t *off) MUST_USE NONNULL;

/* Length of a valid uncompressed name in wire form. */
size_t wire_name_len(const uint8_t *name);
/* Number of labels without the root: "." is 0. */
unsigned wire_name_labels(const uint8_t *name);
/* Copy `len` bytes with ASCII upper case made lower (length bytes are <= 63 and stay as they are). */
void wire_name_lower(uint8_t *out, const uint8_t *name, size_t len);
/* Equal without ASCII case; the first for any bytes, length bytes of labels included. */
bool wire_bytes_equal_nocase(const uint8_t *a, const uint8_t *b, size_t len);
bool wire_name_equal(const uint8_t *a, const uint8_t *b);
/* The name at `off` of a message of our own or one already checked is `name` (uncompressed), without case. */
bool wire_name_equal_at(const uint8_t *msg, size_t off, const uint8_t *name);
/* `name` is `zone` or below it, by whole labels, without case. */
bool wire_name_in_zone(const uint8_t *name, const uint8_t *zone);

/* Presentation form, absolute ("www.example.org.", "." for the root), escapes as miekg/dns writes them:
 * a backslash before any of  . blank ' @ ; ( ) " \  and \DDD for bytes outside 32..126.
 * out: WIRE_NAME_TEXT_MAX bytes.  Returns the length without the NUL. */
size_t wire_name_text(const uint8_t *name, char *out);

/* From presentation form; a missing final dot is added; \X and \DDD are understood.
 * out: 255 bytes.  Returns the wire length, or -EINVAL (empty label, label > 63, name > 255, bad escape,
 * empty text). */
int wire_name_from_text(const char *text, uint8_t *out) MUST_USE;
