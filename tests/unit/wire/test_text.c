// SPDX-License-Identifier: Apache-2.0
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_every_type_class_and_rcode_reads_back_from_its_text(void **state)
{
	char buf[16];

	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		assert_int_equal(wire_type_from_text(wire_type_text((uint16_t)i, buf)), i);
		assert_int_equal(wire_class_from_text(wire_class_text((uint16_t)i, buf)), i);
	}
	for (unsigned i = 0; i <= 0xfff; i++)
		assert_int_equal(wire_rcode_from_text(wire_rcode_text(i, buf)), i);
}

static void test_known_numbers_have_their_names(void **state)
{
	char buf[16];

	assert_string_equal(wire_type_text(TYPE_A, buf), "A");
	assert_string_equal(wire_type_text(TYPE_HTTPS, buf), "HTTPS");
	assert_string_equal(wire_type_text(TYPE_ANY, buf), "ANY");
	assert_string_equal(wire_type_text(65280, buf), "TYPE65280");
	assert_string_equal(wire_class_text(CLASS_IN, buf), "IN");
	assert_string_equal(wire_class_text(7, buf), "CLASS7");
	assert_string_equal(wire_rcode_text(RCODE_NXDOMAIN, buf), "NXDOMAIN");
	assert_string_equal(wire_rcode_text(RCODE_BADCOOKIE, buf), "BADCOOKIE");
	assert_string_equal(wire_rcode_text(31, buf), "31");
	assert_string_equal(wire_rcode_text(65536, buf), "65536");
}

static void test_text_is_read_without_case_and_checked(void **state)
{
	assert_int_equal(wire_type_from_text("aaaa"), TYPE_AAAA);
	assert_int_equal(wire_type_from_text("type28"), TYPE_AAAA);
	assert_int_equal(wire_type_from_text("TYPE65535"), 65535);
	assert_int_equal(wire_type_from_text("TYPE65536"), -1);
	assert_int_equal(wire_type_from_text("TYPE99999999999"), -1);
	assert_int_equal(wire_type_from_text("TYPE"), -1);
	assert_int_equal(wire_type_from_text("TYPE1x"), -1);
	assert_int_equal(wire_type_from_text("TYPE-1"), -1);
	assert_int_equal(wire_type_from_text(""), -1);
	assert_int_equal(wire_type_from_text("AB"), -1);
	assert_int_equal(wire_class_from_text("ch"), CLASS_CH);
	assert_int_equal(wire_class_from_text("CLASS1"), CLASS_IN);
	assert_int_equal(wire_rcode_from_text("servfail"), RCODE_SERVFAIL);
	assert_int_equal(wire_rcode_from_text("4096"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_class_and_rcode_reads_back_from_its_text),
		cmocka_unit_test(test_known_numbers_have_their_names),
		cmocka_unit_test(test_text_is_read_without_case_and_checked),
	};

	return cmocka_run_group_tests_name("wire/text", tests, NULL, NULL);
}
