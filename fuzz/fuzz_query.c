// SPDX-License-Identifier: Apache-2.0
/* The reader of clients' messages.  Input: the message. */
#include "fuzz.h"
#include "wire/name.h"
#include "wire/option.h"
#include "wire/query.h"

#include <string.h>

static void check_filled(const uint8_t *data, size_t size, const struct wire_query *q)
{
	uint8_t name[WIRE_NAME_MAX];
	size_t off = WIRE_HEADER_LEN;

	/* The name is the message's, in lower case, and the labels are where they are said to be. */
	FUZZ_CHECK(wire_name_read(data, size, &off, name) == q->qname_len);
	FUZZ_CHECK(off + 4 == WIRE_HEADER_LEN + (size_t)q->question_len && off + 4 <= size);
	FUZZ_CHECK(off == WIRE_HEADER_LEN + (size_t)q->qname_len); /* not compressed */
	wire_name_lower(name, name, q->qname_len);
	FUZZ_CHECK(!memcmp(name, q->qname, q->qname_len));
	FUZZ_CHECK(wire_name_labels(name) == q->n_labels);
	size_t at = 0;
	for (unsigned i = 0; i <= q->n_labels; at += 1 + (size_t)name[at], i++)
		FUZZ_CHECK(q->label_off[i] == at);
	FUZZ_CHECK(at == q->qname_len);
	if (!q->options)
		return;
	FUZZ_CHECK(q->has_opt && q->options >= data && q->options + q->options_len <= data + size);
	FUZZ_CHECK(wire_options_valid(q->options, q->options_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_query q;
	uint8_t out[WIRE_HEADER_LEN + WIRE_NAME_MAX + 4];
	size_t n;
	enum wire_verdict v = wire_query_read(data, size, &q);

	switch (v) {
	case WIRE_OK:
	case WIRE_BADVERS:
		check_filled(data, size, &q);
		FUZZ_CHECK((v == WIRE_BADVERS) == (q.edns_version > 0));
		break;
	case WIRE_FORMERR:
	case WIRE_NOTIMP:
		n = wire_query_error(data, v, &q, out);
		FUZZ_CHECK(n >= WIRE_HEADER_LEN && n <= size && (out[2] & 0x80));
		break;
	case WIRE_DROP:
		FUZZ_CHECK(size < WIRE_HEADER_LEN || (data[2] & 0x80));
		break;
	}
	return 0;
}
