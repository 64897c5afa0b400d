// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include "bytes.h"
#include "fixture.h"
#include "wire/ingest.h"
#include "wire/name.h"
#include "wire/query.h"

#include <errno.h>
#include <string.h>

static struct raw raw; /* the upstream's message */

/* What was asked; raw_begin's question. */
static struct wire_expect asked(bool keep_dnssec)
{
	static uint8_t question[WIRE_NAME_MAX + 4];
	size_t off = WIRE_HEADER_LEN;
	int n = wire_name_read(raw.msg, raw.len, &off, question);

	assert_true(n > 0);
	memcpy(question + n, raw.msg + off, 4);
	return (struct wire_expect){
		.question = question, .question_len = (uint16_t)(n + 4), .keep_dnssec = keep_dnssec};
}

/* Ingest raw; the block checked and parsed. */
static struct message *ingested(struct fixture *f, bool keep_dnssec, struct wire_ingest *ret)
{
	struct wire_expect e = asked(keep_dnssec);

	assert_int_equal(wire_ingest(f->b, &f->arena, raw.msg, raw.len, &e, ret), 0);
	const char *wrong = answer_check_block(ret->answer);
	if (wrong)
		fail_msg("%s", wrong);
	return message_parse(wire_answer_msg(ret->answer), ret->answer->msg_len);
}

struct order_case {
	const char *what, *qname;
	uint16_t qtype, flags;
	bool keep_dnssec;
	const char *in[14]; /* "A ", "N ", "X " (section), then the record */
	const char *out[14]; /* the same, and "!" behind the section for required ones */
	unsigned final_first, final_count;
};

/* A case reads best as what went in over what comes out. */
/* clang-format off */
static const struct order_case order_cases[] = {
	{"a chain in the wrong order", "a.", TYPE_A, 0, false,
	 {"A c. 1 A 192.0.2.1", "A b. 1 CNAME c.", "A c. 1 A 192.0.2.2", "A a. 1 CNAME b."},
	 {"A!a. 1 CNAME b.", "A!b. 1 CNAME c.", "A!c. 1 A 192.0.2.1", "A!c. 1 A 192.0.2.2"}, 2, 2},
	{"duplicates", "a.", TYPE_A, 0, false,
	 {"A a. 1 A 192.0.2.1", "A A. 2 A 192.0.2.1", "A a. 1 A 192.0.2.2", "X b. 1 A 192.0.2.1",
	  "X b. 1 A 192.0.2.1"},
	 {"A!a. 1 A 192.0.2.1", "A!a. 1 A 192.0.2.2", "X b. 1 A 192.0.2.1"}, 0, 2},
	{"duplicates but for the case of a name", "a.", TYPE_NS, 0, false,
	 {"A a. 1 NS b.c.", "A a. 1 NS B.C.", "A a. 1 NS b.d."}, {"A!a. 1 NS b.c.", "A!a. 1 NS b.d."}, 0, 2},
	{"numbers that look like letters of another case", "a.", TYPE_MX, 0, false,
	 {"A a. 1 MX 16705 b.", "A a. 1 MX 24929 b."}, {"A!a. 1 MX 16705 b.", "A!a. 1 MX 24929 b."}, 0, 2},
	{"records that have nothing to do with it come last", "a.", TYPE_A, 0, false,
	 {"A z. 1 A 192.0.2.9", "A a. 1 TXT x", "A a. 1 A 192.0.2.1"},
	 {"A!a. 1 A 192.0.2.1", "A!z. 1 A 192.0.2.9", "A!a. 1 TXT x"}, 0, 1},
	{"signatures follow what they cover", "a.", TYPE_A, 0, true,
	 {"A a. 1 RRSIG CNAME x. 8", "A b. 1 RRSIG A x. 8", "A b. 1 A 192.0.2.1", "A a. 1 CNAME b.",
	  "A b. 1 A 192.0.2.2"},
	 {"A!a. 1 CNAME b.", "A!a. 1 RRSIG CNAME x. 8", "A!b. 1 A 192.0.2.1", "A!b. 1 A 192.0.2.2",
	  "A!b. 1 RRSIG A x. 8"},
	 2, 2},
	{"signatures and proofs go without DO", "a.", TYPE_A, 0, false,
	 {"A a. 1 A 192.0.2.1", "A a. 1 RRSIG A x. 8", "N x. 1 NSEC y.", "N x. 1 RRSIG NSEC x. 8",
	  "N x. 1 NSEC3 00",
	  "X y. 1 A 192.0.2.1", "X y. 1 RRSIG A x. 8"},
	 {"A!a. 1 A 192.0.2.1", "X y. 1 A 192.0.2.1"}, 0, 1},
	{"NSEC that was asked for stays", "a.", TYPE_NSEC, 0, false,
	 {"A a. 1 NSEC b.", "A a. 1 RRSIG NSEC x. 8", "N a. 1 NSEC b."}, {"A!a. 1 NSEC b."}, 0, 1},
	{"RRSIG that was asked for stays", "a.", TYPE_RRSIG, 0, false,
	 {"A a. 1 RRSIG NSEC x. 8", "A a. 1 RRSIG A x. 8", "A a. 1 A 192.0.2.1"},
	 {"A!a. 1 RRSIG NSEC x. 8", "A!a. 1 A 192.0.2.1", "A!a. 1 RRSIG A x. 8"}, 0, 1},
	{"ANY keeps all", "a.", TYPE_ANY, 0, false,
	 {"A a. 1 RRSIG A x. 8", "A a. 1 TXT t", "A a. 1 A 192.0.2.1", "A a. 1 NSEC b."},
	 {"A!a. 1 A 192.0.2.1", "A!a. 1 RRSIG A x. 8", "A!a. 1 TXT t", "A!a. 1 NSEC b."}, 4, 0},
	{"a DNAME comes before its CNAME", "w.old.", TYPE_A, 0, false,
	 {"A w.old. 1 CNAME w.new.", "A w.new. 1 A 192.0.2.1", "A old. 1 DNAME new."},
	 {"A!old. 1 DNAME new.", "A!w.old. 1 CNAME w.new.", "A!w.new. 1 A 192.0.2.1"}, 2, 1},
	{"a DNAME without its CNAME", "w.old.", TYPE_A, 0, false,
	 {"A w.new. 1 A 192.0.2.1", "A old. 1 DNAME new."},
	 {"A!old. 1 DNAME new.", "A!w.new. 1 A 192.0.2.1"}, 1, 1},
	{"a DNAME that leads to itself", "w.old.", TYPE_A, 0, false,
	 {"A old. 1 DNAME x.old."}, {"A!old. 1 DNAME x.old."}, 1, 0},
	{"a DNAME of another tree", "w.new.", TYPE_A, 0, false,
	 {"A old. 1 DNAME new."}, {"A!old. 1 DNAME new."}, 1, 0},
	{"ANY without an answer", "a.x.", TYPE_ANY, 0, false, {"N x. 1 SOA n. 9"}, {"N!x. 1 SOA n. 9"}, 0, 0},
	{"CNAMEs in a ring", "a.", TYPE_A, 0, false,
	 {"A b. 1 CNAME a.", "A a. 1 CNAME b."}, {"A!a. 1 CNAME b.", "A!b. 1 CNAME a."}, 2, 0},
	{"a CNAME that was asked for is not followed", "a.", TYPE_CNAME, 0, false,
	 {"A b. 1 CNAME c.", "A a. 1 CNAME b."}, {"A!a. 1 CNAME b.", "A!b. 1 CNAME c."}, 0, 1},
	{"NODATA requires the SOA", "a.x.", TYPE_A, 0, false,
	 {"N x. 1 NS n.", "N x. 1 SOA n. 9", "X n. 1 A 192.0.2.1"},
	 {"N!x. 1 SOA n. 9", "N x. 1 NS n.", "X n. 1 A 192.0.2.1"}, 0, 0},
	{"NODATA behind a chain", "a.x.", TYPE_A, 0, false,
	 {"A a.x. 1 CNAME b.x.", "N x. 1 SOA n. 9"}, {"A!a.x. 1 CNAME b.x.", "N!x. 1 SOA n. 9"}, 1, 0},
	{"NXDOMAIN with proofs", "a.x.", TYPE_A, RCODE_NXDOMAIN, true,
	 {"N x. 1 RRSIG SOA x. 8", "N x. 1 SOA n. 9", "N x. 1 NS n.", "N x. 1 NSEC z.x.",
	  "N x. 1 RRSIG NS x. 8",
	  "N x. 1 RRSIG NSEC x. 8"},
	 {"N!x. 1 SOA n. 9", "N!x. 1 RRSIG SOA x. 8", "N!x. 1 NSEC z.x.", "N!x. 1 RRSIG NSEC x. 8",
	  "N x. 1 NS n.",
	  "N x. 1 RRSIG NS x. 8"}, 0, 0},
	{"NXDOMAIN behind a CNAME", "a.x.", TYPE_A, RCODE_NXDOMAIN, false,
	 {"A a.x. 1 CNAME b.x.", "N x. 1 SOA n. 9"}, {"A!a.x. 1 CNAME b.x.", "N!x. 1 SOA n. 9"}, 1, 0},
	{"a wildcard's proof is required", "a.x.", TYPE_A, 0, true,
	 {"A a.x. 1 A 192.0.2.1", "N x. 1 NS n.", "N b.x. 1 NSEC z.x."},
	 {"A!a.x. 1 A 192.0.2.1", "N!b.x. 1 NSEC z.x.", "N x. 1 NS n."}, 0, 1},
	{"an SOA beside an answer is optional", "a.x.", TYPE_A, 0, false,
	 {"A a.x. 1 A 192.0.2.1", "N x. 1 SOA n. 9"}, {"A!a.x. 1 A 192.0.2.1", "N x. 1 SOA n. 9"}, 0, 1},
	{"a referral requires glue in its zone", "w.s.x.", TYPE_A, 0, false,
	 {"N s.x. 1 NS n.s.x.", "N s.x. 1 NS n.o.", "X n.o. 1 A 192.0.2.9", "X n.s.x. 1 A 192.0.2.1",
	  "X n.s.x. 1 AAAA 2001:db8::1", "X n.s.x. 1 TXT t"},
	 {"N!s.x. 1 NS n.s.x.", "N!s.x. 1 NS n.o.", "X!n.s.x. 1 A 192.0.2.1", "X!n.s.x. 1 AAAA 2001:db8::1",
	  "X n.o. 1 A 192.0.2.9", "X n.s.x. 1 TXT t"}, 0, 0},
	{"a signed referral is required whole", "w.s.x.", TYPE_A, 0, true,
	 {"N s.x. 1 NS n.o.", "N s.x. 1 RRSIG DS x. 8", "N s.x. 1 DS 0001"},
	 {"N!s.x. 1 NS n.o.", "N!s.x. 1 DS 0001", "N!s.x. 1 RRSIG DS x. 8"}, 0, 0},
	{"an authoritative NODATA without SOA is no referral", "w.s.x.", TYPE_A, FLAG_AA, false,
	 {"N s.x. 1 NS n.s.x.", "X n.s.x. 1 A 192.0.2.1"},
	 {"N s.x. 1 NS n.s.x.", "X n.s.x. 1 A 192.0.2.1"}, 0, 0},
	{"NS of another zone are no referral", "w.s.x.", TYPE_A, 0, false,
	 {"N y. 1 NS n.y.", "X n.y. 1 A 192.0.2.1"}, {"N y. 1 NS n.y.", "X n.y. 1 A 192.0.2.1"}, 0, 0},
	{"the root's own answer", ".", TYPE_NS, 0, false,
	 {"A . 1 NS a.r.", "X a.r. 1 A 192.0.2.1"}, {"A!. 1 NS a.r.", "X a.r. 1 A 192.0.2.1"}, 0, 1},
};
/* clang-format on */

static enum wire_section section_of(char c)
{
	return c == 'A' ? SECTION_ANSWER : c == 'N' ? SECTION_AUTHORITY : SECTION_ADDITIONAL;
}

static void check_order_case(struct fixture *f, const struct order_case *c)
{
	struct wire_ingest ret;
	unsigned n = 0;

	raw_begin(&raw, FLAG_QR | c->flags, c->qname, c->qtype);
	for (unsigned i = 0; i < ARRAY_LEN(c->in) && c->in[i]; i++)
		raw_add(&raw, section_of(c->in[i][0]), c->in[i] + 2);
	struct message *m = ingested(f, c->keep_dnssec, &ret);
	for (; n < ARRAY_LEN(c->out) && c->out[n]; n++) {
		struct message_rr want;
		uint8_t rdata[BYTES_MAX];
		record_of(c->out[n] + 2, &want, rdata);
		want.section = section_of(c->out[n][0]);
		if (n < m->n_rr && message_rr_equal(&m->rr[n], &want, true) &&
		    (c->out[n][1] == '!') == (n < ret.answer->n_required))
			continue;
		message_print(stderr, m);
		fail_msg("%s: record %u, required %u, expected %s", c->what, n, ret.answer->n_required,
			 c->out[n]);
	}
	if (m->n_rr != n || ret.answer->final_first != c->final_first ||
	    ret.answer->final_count != c->final_count)
		fail_msg("%s: %u records, final %u+%u", c->what, m->n_rr, ret.answer->final_first,
			 ret.answer->final_count);
	message_free(m);
}

static void test_records_come_in_the_promised_order(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(order_cases); i++)
		check_order_case(*state, &order_cases[i]);
}

struct match_case {
	const char *what, *msg;
	bool match_case;
	int want;
};

/* Asked: id 7, "Ab.example. A IN". */
#define Q_ASKED "02'Ab' 07'example' 00 0001 0001 "

static const struct match_case match_cases[] = {
	{"the answer", "0007 8000 0001 0000 0000 0000 " Q_ASKED, true, 0},
	{"another case of the name", "0007 8000 0001 0000 0000 0000 02'aB' 07'exAmple' 00 0001 0001", false,
	 0},
	{"another case with 0x20", "0007 8000 0001 0000 0000 0000 02'ab' 07'example' 00 0001 0001", true,
	 ERR_MISMATCH},
	{"another id", "0008 8000 0001 0000 0000 0000 " Q_ASKED, false, ERR_MISMATCH},
	{"a query", "0007 0000 0001 0000 0000 0000 " Q_ASKED, false, ERR_MISMATCH},
	{"another opcode", "0007 a000 0001 0000 0000 0000 " Q_ASKED, false, ERR_MISMATCH},
	{"another name", "0007 8000 0001 0000 0000 0000 02'Ac' 07'example' 00 0001 0001", false,
	 ERR_MISMATCH},
	{"another type", "0007 8000 0001 0000 0000 0000 02'Ab' 07'example' 00 001c 0001", false,
	 ERR_MISMATCH},
	{"another class", "0007 8000 0001 0000 0000 0000 02'Ab' 07'example' 00 0001 0003", false,
	 ERR_MISMATCH},
	{"two questions", "0007 8000 0002 0000 0000 0000 " Q_ASKED Q_ASKED, false, ERR_MISMATCH},
	{"nothing", "", false, -EBADMSG},
	{"half a header", "0007 8000 0001", false, -EBADMSG},
	{"half a question", "0007 8000 0001 0000 0000 0000 02'Ab' 07'exam'", false, -EBADMSG},
	{"no question, NOERROR", "0007 8000 0000 0000 0000 0000", false, ERR_MISMATCH},
	{"no question, NXDOMAIN", "0007 8003 0000 0000 0000 0000", false, ERR_MISMATCH},
	{"no question, FORMERR", "0007 8001 0000 0000 0000 0000", false, 0},
	{"no question, SERVFAIL", "0007 8002 0000 0000 0000 0000", false, 0},
	{"no question, NOTIMP", "0007 8004 0000 0000 0000 0000", false, 0},
	{"no question, REFUSED", "0007 8005 0000 0000 0000 0000", false, 0},
	{"no question, REFUSED, another id", "0009 8005 0000 0000 0000 0000", false, ERR_MISMATCH},
};

static void test_only_the_answer_to_what_was_asked_matches(void **state)
{
	struct fixture *f = *state;
	uint8_t q[BYTES_MAX], msg[BYTES_MAX];
	struct wire_expect e = {.id = 7, .question = q, .question_len = (uint16_t)bytes_of(Q_ASKED, q)};
	struct wire_ingest ret;

	for (size_t i = 0; i < ARRAY_LEN(match_cases); i++) {
		const struct match_case *c = &match_cases[i];
		size_t len = bytes_of(c->msg, msg);
		e.match_case = c->match_case;
		int r = wire_answer_matches(msg, len, &e);
		if (r != c->want)
			fail_msg("%s: %d, expected %d", c->what, r, c->want);
		assert_int_equal(wire_ingest(f->b, &f->arena, msg, len, &e, &ret), c->want);
		assert_int_equal(ret.answer != NULL, c->want == 0);
		if (ret.answer) /* what was asked stands in it, also where the message has no question */
			assert_memory_equal(wire_answer_msg(ret.answer) + 12, q, e.question_len);
	}
}

struct broken_case {
	const char *what, *msg; /* after header and question; counts in the first three words */
	int want, want_tc; /* without and with TC */
};

#define RR "c00c 0001 0001 00000001 0004 c0000201 "

static const struct broken_case broken_cases[] = {
	{"nothing wrong", "0001 0000 0000 " RR, 0, 0},
	{"bytes behind the message", "0001 0000 0000 " RR "ff", 0, 0},
	{"fewer records than counted", "0002 0000 0000 " RR, -EBADMSG, 0},
	{"counts of 65535", "ffff ffff ffff " RR, -EBADMSG, 0},
	{"cut in the owner", "0002 0000 0000 " RR "c0", -EBADMSG, 0},
	{"cut in the head", "0002 0000 0000 " RR "c00c 0001 0001 0000", -EBADMSG, 0},
	{"cut in the rdata", "0002 0000 0000 " RR "c00c 0001 0001 00000001 0004 c00002", -EBADMSG, 0},
	{"RDLENGTH past the end", "0001 0000 0000 c00c 0010 0001 00000001 ffff 00", -EBADMSG, 0},
	{"a label of type 01", "0001 0000 0000 41'a' 0001 0001 00000001 0004 c0000201", -EBADMSG, -EBADMSG},
	{"a pointer to itself", "0001 0000 0000 c01b 0001 0001 00000001 0004 c0000201", -EBADMSG, -EBADMSG},
	{"a pointer forward", "0001 0000 0000 c020 0001 0001 00000001 0004 c0000201", -EBADMSG, -EBADMSG},
	{"a pointer into the header", "0001 0000 0000 c000 0001 0001 00000001 0004 c0000201", -EBADMSG,
	 -EBADMSG},
	{"an address of 3 bytes", "0001 0000 0000 c00c 0001 0001 00000001 0003 c00002", -EBADMSG, -EBADMSG},
	{"an address of 5 bytes", "0001 0000 0000 c00c 0001 0001 00000001 0005 c000020101", -EBADMSG,
	 -EBADMSG},
	{"an AAAA of 4 bytes", "0001 0000 0000 c00c 001c 0001 00000001 0004 c0000201", -EBADMSG, -EBADMSG},
	{"a CNAME without rdata", "0001 0000 0000 c00c 0005 0001 00000001 0000", -EBADMSG, -EBADMSG},
	{"a CNAME with more than a name", "0001 0000 0000 c00c 0005 0001 00000001 0003 c00c 00", -EBADMSG,
	 -EBADMSG},
	{"a CNAME that ends within its name", "0001 0000 0000 c00c 0005 0001 00000001 0002 01'a' 00",
	 -EBADMSG, -EBADMSG},
	{"a CNAME that points to itself", "0001 0000 0000 c00c 0005 0001 00000001 0002 c027", -EBADMSG,
	 -EBADMSG},
	{"an MX without a name", "0001 0000 0000 c00c 000f 0001 00000001 0002 000a", -EBADMSG, -EBADMSG},
	{"an SOA with 19 bytes of numbers",
	 "0000 0001 0000 00 0006 0001 00000001 0015 00 00"
	 "00000000000000000000000000000000000000",
	 -EBADMSG, -EBADMSG},
	{"an SRV whose name runs out of its rdata",
	 "0001 0000 0000 c00c 0021 0001 00000001 0008 000000000000 01'a' 00", -EBADMSG, -EBADMSG},
	{"a NAPTR whose string runs out", "0001 0000 0000 c00c 0023 0001 00000001 0006 00000000 05'a'",
	 -EBADMSG, -EBADMSG},
	{"an RRSIG of 17 bytes",
	 "0001 0000 0000 c00c 002e 0001 00000001 0011 0001000000000000000000000000000000", -EBADMSG,
	 -EBADMSG},
	{"an A6 with prefix 129", "0001 0000 0000 c00c 0026 0001 00000001 0002 8100", -EBADMSG, -EBADMSG},
	{"an A6 with prefix 128 and a name", "0001 0000 0000 c00c 0026 0001 00000001 0003 80 c00c", 0, 0},
	{"a whole A6", "0001 0000 0000 c00c 0026 0001 00000001 0011 00 000102030405060708090a0b0c0d0e0f", 0,
	 0},
	{"unknown rdata that looks like a pointer", "0001 0000 0000 c00c ff00 0001 00000001 0002 c0ff", 0, 0},
	{"an address of class CH", "0001 0000 0000 c00c 0001 0003 00000001 0002 c0ff", 0, 0},
	{"an RRSIG with a compressed signer",
	 "0001 0000 0000 c00c 002e 0001 00000001 0015"
	 "000100000000000000000000000000000000 c00c aa",
	 0, 0},
};

static void test_broken_records_are_refused_and_cut_ones_only_without_tc(void **state)
{
	struct fixture *f = *state;
	uint8_t q[BYTES_MAX], msg[BYTES_MAX];
	struct wire_expect e = {
		.id = 7, .question = q, .question_len = (uint16_t)bytes_of(Q_ASKED, q), .keep_dnssec = true};
	struct wire_ingest ret;

	for (size_t i = 0; i < ARRAY_LEN(broken_cases); i++) {
		const struct broken_case *c = &broken_cases[i];
		for (unsigned tc = 0; tc < 2; tc++) {
			size_t len = bytes_of(tc ? "0007 8200 0001" : "0007 8000 0001", msg);
			len += bytes_of(c->msg, msg + 6);
			memmove(msg + 12 + e.question_len, msg + 12, len - 12);
			memcpy(msg + 12, q, e.question_len);
			int r = wire_ingest(f->b, &f->arena, msg, len + e.question_len, &e, &ret);
			if (r != (tc ? c->want_tc : c->want))
				fail_msg("%s (TC %u): %d", c->what, tc, r);
			if (ret.answer && answer_check_block(ret.answer))
				fail_msg("%s (TC %u): %s", c->what, tc, answer_check_block(ret.answer));
		}
	}
}

static void test_every_cut_of_a_message_is_refused_or_kept_with_tc(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;
	unsigned before = 0;

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	raw_add(&raw, SECTION_ANSWER, "a. 1 CNAME b.c.");
	raw_add(&raw, SECTION_ANSWER, "b.c. 1 A 192.0.2.1");
	raw_add(&raw, SECTION_AUTHORITY, "c. 1 SOA n. 9");
	raw_opt(&raw, 0, "000a 0008 '12345678'");
	struct wire_expect e = asked(true);
	size_t start = WIRE_HEADER_LEN + (size_t)e.question_len;
	for (size_t len = start; len < raw.len; len++) {
		wire_put_u16(raw.msg + 2, FLAG_QR);
		assert_int_equal(wire_ingest(f->b, &f->arena, raw.msg, len, &e, &ret), -EBADMSG);
		wire_put_u16(raw.msg + 2, FLAG_QR | FLAG_TC);
		assert_int_equal(wire_ingest(f->b, &f->arena, raw.msg, len, &e, &ret), 0);
		assert_true(ret.tc && !ret.answer->truncated);
		assert_true(ret.answer->n_rr >= before);
		before = ret.answer->n_rr;
	}
	assert_int_equal(before, 3);
}

static void test_what_stands_beside_the_records_is_told(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;
	uint16_t n;

	raw_begin(&raw, FLAG_QR | FLAG_AA | FLAG_TC | FLAG_RD | FLAG_RA | FLAG_Z | FLAG_AD | FLAG_CD | 7,
		  "a.", TYPE_A);
	raw_opt(&raw, 0x01008000, "000f 0007 0016 'down!' 000f 0002 0003 000a 0008 '12345678'");
	struct message *m = ingested(f, false, &ret);
	assert_true(ret.tc && ret.has_opt);
	assert_int_equal(ret.rcode, RCODE_BADCOOKIE);
	assert_int_equal(ret.answer->rcode, RCODE_BADCOOKIE);
	assert_int_equal(ret.opt_udp_size, 1232);
	assert_non_null(wire_option_find(ret.options, ret.options_len, OPTION_COOKIE, &n));
	assert_int_equal(m->flags, FLAG_QR | FLAG_AA | FLAG_RA | FLAG_AD | 7);
	assert_int_equal(ret.answer->ede, EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(ret.answer->ede_text_len, 5);
	assert_memory_equal(wire_answer_ede_text(ret.answer), "down!", 5);
	assert_int_equal(ret.answer->n_rr, 0);
	message_free(m);
}

static void test_opt_tsig_and_sig0_are_taken_off_everywhere(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	for (enum wire_section s = SECTION_ANSWER; s <= SECTION_ADDITIONAL; s++) {
		raw_add(&raw, s, "a. 0 OPT 00");
		raw_add(&raw, s, "a. 0 TSIG 00");
		raw_add(&raw, s, "a. 0 SIG 00000000000000000000000000000000000000aa");
	}
	raw_opt(&raw, 0, "");
	struct message *m = ingested(f, true, &ret);
	assert_int_equal(m->n_rr, 0);
	assert_true(ret.has_opt);
	assert_int_equal(ret.options_len, 0); /* the first OPT's options are broken */
	message_free(m);

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A); /* of two OPTs the first counts */
	raw_opt(&raw, 0x01000000, "000a 0008 '12345678'");
	raw_opt(&raw, 0x02000000, "");
	message_free(ingested(f, true, &ret));
	assert_int_equal(ret.rcode, 16);
	assert_int_equal(ret.options_len, 12);

	raw_begin(&raw, FLAG_QR, "a.", TYPE_SIG); /* a SIG that covers something is a record */
	raw_add(&raw, SECTION_ANSWER, "a. 0 SIG 00010000000000000000000000000000000000aa");
	m = ingested(f, true, &ret);
	assert_int_equal(m->n_rr, 1);
	message_free(m);
}

static void test_times_are_the_lowest_and_top_bits_count_as_zero(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR | RCODE_NXDOMAIN, "a.", TYPE_A);
	raw_add(&raw, SECTION_AUTHORITY, "a. 900 SOA n. 300");
	raw_add(&raw, SECTION_AUTHORITY, "a. 20 NS n.");
	message_free(ingested(f, false, &ret));
	assert_int_equal(ret.answer->min_ttl_s, 20);
	assert_int_equal(ret.answer->soa_min_s, 300);
	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	raw_add(&raw, SECTION_ANSWER, "a. 4294967295 A 192.0.2.1");
	message_free(ingested(f, false, &ret));
	assert_int_equal(ret.answer->min_ttl_s, 0);
	assert_int_equal(ret.answer->soa_min_s, UINT32_MAX);
}

static void test_other_classes_are_kept_as_they_come(void **state)
{
	struct fixture *f = *state;
	struct message_rr rr;
	uint8_t rdata[BYTES_MAX];
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	record_of("a. 1 A 192.0.2.1", &rr, rdata);
	rr.cls = CLASS_CH;
	raw_add_rr(&raw, SECTION_ANSWER, &rr);
	raw_add(&raw, SECTION_ANSWER, "a. 1 A 192.0.2.2");
	struct message *m = ingested(f, false, &ret);
	assert_int_equal(m->n_rr, 2);
	assert_int_equal(m->rr[0].cls, CLASS_IN);
	assert_int_equal(m->rr[1].cls, CLASS_CH);
	assert_int_equal(ret.answer->run_count, 1);
	message_free(m);
}

static void test_an_answer_too_large_when_rewritten_is_cut_and_marked(void **state)
{
	struct fixture *f = *state;
	struct message_rr rr = {.type = TYPE_SRV, .cls = CLASS_IN};
	struct wire_ingest ret;
	static uint8_t msg[65535];

	/* SRV targets that the upstream compressed (which it should not) grow from 2 bytes to 80. */
	raw_begin(&raw, FLAG_QR,
		  "a-rather-long-label-that-stands-for-itself.another-long-label-behind-it.example.",
		  TYPE_SRV);
	struct wire_expect e = asked(false);
	memcpy(rr.owner, e.question, e.question_len - 4u);
	size_t len = raw.len;
	memcpy(msg, raw.msg, len);
	unsigned n = 0;
	for (; len + 20 <= sizeof msg; n++) {
		len += bytes_of("c00c 0021 0001 00000001 0008 0001 0002", msg + len);
		wire_put_u16(msg + len, n);
		wire_put_u16(msg + len + 2, 0xc00c);
		len += 4;
	}
	wire_put_u16(msg + HEADER_ANCOUNT, n);
	assert_int_equal(wire_ingest(f->b, &f->arena, msg, len, &e, &ret), 0);
	assert_true(ret.answer->truncated);
	assert_null(answer_check_block(ret.answer));
	assert_true(ret.answer->n_rr > 500 && ret.answer->n_rr < n);
	assert_in_range(ret.answer->msg_len, 65535 - 100, 65535);
}

static void test_thousands_of_sets_take_no_more_than_linear_work(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;
	struct message_rr rr = {.cls = CLASS_IN, .rdata = (const uint8_t *)"", .rdlen = 0};

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	for (unsigned i = 0; i < WIRE_MSG_MAX; i++) {
		rr.type = (uint16_t)(i + 1000);
		if (!raw_add_rr(&raw, SECTION_ANSWER, &rr))
			break;
	}
	message_free(ingested(f, false, &ret));
	assert_int_equal(ret.answer->n_rr, wire_u16(raw.msg + HEADER_ANCOUNT));
}

static void test_no_room_in_the_arena_is_enomem(void **state)
{
	struct fixture *f = *state;
	struct arena_pool pool;
	struct arena small;
	struct wire_ingest ret;

	arena_pool_init(&pool, 0, NULL, 0);
	arena_init(&small, NULL, 0, &pool);
	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	struct wire_expect e = asked(false);
	assert_int_equal(wire_ingest(f->b, &small, raw.msg, raw.len, &e, &ret), -ENOMEM);
	assert_null(ret.answer);
	arena_fini(&small);
	arena_pool_fini(&pool);
}

static void test_a_dname_that_makes_the_name_too_long_ends_the_chain(void **state)
{
	char text[400], label[60];
	struct wire_ingest ret;

	memset(label, 'x', 50);
	label[50] = '\0';
	snprintf(text, sizeof text, "%s.%s.%s.o.", label, label, label);
	raw_begin(&raw, FLAG_QR, text, TYPE_A);
	snprintf(text, sizeof text, "o. 1 DNAME %s.%s.", label, label);
	raw_add(&raw, SECTION_ANSWER, text);
	message_free(ingested(*state, false, &ret));
	assert_int_equal(ret.answer->n_rr, 1);
}

static void test_an_ede_too_short_is_none(void **state)
{
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	raw_opt(&raw, 0, "000f 0001 00");
	message_free(ingested(*state, false, &ret));
	assert_int_equal(ret.answer->ede, EDE_NONE);
}

static void test_more_than_a_message_can_be_is_refused(void **state)
{
	struct fixture *f = *state;
	static uint8_t msg[65536];
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	struct wire_expect e = asked(false);
	memcpy(msg, raw.msg, raw.len);
	assert_int_equal(wire_ingest(f->b, &f->arena, msg, 65535, &e, &ret), 0);
	assert_int_equal(wire_ingest(f->b, &f->arena, msg, 65536, &e, &ret), -EBADMSG);
}

static void test_rdata_that_grows_past_a_message_is_left_out_and_told(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR, "a-name-of-some-length.example.", TYPE_SIG);
	struct wire_expect e = asked(false);
	uint8_t *p = raw.msg + raw.len;
	size_t rdlen = sizeof raw.msg - raw.len - 12;
	memset(p, 1, rdlen);
	wire_put_u16(raw.msg + HEADER_ANCOUNT, 1);
	(void)bytes_of("c00c 0018 0001 00000001", p);
	wire_put_u16(p + 10, (unsigned)rdlen);
	wire_put_u16(p + 12 + 18, 0xc00c); /* the signer */
	assert_int_equal(wire_ingest(f->b, &f->arena, raw.msg, sizeof raw.msg, &e, &ret), 0);
	assert_int_equal(ret.answer->n_rr,
			 0); /* well formed, but larger than any message when written whole */
	assert_true(ret.answer->truncated);
}

static void test_class_any_follows_the_chain_of_class_in(void **state)
{
	struct fixture *f = *state;
	struct wire_ingest ret;

	raw_begin(&raw, FLAG_QR, "a.", TYPE_A);
	wire_put_u16(raw.msg + raw.len - 2, CLASS_ANY);
	raw_add(&raw, SECTION_ANSWER, "b. 1 A 192.0.2.1");
	raw_add(&raw, SECTION_ANSWER, "a. 1 CNAME b.");
	message_free(ingested(f, false, &ret));
	assert_int_equal(ret.answer->final_first, 1);
	assert_int_equal(ret.answer->run_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_records_come_in_the_promised_order),
		T(test_only_the_answer_to_what_was_asked_matches),
		T(test_broken_records_are_refused_and_cut_ones_only_without_tc),
		T(test_every_cut_of_a_message_is_refused_or_kept_with_tc),
		T(test_what_stands_beside_the_records_is_told),
		T(test_opt_tsig_and_sig0_are_taken_off_everywhere),
		T(test_times_are_the_lowest_and_top_bits_count_as_zero),
		T(test_other_classes_are_kept_as_they_come),
		T(test_an_answer_too_large_when_rewritten_is_cut_and_marked),
		T(test_thousands_of_sets_take_no_more_than_linear_work),
		T(test_no_room_in_the_arena_is_enomem),
		T(test_a_dname_that_makes_the_name_too_long_ends_the_chain),
		T(test_an_ede_too_short_is_none),
		T(test_more_than_a_message_can_be_is_refused),
		T(test_rdata_that_grows_past_a_message_is_left_out_and_told),
		T(test_class_any_follows_the_chain_of_class_in),
	};

	return cmocka_run_group_tests_name("wire/ingest", tests, NULL, NULL);
}
