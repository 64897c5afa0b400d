// SPDX-License-Identifier: Apache-2.0
#include "wire/option.h"
#include "wire/reader.h"

#include <string.h>

bool wire_options_valid(const uint8_t *options, size_t len)
{
	struct wire_reader r = wire_reader_at(options, len, 0);

	while (!r.err && r.off < r.len) {
		(void)wire_reader_u16(&r);
		(void)wire_reader_bytes(&r, wire_reader_u16(&r));
	}
	return !r.err;
}

const uint8_t *wire_option_find(const uint8_t *options, size_t options_len, uint16_t code, uint16_t *ret_len)
{
	for (size_t off = 0; off < options_len;) {
		const uint8_t *o = options + off;
		uint16_t n = wire_u16(o + 2);
		if (wire_u16(o) == code) {
			*ret_len = n;
			return o + WIRE_OPTION_HEAD;
		}
		off += WIRE_OPTION_HEAD + (size_t)n;
	}
	return NULL;
}

size_t wire_options_put_short(const uint8_t *options, size_t len, size_t room, uint8_t *out)
{
	size_t written = 0;

	for (size_t off = 0; off < len;) {
		const uint8_t *o = options + off;
		size_t n = wire_u16(o + 2), keep = n;
		if (wire_u16(o) == OPTION_EDE && n > 2)
			keep = 2; /* the info code without its text, RFC 8914 3 */
		if (written + WIRE_OPTION_HEAD + keep > room)
			break;
		if (out) {
			memcpy(out + written, o, WIRE_OPTION_HEAD + keep);
			wire_put_u16(out + written + 2, (unsigned)keep);
		}
		written += WIRE_OPTION_HEAD + keep;
		off += WIRE_OPTION_HEAD + n;
	}
	return written;
}
