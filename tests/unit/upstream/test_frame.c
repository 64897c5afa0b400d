// SPDX-License-Identifier: Apache-2.0
/* Messages out of a byte stream, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/tcp_kept.h"

#include <errno.h>
#include <string.h>

static uint8_t got[200000];
static size_t got_len;
static unsigned n_got;

static void take(void *arg, const uint8_t *msg, size_t len)
{
	(void)arg;
	memcpy(got + got_len, msg, len);
	got_len += len;
	n_got++;
}

/* Messages of these lengths, filled with a running number. */
static size_t stream_of(const size_t *lens, size_t n, uint8_t *out)
{
	uint8_t *p = out, fill = 0;

	for (size_t i = 0; i < n; i++) {
		wire_put_u16(p, (unsigned)lens[i]);
		p += 2;
		for (size_t k = 0; k < lens[i]; k++)
			*p++ = fill++;
	}
	return (size_t)(p - out);
}

static void test_every_cut_gives_the_same_messages(void **state)
{
	static const size_t lens[] = {1, 12, 300, 1, 5000, 65535, 2, 513};
	static uint8_t bytes[80000];
	size_t len = stream_of(lens, ARRAY_LEN(lens), bytes);

	(void)state;
	for (size_t piece = 1; piece < len; piece = piece < 40 ? piece + 1 : piece * 3 / 2) {
		struct frame_reader r = {0};
		uint8_t fill = 0;

		got_len = n_got = 0;
		for (size_t at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;

			assert_int_equal(upstream_frame_read(&r, bytes + at, n, take, NULL), 0);
		}
		assert_int_equal(n_got, ARRAY_LEN(lens));
		for (size_t i = 0; i < got_len; i++)
			assert_int_equal(got[i], fill++);
		upstream_frame_fini(&r);
	}
}

static void test_empty_message_is_refused(void **state)
{
	static const uint8_t bytes[] = {0, 1, 7, 0, 0};

	(void)state;
	for (size_t piece = 1; piece <= sizeof(bytes); piece++) {
		struct frame_reader r = {0};
		int err = 0;

		n_got = got_len = 0;
		for (size_t at = 0; at < sizeof(bytes) && !err; at += piece)
			err = upstream_frame_read(&r, bytes + at,
						  sizeof(bytes) - at < piece ? sizeof(bytes) - at : piece,
						  take, NULL);
		assert_int_equal(err, -EBADMSG);
		assert_int_equal(n_got, 1);
		upstream_frame_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut_gives_the_same_messages),
		cmocka_unit_test(test_empty_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
