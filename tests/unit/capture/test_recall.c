// SPDX-License-Identifier: Apache-2.0
/* nxdomain-cached-early and clock-dnssec, from messages to verdicts. */
#include "doctor/pcap_report.h"
#include "packets.h"
#include "wire/name.h"

#include <stdio.h>
#include <string.h>

enum { CLIENT = 1, VIP = 96, POD = 10, POD2 = 11, UP = 53, EDE_EXPIRED = 7 };

static const char *const paths[] = {"node.pcap"};
static struct report r;
static struct exchange_window *w;
static struct verdict_list found;
static uint32_t number; /* of packets */

static int setup(void **state)
{
	const struct exchange_sink sink = {report_exchange, &r};

	number = 0;
	if (report_init(&r, paths, 1))
		return -1;
	w = exchange_window_new(&r.key, &sink);
	r.w = w;
	return w ? 0 : -1;
}

static int teardown(void **state)
{
	exchange_window_free(w);
	report_fini(&r);
	return 0;
}

static struct capture_end end(unsigned last, uint16_t port)
{
	return (struct capture_end){.addr = {192, 0, 2, (uint8_t)last}, .port = port, .family = 4};
}

/* What is asked and answered. */
struct talk {
	double s; /* when */
	unsigned server;
	unsigned rcode;
	uint32_t ttl_s; /* of the SOA of a denial */
	unsigned client; /* 0: CLIENT */
	unsigned flags; /* of the question */
	const char *name; /* NULL: late.example.org. */
	bool cut; /* by the snap length */
	struct capture_detail detail;
	uint8_t hops; /* 0: 64 */
	uint16_t port, id; /* 0: others each time */
};

static void add(const struct talk *t)
{
	static uint16_t next;
	struct capture_message m = {.time_ns = (int64_t)((1000000 + t->s) * 1e9),
				    .packet = ++number,
				    .hop_limit = t->hops ? t->hops : 64,
				    .id = t->id ? t->id : ++next,
				    .flags = (uint16_t)t->flags,
				    .qtype = TYPE_A,
				    .qclass = CLASS_IN,
				    .question_known = true,
				    .opt_known = true,
				    .answer_known = true,
				    .len = 60,
				    .n_records = {1}};
	int len = wire_name_from_text(t->name ? t->name : "late.example.org.", m.name);

	assert_true(len > 0);
	m.name_len = (uint8_t)len;
	m.src = end(t->client ? t->client : CLIENT, t->port ? t->port : 20000 + m.id);
	m.dst = end(t->server, 53);
	exchange_window_message(w, &m);
	m.dst = m.src;
	m.src = end(t->server, 53);
	m.packet = ++number;
	m.time_ns += 1000000;
	m.flags = (uint16_t)(t->flags | FLAG_QR | t->rcode);
	m.read = t->cut ? CAPTURE_CUT : CAPTURE_WHOLE;
	m.detail = t->detail;
	if (t->rcode == RCODE_NXDOMAIN) {
		m.has_soa = true;
		m.n_records[2] = 1;
		m.detail.soa_ttl_s = t->ttl_s;
		m.detail.zone_len = sizeof("\007example\003org");
	} else if (t->rcode == RCODE_NOERROR) {
		m.n_records[1] = m.n_address = 1;
	}
	exchange_window_message(w, &m);
}

static void denied(double s, unsigned server, uint32_t ttl_s)
{
	add(&(struct talk){.s = s, .server = server, .rcode = RCODE_NXDOMAIN, .ttl_s = ttl_s});
}

static void exists(double s, unsigned server)
{
	add(&(struct talk){.s = s, .server = server});
}

/* The verdict of that kind; NULL: there is none. */
static const struct verdict *verdict(enum verdict_slug slug)
{
	exchange_window_finish(w);
	report_finish(&r);
	assert_int_equal(report_judge(&r, &found), 0);
	for (unsigned i = 0; i < found.n; i++) {
		if (found.v[i].slug == slug)
			return &found.v[i];
	}
	return NULL;
}

static void assert_fault(enum verdict_slug slug, const char *server)
{
	const struct verdict *v = verdict(slug);

	assert_non_null(v);
	assert_int_equal(v->severity, SEVERITY_FAULT);
	assert_non_null(strstr(v->summary, server));
	assert_true(v->n_evidence > 0 && v->remedy && *v->remedy);
}

/* ---------------------------------------------------------------- denials */

static void test_a_denial_that_ends_with_its_ttl_was_kept(void **state)
{
	denied(0, POD, 30);
	denied(12, POD, 18);
	denied(28, POD, 2);
	exists(30.5, POD);
	assert_fault(VERDICT_NXDOMAIN_CACHED_EARLY, "192.0.2.10");
	const char *story = found.v[0].evidence[0].text;
	assert_non_null(strstr(
		story, "node.pcap #2, 13:46:40.001 UTC: 192.0.2.1 asks 192.0.2.10 for A late.example.org.: "
		       "NXDOMAIN, to be kept 30 s"));
	assert_non_null(strstr(story, "28.0 s later, node.pcap #6"));
	assert_non_null(strstr(story, "to be kept 2 s: it comes from a cache (3 such answers)"));
	assert_non_null(strstr(story, "when that has ended, 30.5 s after the first, node.pcap #8"));
	assert_non_null(strstr(found.v[0].remedy, "denial CAPACITY"));
}

static void test_a_name_that_was_made_is_no_fault(void **state)
{
	denied(0, POD, 30);
	exists(2, POD); /* at once */
	denied(100, POD2, 30);
	denied(105, POD2, 30); /* no count down: nothing is kept */
	denied(129, POD2, 30);
	exists(131, POD2);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

static void test_a_name_that_was_asked_for_long_after_the_end_is_no_fault(void **state)
{
	denied(0, POD, 30);
	denied(12, POD, 18);
	exists(60, POD);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

static void test_one_answer_with_less_than_the_zones_ttl_is_enough(void **state)
{
	add(&(struct talk){
		.s = 0, .server = POD, .rcode = RCODE_NXDOMAIN, .ttl_s = 30, .name = "other.example.org."});
	denied(20, POD, 9);
	exists(29.5, POD);
	assert_fault(VERDICT_NXDOMAIN_CACHED_EARLY, "192.0.2.10");
	assert_non_null(strstr(found.v[0].evidence[0].text, "new denials of the zone are to be kept 30 s"));
}

static void test_a_name_that_comes_and_goes_is_no_fault(void **state)
{
	denied(0, POD, 30);
	denied(12, POD, 18);
	exists(31, POD);
	denied(62, POD, 30);
	denied(75, POD, 17);
	exists(93, POD);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

static void test_cut_messages_are_not_judged(void **state)
{
	denied(0, POD, 30);
	add(&(struct talk){.s = 12, .server = POD, .rcode = RCODE_NXDOMAIN, .ttl_s = 18, .cut = true});
	exists(30.5, POD);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

/* A question at the Service's address, and behind it at a pod. */
static void through(double s, unsigned pod, unsigned rcode, uint32_t ttl_s)
{
	static uint16_t last = 100;
	uint16_t n = ++last;
	struct talk t = {.s = s, .server = VIP, .rcode = rcode, .ttl_s = ttl_s, .port = n, .id = n};

	add(&t);
	t.s += 0.0001;
	t.server = pod;
	t.hops = 63;
	add(&t);
}

static void test_the_other_server_behind_the_address_knows_the_name(void **state)
{
	through(0, POD, RCODE_NXDOMAIN, 300);
	through(1, POD2, RCODE_NXDOMAIN, 5);
	through(10, POD2, RCODE_NOERROR, 0); /* where it was denied before: it is new */
	through(20, POD, RCODE_NXDOMAIN, 280);
	assert_fault(VERDICT_NXDOMAIN_CACHED_EARLY, "192.0.2.10 ");
	assert_non_null(strstr(found.v[0].evidence[0].text, "meanwhile, node.pcap #"));
}

static void test_an_old_answer_of_the_other_server_shows_nothing(void **state)
{
	through(0, POD, RCODE_NXDOMAIN, 300);
	through(10, POD2, RCODE_NOERROR, 0); /* the name may be gone since */
	through(20, POD, RCODE_NXDOMAIN, 280);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

static void test_servers_that_have_nothing_in_common_may_disagree(void **state)
{
	denied(0, POD, 300);
	denied(1, POD2, 5);
	exists(10, POD2);
	denied(20, POD, 280);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

static void test_the_upstream_that_denied_it_knows_it_now(void **state)
{
	add(&(struct talk){.s = 0.0001, .server = UP, .client = POD, .rcode = RCODE_NXDOMAIN, .ttl_s = 300});
	denied(0.0002, POD, 300); /* not in order: its question has caused the one above */
	denied(5, POD, 295);
	exists(10, UP);
	denied(20, POD, 280);
	assert_fault(VERDICT_NXDOMAIN_CACHED_EARLY, "192.0.2.10 ");
}

static void test_any_number_of_denied_names_takes_no_more_memory(void **state)
{
	char name[64];

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u.example.org.", i);
		add(&(struct talk){
			.s = i * 0.01, .server = POD, .rcode = RCODE_NXDOMAIN, .ttl_s = 30, .name = name});
		if (i % 200 == 0 && i < 2600)
			denied(i * 0.01, POD, 30 - i / 100);
	}
	exists(200, POD);
	assert_null(verdict(VERDICT_NXDOMAIN_CACHED_EARLY));
}

/* ---------------------------------------------------------------- signatures */

static void test_signatures_that_ended_are_told_by_the_captures_clock(void **state)
{
	add(&(struct talk){.server = UP,
			   .detail = {.is_signed = true,
				      .signed_badly = true,
				      .covered = TYPE_A,
				      .inception = 1000000 - 259200,
				      .expiration = 1000000 - 172800}});
	assert_fault(VERDICT_CLOCK_DNSSEC, "192.0.2.53");
	assert_non_null(strstr(found.v[0].summary, "or that of the machine that captured"));
	assert_non_null(strstr(found.v[0].evidence[0].text,
			       "the signature of its A records ended 48 hours before, "
			       "by the clock of the machine that captured"));
	assert_non_null(strstr(found.v[0].remedy, "NTP"));
}

static void failed(double s, unsigned flags, unsigned rcode, uint16_t ede)
{
	add(&(struct talk){.s = s, .server = POD, .flags = flags, .rcode = rcode, .detail = {.ede = ede}});
}

static void test_servfail_with_its_reason_and_the_answer_with_cd(void **state)
{
	failed(0, 0, RCODE_SERVFAIL, EDE_EXPIRED);
	failed(1, FLAG_CD, RCODE_NOERROR, 0);
	assert_fault(VERDICT_CLOCK_DNSSEC, "192.0.2.10 does not believe");
	assert_non_null(strstr(found.v[0].evidence[0].text, "Extended DNS Error 7"));
	assert_non_null(strstr(found.v[0].evidence[0].text, "with CD (checking disabled), node.pcap #4"));
}

static void test_servfail_before_and_after_the_answer_with_cd(void **state)
{
	failed(0, 0, RCODE_SERVFAIL, 0);
	failed(1, FLAG_CD, RCODE_NOERROR, 0);
	failed(40, 0, RCODE_SERVFAIL, 0);
	assert_fault(VERDICT_CLOCK_DNSSEC, "192.0.2.10 does not believe");
	assert_non_null(strstr(found.v[0].evidence[0].text, "and after that, node.pcap #6"));
}

static void test_one_failure_before_an_answer_with_cd_is_not_sure(void **state)
{
	const struct verdict *v;

	failed(0, 0, RCODE_SERVFAIL, 0);
	failed(1, FLAG_CD, RCODE_NOERROR, 0);
	failed(2, 0, RCODE_SERVFAIL, 0); /* kept for a moment */
	v = verdict(VERDICT_CLOCK_DNSSEC);
	assert_non_null(v);
	assert_int_equal(v->severity, SEVERITY_UNKNOWN);
}

static void test_a_server_that_had_failed_for_a_moment_is_no_fault(void **state)
{
	failed(0, 0, RCODE_SERVFAIL, 0);
	failed(1, FLAG_CD, RCODE_NOERROR, 0);
	failed(10, 0, RCODE_NOERROR, 0);
	assert_null(verdict(VERDICT_CLOCK_DNSSEC));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_denial_that_ends_with_its_ttl_was_kept),
		TEST(test_a_name_that_was_made_is_no_fault),
		TEST(test_a_name_that_was_asked_for_long_after_the_end_is_no_fault),
		TEST(test_one_answer_with_less_than_the_zones_ttl_is_enough),
		TEST(test_a_name_that_comes_and_goes_is_no_fault),
		TEST(test_cut_messages_are_not_judged),
		TEST(test_the_other_server_behind_the_address_knows_the_name),
		TEST(test_an_old_answer_of_the_other_server_shows_nothing),
		TEST(test_servers_that_have_nothing_in_common_may_disagree),
		TEST(test_the_upstream_that_denied_it_knows_it_now),
		TEST(test_any_number_of_denied_names_takes_no_more_memory),
		TEST(test_signatures_that_ended_are_told_by_the_captures_clock),
		TEST(test_servfail_with_its_reason_and_the_answer_with_cd),
		TEST(test_servfail_before_and_after_the_answer_with_cd),
		TEST(test_one_failure_before_an_answer_with_cd_is_not_sure),
		TEST(test_a_server_that_had_failed_for_a_moment_is_no_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
