// SPDX-License-Identifier: Apache-2.0
/* A question's way: the steps of each plugin, what they say, what becomes of the answer on the way up; reports as text and JSON. */
#include "base/err.h"
#include "base/text.h"
#include "fake_door.h"
#include "server/trail.h"
#include "server/trail_ask.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- plugins */

static int no_setup(struct setup *s, void *state)
{
	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in))
			return ERR_SYNTAX;
	}
	return 0;
}

/* Says something, as often as the test wants. */
static unsigned times = 1;
static const char *words = "looks at it";

static enum step talk_query(const void *state, struct query *q, void *scratch)
{
	for (unsigned i = 0; q->has_trail && i < times; i++)
		trail_say(q, "%s", words);
	return STEP_NEXT;
}

/* Changes the answer on its way up. */
static enum step talk_reply(const void *state, struct query *q, void *scratch)
{
	q->reply.ttl_fixed = true;
	q->reply.ttl_s = 7;
	return STEP_NEXT;
}

static void sub_ended(struct query *parent, struct query *sub, void *arg)
{
	if (!parent)
		return;
	reply_begin(parent, sub->reply.rcode, true);
	query_resume(parent, STEP_DONE);
}

/* A CNAME question asks the whole server for the A of another name. */
static enum step ask_query(const void *state, struct query *q, void *scratch)
{
	static const uint8_t other[] = "\5other\7example\3org";

	if (q->in.qtype != TYPE_CNAME)
		return STEP_NEXT;
	assert_int_equal(query_sub(q, QUERY_SERVER, other, TYPE_A, sub_ended, NULL), 0);
	return STEP_WAIT;
}

static enum step answer_query(const void *state, struct query *q, void *scratch)
{
	static const uint8_t addr[] = {192, 0, 2, 1}, text[] = "\4a\"\033b";

	if (q->in.qtype == TYPE_NS)
		return query_drop(q);
	if (q->in.qtype == TYPE_MX)
		return query_fail(q, RCODE_REFUSED, EDE_PROHIBITED, "bell \007 rings", "error \033[31m");
	if (q->in.qtype == TYPE_SRV)
		return STEP_WAIT; /* for ever */
	reply_begin(q, RCODE_NOERROR, true);
	if (q->in.qtype == TYPE_TXT)
		assert_int_equal(reply_add(q, SECTION_ANSWER, NULL, TYPE_TXT, 60, text, sizeof(text) - 1), 0);
	else
		assert_int_equal(reply_add(q, SECTION_ANSWER, NULL, TYPE_A, 60, addr, sizeof(addr)), 0);
	return STEP_DONE;
}

static const struct plugin talk = {.name = "talk", .setup = no_setup, .query = talk_query, .reply = talk_reply};
static const struct plugin ask = {.name = "ask", .setup = no_setup, .query = ask_query};
static const struct plugin answer = {.name = "answer", .setup = no_setup, .query = answer_query};

const struct plugin_slot plugin_table[] = {{"talk", &talk}, {"ask", &ask}, {"answer", &answer}};
const size_t plugin_table_len = 3;

/* ---------------------------------------------------------------- a question */

static struct fake_server srv;
static struct trail_report *report;
static unsigned n_ended;

static void keep(struct query *parent, struct query *q, void *arg)
{
	struct wire_fit fit;

	assert_null(parent);
	n_ended++;
	report->dropped = q->dropped;
	report->rcode = q->reply.rcode;
	report->ede = q->reply.ede;
	report->answered_by = q->answered_by;
	report->reply_len = (unsigned)respond_into(q, report->reply, &fit);
	report->cut = fit.tc;
}

static void begin(void)
{
	times = 1;
	words = "looks at it";
	fake_server_start(&srv, "example.org {\n talk\n ask\n answer\n}\n", &query_limits_default);
	report = calloc(1, sizeof(*report));
	report->trail.notes = &report->notes;
	n_ended = 0;
}

static void end(void)
{
	free(report);
	fake_server_stop(&srv);
}

static int follow(const char *name, uint16_t type, const char *listener)
{
	const char *why;
	struct query_inside in = {.type = type, .listener = listener, .trail = &report->trail, .ended = keep};

	assert_int_equal(trail_question(&report->asked, name, NULL, NULL, "192.0.2.9", &why), 0);
	report->asked.type = type;
	in.name = report->asked.name;
	in.client = report->asked.client;
	return query_inside(&srv.w, &in);
}

/* The i-th note of a step, or "". */
static const char *note(int step, unsigned i)
{
	for (unsigned n = 0; n < report->notes.n; n++) {
		if (report->notes.v[n].step == step && i-- == 0)
			return report->notes.text + report->notes.v[n].text;
	}
	return "";
}

/* ---------------------------------------------------------------- tests */

static void test_each_plugin_has_a_step_with_what_it_said(void **state)
{
	begin();
	assert_int_equal(follow("www.example.org", TYPE_A, ""), 0);
	assert_int_equal(n_ended, 1);
	assert_int_equal(report->trail.n, 3);
	assert_string_equal(report->trail.steps[0].plugin, "talk");
	assert_true(report->trail.steps[0].handed_on && !report->trail.steps[0].answered);
	assert_string_equal(note(0, 0), "looks at it");
	assert_string_equal(note(0, 1), "sets all TTLs to 7 s");
	assert_string_equal(note(0, 2), "");
	assert_string_equal(note(1, 0), "");
	assert_true(report->trail.steps[2].answered);
	assert_string_equal(note(2, 0), "answers NOERROR, 1 record");
	assert_int_equal(n_fake_answers, 0); /* nothing goes to the net */
	end();
}

static void test_a_question_that_a_plugin_asks_lies_within_its_step(void **state)
{
	begin();
	assert_int_equal(follow("www.example.org", TYPE_CNAME, ""), 0);
	fake_pass_ms(&srv, 1);
	assert_int_equal(n_ended, 1);
	assert_int_equal(report->trail.n, 5);
	assert_true(report->trail.steps[1].waited && report->trail.steps[1].answered);
	assert_string_equal(note(1, 0), "asks the whole server for other.example.org. A");
	assert_int_equal(report->trail.steps[2].depth, 1);
	assert_int_equal(report->trail.steps[2].parent, 1);
	assert_int_equal(report->trail.steps[4].depth, 1);
	assert_string_equal(report->trail.steps[4].plugin, "answer");
	end();
}

static void test_the_deadline_ends_a_followed_question(void **state)
{
	begin();
	assert_int_equal(follow("www.example.org", TYPE_SRV, ""), 0);
	assert_int_equal(n_ended, 0);
	fake_pass_ms(&srv, 5000);
	assert_int_equal(n_ended, 1);
	assert_int_equal(report->rcode, RCODE_SERVFAIL);
	assert_true(report->trail.steps[2].waited);
	end();
}

static void test_a_name_of_no_zone_and_a_drop(void **state)
{
	begin();
	assert_int_equal(follow("www.example.com", TYPE_A, ""), 0);
	assert_int_equal(report->rcode, RCODE_REFUSED);
	assert_int_equal(report->trail.n, 0);
	assert_int_equal(follow("www.example.org", TYPE_NS, ""), 0);
	assert_true(report->dropped);
	assert_int_equal(report->reply_len, 0);
	end();
}

static void test_an_unknown_listener_is_told(void **state)
{
	begin();
	assert_int_equal(follow("www.example.org", TYPE_A, "dns://:1"), ERR_GONE);
	assert_int_equal(follow("www.example.org", TYPE_A, srv.gen->listeners[0].text), 0);
	assert_int_equal(n_ended, 1);
	end();
}

static void test_notes_are_bounded_in_number_and_length(void **state)
{
	static char longer[3000];

	begin();
	times = 2 * TRAIL_NOTES_MAX;
	assert_int_equal(follow("www.example.org", TYPE_A, ""), 0);
	assert_int_equal(report->notes.n, TRAIL_NOTES_MAX);
	memset(&report->notes, 0, sizeof(report->notes));
	memset(longer, 'x', sizeof(longer) - 1);
	words = longer;
	assert_int_equal(follow("www.example.org", TYPE_A, ""), 0);
	assert_true(report->notes.n < 32 && report->notes.used <= TRAIL_TEXT_MAX);
	end();
}

static void test_notes_are_printable_whatever_is_said(void **state)
{
	begin();
	words = "a\033[31m\n\377";
	assert_int_equal(follow("www.example.org", TYPE_A, ""), 0);
	assert_string_equal(note(0, 0), "a?[31m??");
	end();
}

static void test_reports_are_escaped_in_text_and_json(void **state)
{
	struct text t = {0}, j = {0};

	begin();
	assert_int_equal(follow("<i>\\027\\\".example.org", TYPE_TXT, ""), 0);
	trail_show_text(report, &t);
	assert_non_null(strstr(t.p, "<i>\\027\\\".example.org. 7 TXT \"a\\\"\\027b\""));
	assert_null(strchr(t.p, '\033'));
	trail_show_json(report, &j);
	assert_null(strchr(j.p, '<'));
	assert_non_null(strstr(j.p, "\"name\":\"\\u003ci\\u003e\\\\027\\\\\\\".example.org.\""));
	for (size_t i = 0; i < j.len; i++)
		assert_true((j.p[i] >= ' ' && j.p[i] <= '~') || j.p[i] == '\n');
	free(t.p);
	free(j.p);
	end();
}

static void test_records_of_any_type_are_shown(void **state)
{
	struct text t = {0};

	begin();
	assert_int_equal(follow("www.example.org", TYPE_A, ""), 0);
	trail_show_text(report, &t);
	assert_non_null(strstr(t.p, "answer: www.example.org. 7 A 192.0.2.1\n"));
	/* a message that ends within a record shows what is before it, and no more */
	report->reply_len = WIRE_HEADER_LEN + 21 + 6;
	t.len = 0;
	trail_show_text(report, &t);
	assert_null(strstr(t.p, "answer:"));
	free(t.p);
	end();
}

static void wrong(const char *name, const char *type, const char *client, const char *want)
{
	struct trail_question q;
	const char *why;

	assert_int_equal(trail_question(&q, name, type, NULL, client, &why), -22);
	assert_non_null(strstr(why, want));
}

static void test_words_that_are_no_question(void **state)
{
	struct trail_question q;
	const char *why;
	char listener[200];

	wrong("a..b", NULL, NULL, "domain name");
	wrong("", NULL, NULL, "domain name");
	wrong("a.example", "NOSUCH", NULL, "unknown type");
	wrong("a.example", "IXFR", NULL, "followed");
	wrong("a.example", NULL, "example.org", "IP address");
	memset(listener, 'x', sizeof(listener) - 1);
	listener[sizeof(listener) - 1] = '\0';
	assert_int_equal(trail_question(&q, "a", "A", listener, NULL, &why), -22);
	assert_int_equal(trail_question(&q, "a", "TYPE65", "dns://:53", "::1", &why), 0);
	assert_int_equal(q.type, 65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_plugin_has_a_step_with_what_it_said),
		cmocka_unit_test(test_a_question_that_a_plugin_asks_lies_within_its_step),
		cmocka_unit_test(test_the_deadline_ends_a_followed_question),
		cmocka_unit_test(test_a_name_of_no_zone_and_a_drop),
		cmocka_unit_test(test_an_unknown_listener_is_told),
		cmocka_unit_test(test_notes_are_bounded_in_number_and_length),
		cmocka_unit_test(test_notes_are_printable_whatever_is_said),
		cmocka_unit_test(test_reports_are_escaped_in_text_and_json),
		cmocka_unit_test(test_records_of_any_type_are_shown),
		cmocka_unit_test(test_words_that_are_no_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
