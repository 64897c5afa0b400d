// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/dnstap/dnstap.h"

#include <arpa/inet.h>
#include <string.h>

/* ---------------------------------------------------------------- frames */

struct field {
	unsigned number;
	uint64_t value; /* a varint, a fixed32, or the length of bytes */
	const uint8_t *bytes;
};

static uint64_t varint(const uint8_t **p)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		v |= (uint64_t)(**p & 127) << shift;
		if (!(*(*p)++ & 128))
			return v;
	}
}

static struct field next_field(const uint8_t **p)
{
	uint64_t tag = varint(p);
	struct field f = {(unsigned)(tag >> 3), 0, NULL};

	if ((tag & 7) == 5) {
		for (unsigned i = 0; i < 4; i++)
			f.value |= (uint64_t)(*p)[i] << 8 * i;
		*p += 4;
		return f;
	}
	f.value = varint(p);
	if ((tag & 7) == 2) {
		f.bytes = *p;
		*p += f.value;
	}
	return f;
}

static struct field find(const uint8_t *p, size_t len, unsigned number)
{
	const uint8_t *end = p + len;

	while (p < end) {
		struct field f = next_field(&p);

		if (f.number == number)
			return f;
	}
	assert_ptr_equal(p, end);
	return (struct field){0, 0, NULL};
}

static void test_frame_has_its_fields(void **unused)
{
	static const uint8_t query[] = "a question", answer[300] = "an answer";
	struct net_addr client, upstream;
	uint8_t head[64], out[1024];
	struct dnstap_message m = {
		.type = DNSTAP_FORWARDER_RESPONSE,
		.stream = true,
		.query = &client,
		.response = &upstream,
		.query_ns = 1700000000000000001,
		.response_ns = 1700000000999999999,
		.query_msg = query,
		.query_len = sizeof(query),
		.response_msg = answer,
		.response_len = sizeof(answer),
		.extra = "more",
		.extra_len = 4,
	};
	size_t head_len = dnstap_encode_head("me", "v1", head), len;
	struct field inner, f;

	assert_int_equal(net_addr_parse("::ffff:192.0.2.1", 4711, &client), 0);
	assert_int_equal(net_addr_parse("2001:db8::1", 53, &upstream), 0);
	len = dnstap_encode(&m, head, head_len, out);
	assert_true(len <= dnstap_encoded_max(&m, head_len));
	assert_memory_equal(find(out, len, 1).bytes, "me", 2);
	assert_memory_equal(find(out, len, 2).bytes, "v1", 2);
	assert_memory_equal(find(out, len, 3).bytes, "more", 4);
	assert_int_equal(find(out, len, 15).value, 1);
	inner = find(out, len, 14);
	assert_int_equal(find(inner.bytes, inner.value, 1).value, DNSTAP_FORWARDER_RESPONSE);
	assert_int_equal(find(inner.bytes, inner.value, 2).value, 2); /* of the upstream */
	assert_int_equal(find(inner.bytes, inner.value, 3).value, 2);
	f = find(inner.bytes, inner.value, 4);
	assert_int_equal(f.value, 4);
	assert_memory_equal(f.bytes, "\300\0\2\1", 4);
	assert_int_equal(find(inner.bytes, inner.value, 5).value, 16);
	assert_int_equal(find(inner.bytes, inner.value, 6).value, 4711);
	assert_int_equal(find(inner.bytes, inner.value, 7).value, 53);
	assert_int_equal(find(inner.bytes, inner.value, 8).value, 1700000000);
	assert_int_equal(find(inner.bytes, inner.value, 9).value, 1);
	assert_memory_equal(find(inner.bytes, inner.value, 10).bytes, query, sizeof(query));
	assert_int_equal(find(inner.bytes, inner.value, 13).value, 999999999);
	f = find(inner.bytes, inner.value, 14);
	assert_int_equal(f.value, sizeof(answer));
	assert_memory_equal(f.bytes, answer, sizeof(answer));
}

static void test_largest_frame_stays_within_its_bound(void **unused)
{
	static const uint8_t big[65535];
	struct net_addr a;
	static uint8_t out[4 * 65536];
	uint8_t head[256 + 4];
	char text[128];
	size_t head_len;
	struct dnstap_message m = {DNSTAP_CLIENT_RESPONSE, true, &a, &a, UINT64_MAX, UINT64_MAX, big, big,
				   sizeof(big), sizeof(big), (const char *)big, sizeof(big)};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	head_len = dnstap_encode_head(text, text, head);
	assert_int_equal(head_len, 2 * (127 + 2));
	assert_int_equal(net_addr_parse("2001:db8::1", 65535, &a), 0);
	assert_true(dnstap_encode(&m, head, head_len, out) <= dnstap_encoded_max(&m, head_len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_has_its_fields),
		cmocka_unit_test(test_largest_frame_stays_within_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
