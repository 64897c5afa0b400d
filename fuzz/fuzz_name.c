// SPDX-License-Identifier: Apache-2.0
/* Names.  Input: two bytes of offset, then a message; the same bytes are taken as text as well. */
#include "fuzz.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <string.h>

static void check_name(const uint8_t *name, size_t len)
{
	char text[WIRE_NAME_TEXT_MAX];
	uint8_t back[WIRE_NAME_MAX], lower[WIRE_NAME_MAX];
	static const uint8_t root[] = {0};

	FUZZ_CHECK(len >= 1 && len <= WIRE_NAME_MAX && wire_name_len(name) == len);
	FUZZ_CHECK(wire_name_labels(name) <= WIRE_LABELS_MAX);
	FUZZ_CHECK(wire_name_text(name, text) == strlen(text) && strlen(text) < sizeof text);
	FUZZ_CHECK(wire_name_from_text(text, back) == (int)len && !memcmp(back, name, len));
	wire_name_lower(lower, name, len);
	FUZZ_CHECK(wire_name_equal(lower, name) && wire_name_in_zone(name, lower) &&
		   wire_name_in_zone(name, root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t name[WIRE_NAME_MAX];
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	int n = wire_name_from_text(text, name);
	free(text);
	if (n > 0)
		check_name(name, (size_t)n);

	if (size < 2)
		return 0;
	size_t start = wire_u16(data), off = start, skip = start;
	n = wire_name_read(data + 2, size - 2, &off, name);
	FUZZ_CHECK(wire_name_skip(data + 2, size - 2, &skip) == n && skip == off);
	if (n < 0) {
		FUZZ_CHECK(off == start);
		return 0;
	}
	FUZZ_CHECK(off > start && off <= size - 2);
	FUZZ_CHECK(wire_name_equal_at(data + 2, start, name));
	check_name(name, (size_t)n);
	return 0;
}
