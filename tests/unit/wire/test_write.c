// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include "fixture.h"
#include "wire/option.h"

#include <string.h>

enum { POOL = 60 }; /* addresses of the large answer */

/* The story: a CNAME and 60 addresses. */
static const struct wire_answer *pool_answer(struct fixture *f)
{
	char text[80];

	begin(f, "app.size.example.", TYPE_A);
	add(f, SECTION_ANSWER, "R app.size.example. 60 CNAME pool.size.example.");
	for (unsigned i = 1; i <= POOL; i++) {
		snprintf(text, sizeof text, "R pool.size.example. %u A 192.0.2.%u", 100 + i, i);
		add(f, SECTION_ANSWER, text);
	}
	return end(f);
}

/* Write, check all that must hold, and give the message parsed. */
static struct message *written(const struct wire_answer *a, const struct wire_client *c,
			       struct wire_fit *ret_fit)
{
	static uint8_t out[65535];
	struct message *full = message_parse(wire_answer_msg(a), a->msg_len), *m;

	memset(out, 0xee, sizeof out);
	*ret_fit = wire_answer_write(a, c, out);
	const char *wrong = answer_check_written(a, full, c, out, *ret_fit);
	m = message_parse(out, ret_fit->len);
	if (wrong) {
		message_print(stderr, full);
		if (m)
			message_print(stderr, m);
		fail_msg("limit %u: %s", c->limit, wrong);
	}
	message_free(full);
	return m;
}

static struct wire_fit fit_of(const struct wire_answer *a, const struct wire_client *c)
{
	struct wire_fit fit;

	message_free(written(a, c, &fit));
	return fit;
}

static void test_an_answer_that_fits_is_sent_whole(void **state)
{
	const struct wire_answer *a = pool_answer(*state);
	struct wire_client c = {.id = 0xbeef, .limit = a->msg_len};
	struct wire_fit fit;
	struct message *m = written(a, &c, &fit);

	assert_int_equal(fit.len, a->msg_len);
	assert_int_equal(m->n_rr, POOL + 1);
	assert_int_equal(m->flags, FLAG_QR | FLAG_AA);
	assert_false(fit.tc);
	message_free(m);
}

static void test_header_question_and_ttls_are_the_clients(void **state)
{
	const struct wire_answer *a = pool_answer(*state);
	uint8_t q[WIRE_NAME_MAX + 4];
	struct wire_client c = {.id = 7,
				.limit = 4096,
				.question = q,
				.set = FLAG_RD | FLAG_RA | OPCODE_NOTIFY << 11,
				.clear = FLAG_AA,
				.ttl_fixed = true,
				.ttl_s = 11};
	struct wire_fit fit;

	question_of("aPP.Size.eXample.", TYPE_A, q);
	struct message *m = written(a, &c, &fit);
	assert_int_equal(m->flags, FLAG_QR | FLAG_RD | FLAG_RA | OPCODE_NOTIFY << 11);
	assert_memory_equal(m->question, q, a->question_len);
	assert_memory_equal(m->rr[0].owner, q, 10); /* the owner follows the question's case */
	for (unsigned i = 0; i < m->n_rr; i++)
		assert_int_equal(m->rr[i].ttl_s, 11);
	message_free(m);
}

static void test_the_run_starts_where_it_is_told(void **state)
{
	const struct wire_answer *a = pool_answer(*state);

	for (uint32_t start = 0; start < 2 * POOL + 3; start++) {
		struct wire_client c = {.limit = 4096, .rotate = true, .start = start};
		struct wire_fit fit;
		struct message *m = written(a, &c, &fit);
		assert_int_equal(m->rr[0].type, TYPE_CNAME);
		assert_int_equal(m->rr[1].rdata[3], start % POOL + 1);
		assert_int_equal(m->rr[POOL].rdata[3], (start + POOL - 1) % POOL + 1);
		assert_int_equal(m->rr[1].ttl_s, 101 + start % POOL); /* each record keeps its TTL */
		message_free(m);
	}
	struct wire_client c = {.limit = 4096, .rotate = false, .start = 5};
	struct wire_fit fit;
	struct message *m = written(a, &c, &fit);
	assert_int_equal(m->rr[1].rdata[3], 1);
	message_free(m);
}

static void test_a_cut_run_has_tc_the_chain_and_as_many_addresses_as_fit(void **state)
{
	const struct wire_answer *a = pool_answer(*state);

	for (uint16_t limit = 512; limit < a->msg_len; limit++) {
		struct wire_client c = {.limit = limit, .start = limit, .rotate = limit % 2};
		struct wire_fit fit;
		struct message *m = written(a, &c, &fit);
		assert_true(fit.tc);
		assert_int_equal(m->n_section[SECTION_ANSWER], 1 + (limit - a->run_off) / 16);
		assert_int_equal(m->rr[0].type, TYPE_CNAME);
		assert_int_equal(m->rr[1].rdata[3], limit % POOL + 1);
		message_free(m);
	}
}

static void test_the_opt_is_kept_and_counted(void **state)
{
	const struct wire_answer *a = pool_answer(*state);
	struct wire_client c = {.limit = 512, .has_opt = true, .do_bit = true, .udp_size = 1232};
	struct wire_fit fit;
	struct message *m = written(a, &c, &fit);

	assert_true(m->has_opt && fit.tc);
	assert_int_equal(m->opt_size, 1232);
	assert_int_equal(m->opt_ttl, 0x8000);
	assert_int_equal(fit.n_rr, 1 + (512 - 11 - a->run_off) / 16);
	message_free(m);
	c.limit = a->msg_len + 11; /* the last limit that takes all */
	assert_false(fit_of(a, &c).tc);
	c.limit--;
	assert_true(fit_of(a, &c).tc);
}

static void test_options_give_way_to_the_chain_and_an_address(void **state)
{
	struct fixture *f = *state;
	uint8_t options[BYTES_MAX];
	size_t cookie = bytes_of("000a 0010 '0123456789abcdef' ", options), all = cookie;

	all += bytes_of("000f 0022 0016 'no reachable authority, all is down' 0003 00c8", options + all);
	options[cookie + 3] = (uint8_t)(all - cookie - 4 - 4); /* the text's real length */
	memset(options + all, 'n', 200);
	all += 200;
	assert_true(wire_options_valid(options, all));
	const struct wire_answer *a = pool_answer(f);
	struct wire_client c = {
		.limit = 512, .has_opt = true, .options = options, .options_len = (uint16_t)all};
	struct wire_fit fit;
	struct message *m = written(a, &c, &fit);
	uint16_t n;

	assert_true(fit.n_rr >= 2);
	assert_non_null(wire_option_find(m->options, m->options_len, OPTION_COOKIE, &n));
	assert_non_null(wire_option_find(m->options, m->options_len, OPTION_EDE, &n));
	assert_int_equal(n, 2);
	message_free(m);

	c.limit = (uint16_t)(a->msg_len + 11 + all - 1); /* one byte short: the EDE's text is enough */
	m = written(a, &c, &fit);
	assert_false(fit.tc);
	assert_int_equal(fit.n_rr, a->n_rr);
	assert_non_null(wire_option_find(m->options, m->options_len, OPTION_NSID, &n));
	message_free(m);

	c.limit = (uint16_t)(a->msg_len + 11 + cookie); /* only the cookie */
	m = written(a, &c, &fit);
	assert_false(fit.tc);
	assert_int_equal(m->options_len, cookie);
	message_free(m);
	c.limit = (uint16_t)(a->msg_len + 11); /* none */
	m = written(a, &c, &fit);
	assert_false(fit.tc);
	assert_int_equal(m->options_len, 0);
	message_free(m);
}

/* Limits at which something happens, found by trying all. */
static void check_every_limit(const struct wire_answer *a)
{
	for (uint16_t limit = 512; limit <= a->msg_len + 20; limit++) {
		struct wire_client c = {
			.limit = limit, .start = 1, .has_opt = limit & 1, .rotate = limit & 2};
		(void)fit_of(a, &c);
	}
}

static void test_optional_records_go_first_and_without_tc(void **state)
{
	struct fixture *f = *state;
	char text[200];

	begin(f, "_x._tcp.dir.example.", TYPE_SRV);
	for (unsigned i = 1; i <= 6; i++) {
		snprintf(text, sizeof text, "R _x._tcp.dir.example. 60 SRV 1 1 389 dc%u.dir.example.", i);
		add(f, SECTION_ANSWER, text);
	}
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof text,
			 i % 10 < 7 ? "- dc%u.dir.example. 60 A 192.0.2.%u"
				    : "- dc%u.dir.example. 60 AAAA 2001:db8::%u",
			 i / 10 + 1, i);
		add(f, SECTION_ADDITIONAL, text);
	}
	const struct wire_answer *a = end(f);
	assert_int_equal(a->n_required, 6);
	struct wire_client c = {.limit = 512};
	struct wire_fit fit = fit_of(a, &c);
	assert_false(fit.tc);
	assert_true(fit.n_rr >= 6 && fit.n_rr < a->n_rr);
	check_every_limit(a);
}

static void test_an_optional_rrset_goes_with_its_signature(void **state)
{
	struct fixture *f = *state;
	char text[200];

	begin(f, "x.example.", TYPE_A);
	add(f, SECTION_ANSWER, "R x.example. 60 A 192.0.2.1");
	for (unsigned i = 0; i < 10; i++) {
		snprintf(text, sizeof text, "- example. 60 NS server-number-%u.hosting.example.", i);
		add(f, SECTION_AUTHORITY, text);
	}
	add(f, SECTION_AUTHORITY, "- example. 60 RRSIG NS example. 256");
	const struct wire_answer *a = end(f);
	struct wire_client c = {.limit = 512};
	assert_true(a->msg_len > 512);
	assert_int_equal(fit_of(a, &c).n_rr, 1);
	check_every_limit(a);
}

static void test_a_negative_answer_keeps_its_soa(void **state)
{
	struct fixture *f = *state;
	char text[200];

	begin(f, "gone.deep.example.", TYPE_A);
	add(f, SECTION_AUTHORITY, "R deep.example. 60 SOA ns1.deep.example. 60");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "- deep.example. 60 NS nameserver-%u.hosting.deep.example.", i);
		add(f, SECTION_AUTHORITY, text);
	}
	const struct wire_answer *a = wire_build_end(f->b, &f->arena, RCODE_NXDOMAIN);
	struct wire_client c = {.limit = 512};
	struct wire_fit fit;
	struct message *m = written(a, &c, &fit);
	assert_false(fit.tc);
	assert_int_equal(m->n_rr, 1); /* the NS are one RRset: all or none */
	assert_int_equal(m->flags & FLAG_RCODE, RCODE_NXDOMAIN);
	message_free(m);
	check_every_limit(a);
}

static void test_a_referral_without_room_for_its_glue_has_tc(void **state)
{
	struct fixture *f = *state;
	char text[200];

	begin(f, "www.sub.example.", TYPE_A);
	for (unsigned i = 0; i < 13; i++) {
		snprintf(text, sizeof text, "R sub.example. 60 NS ns%u.sub.example.", i);
		add(f, SECTION_AUTHORITY, text);
	}
	for (unsigned i = 0; i < 13; i++) {
		snprintf(text, sizeof text, "R ns%u.sub.example. 60 A 192.0.2.%u", i, i);
		add(f, SECTION_ADDITIONAL, text);
	}
	add(f, SECTION_ADDITIONAL, "- other.example. 60 A 192.0.2.99");
	const struct wire_answer *a = end(f);
	struct wire_client c = {.limit = 512};
	struct wire_fit fit = fit_of(a, &c);
	assert_true(a->n_required == 26 && a->msg_len > 460);
	assert_int_equal(fit.tc, fit.n_rr < 26);
	check_every_limit(a);
}

static void test_a_cut_rrset_carries_no_signature(void **state)
{
	struct fixture *f = *state;
	char text[200];

	begin(f, "s.example.", TYPE_A);
	for (unsigned i = 1; i <= 40; i++) {
		snprintf(text, sizeof text, "R s.example. 60 A 192.0.2.%u", i);
		add(f, SECTION_ANSWER, text);
	}
	add(f, SECTION_ANSWER, "R s.example. 60 RRSIG A s.example. 256");
	const struct wire_answer *a = end(f);
	struct wire_client c = {.limit = 512};
	struct wire_fit fit = fit_of(a, &c);
	assert_true(fit.tc);
	assert_int_equal(fit.n_rr, (512 - a->run_off) / 16);
	check_every_limit(a);
}

static void test_other_types_are_cut_from_the_front(void **state)
{
	struct fixture *f = *state;
	char text[200];

	begin(f, "t.example.", TYPE_MX);
	add(f, SECTION_ANSWER, "R t.example. 60 CNAME m.example.");
	for (unsigned i = 1; i <= 40; i++) {
		snprintf(text, sizeof text, "R m.example. 60 MX %u mx%u.m%u.example.", i, i, i / 4);
		add(f, SECTION_ANSWER, text);
	}
	check_every_limit(end(f));
}

static void test_a_record_larger_than_the_limit_leaves_tc_and_no_answer(void **state)
{
	struct fixture *f = *state;
	uint8_t filler[4000] = {0}, owner[WIRE_NAME_MAX + 4];

	begin(f, "x.", TYPE_TXT);
	question_of("x.", TYPE_TXT, owner);
	assert_int_equal(
		wire_build_rr(f->b, SECTION_ANSWER, true, owner, TYPE_TXT, CLASS_IN, 0, filler, 4000), 0);
	struct wire_client c = {.limit = 1232, .has_opt = true};
	struct wire_fit fit = fit_of(end(f), &c);
	assert_true(fit.tc);
	assert_int_equal(fit.n_rr, 0);
	assert_int_equal(fit.len, 12 + 7 + 11);
}

static void test_a_chain_too_long_is_kept_from_its_start(void **state)
{
	struct fixture *f = *state;
	char text[400];

	begin(f, "c0.example.", TYPE_A);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(text, sizeof text, "R c%u.example. 60 CNAME c%u.example.", i, i + 1);
		add(f, SECTION_ANSWER, text);
		snprintf(text, sizeof text, "R c%u.example. 60 RRSIG CNAME example. 128", i);
		add(f, SECTION_ANSWER, text);
	}
	add(f, SECTION_ANSWER, "R c5.example. 60 A 192.0.2.1");
	add(f, SECTION_ANSWER, "R c5.example. 60 A 192.0.2.2");
	check_every_limit(end(f));
}

static void test_an_unresolved_truncation_is_told_whatever_fits(void **state)
{
	struct fixture *f = *state;
	struct wire_answer *a;

	begin(f, "x.", TYPE_A);
	add(f, SECTION_ANSWER, "R x. 0 A 192.0.2.1");
	a = end(f);
	a->truncated = true;
	struct wire_client c = {.limit = 512};
	assert_true(fit_of(a, &c).tc);
	begin(f, "x.", TYPE_A);
	a = end(f);
	a->truncated = true;
	assert_true(fit_of(a, &c).tc);
}

static void test_extended_rcodes_need_an_opt(void **state)
{
	struct fixture *f = *state;
	struct wire_fit fit;

	begin(f, "x.", TYPE_A);
	const struct wire_answer *a = wire_build_end(f->b, &f->arena, RCODE_BADVERS);
	struct wire_client c = {.limit = 512, .has_opt = true};
	struct message *m = written(a, &c, &fit);
	assert_int_equal(m->flags & FLAG_RCODE, 0);
	assert_int_equal(m->opt_ttl, 0x01000000);
	message_free(m);
	c.has_opt = false;
	m = written(a, &c, &fit);
	assert_int_equal(m->flags & FLAG_RCODE, RCODE_SERVFAIL);
	message_free(m);
}

static void test_an_answer_of_64_kib_meets_an_opt(void **state)
{
	struct fixture *f = *state;
	uint8_t filler[32700] = {0}, owner[WIRE_NAME_MAX + 4];

	begin(f, "x.", TYPE_TXT);
	question_of("x.", TYPE_TXT, owner);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, owner, TYPE_TXT, CLASS_IN, 0,
					       filler, sizeof filler),
				 0);
	for (unsigned i = 0; i < 6; i++)
		add(f, SECTION_ANSWER, "R x. 0 TXT a");
	const struct wire_answer *a = end(f);
	struct wire_client c = {.limit = 65535, .has_opt = true};
	assert_true(a->msg_len > 65535 - 11);
	assert_true(fit_of(a, &c).tc);
	c.has_opt = false;
	assert_false(fit_of(a, &c).tc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_answer_that_fits_is_sent_whole),
		T(test_header_question_and_ttls_are_the_clients),
		T(test_the_run_starts_where_it_is_told),
		T(test_a_cut_run_has_tc_the_chain_and_as_many_addresses_as_fit),
		T(test_the_opt_is_kept_and_counted),
		T(test_options_give_way_to_the_chain_and_an_address),
		T(test_optional_records_go_first_and_without_tc),
		T(test_an_optional_rrset_goes_with_its_signature),
		T(test_a_negative_answer_keeps_its_soa),
		T(test_a_referral_without_room_for_its_glue_has_tc),
		T(test_a_cut_rrset_carries_no_signature),
		T(test_other_types_are_cut_from_the_front),
		T(test_a_record_larger_than_the_limit_leaves_tc_and_no_answer),
		T(test_a_chain_too_long_is_kept_from_its_start),
		T(test_an_unresolved_truncation_is_told_whatever_fits),
		T(test_extended_rcodes_need_an_opt),
		T(test_an_answer_of_64_kib_meets_an_opt),
	};

	return cmocka_run_group_tests_name("wire/write", tests, NULL, NULL);
}
