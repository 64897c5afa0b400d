// SPDX-License-Identifier: Apache-2.0
/* Metadata: asked for, left on the way, and for whom. */

#include "fake_door.h"
#include "server/metadata.h"
#include "server/zone_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- plugins */

static struct metadata_label *given, *left, *unwanted;
static char seen[600];
static unsigned asked;

static int no_setup(struct setup *s, void *state)
{
	(void)state;
	while (cf_directive(s->in))
		;
	return 0;
}

/* `on` switches metadata on for example.org. */
static int on_setup(struct setup *s, void *state)
{
	struct zone_list *z = state;
	const struct cf_token *t;

	while (cf_directive(s->in)) {
		while (cf_arg(s->in, &t))
			cf_zone_arg(s->arena, t, s->in->errs, &z->keys);
		z->all = z->keys.n == 0;
	}
	s->block->metadata = z;
	return 0;
}

static const char *provide(const void *state, struct query *q, const struct metadata_label *l)
{
	(void)state;
	(void)q;
	asked++;
	return l == given ? "given" : NULL;
}

static enum step show(const void *state, struct query *q, void *scratch)
{
	const char *a = metadata_get(q, given), *b = metadata_get(q, left), *c = metadata_get(q, unwanted);

	(void)state;
	(void)scratch;
	(void)snprintf(seen, sizeof(seen), "%s %s %s", a ? a : "-", b ? b : "-", c ? c : "-");
	return STEP_NEXT;
}

static void sub_ended(struct query *parent, struct query *sub, void *arg)
{
	(void)arg;
	reply_begin(parent, sub->reply.rcode, true);
	query_resume(parent, STEP_DONE);
}

/* SRV questions are answered by the rest of the chain, asked as a query of its own. */
static enum step ask_rest(const void *state, struct query *q, void *scratch)
{
	(void)state;
	(void)scratch;
	if (q->in.qtype != TYPE_SRV)
		return STEP_NEXT;
	assert_int_equal(query_sub(q, QUERY_CHAIN, q->in.qname, TYPE_A, sub_ended, NULL), 0);
	return STEP_WAIT;
}

static enum step answer_query(const void *state, struct query *q, void *scratch)
{
	char text[300];

	(void)state;
	(void)scratch;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	metadata_set(q, unwanted, "never");
	metadata_set(q, left, "first");
	metadata_set(q, left, q->in.qtype == TYPE_TXT ? text : "left");
	if (q->in.qtype == TYPE_MX)
		metadata_set(q, given, "left over it");
	reply_begin(q, RCODE_NOERROR, true);
	return STEP_DONE;
}

static const struct plugin on = {.name = "on", .setup = on_setup, .state_size = sizeof(struct zone_list)};
static const struct plugin shower = {.name = "show", .setup = no_setup, .reply = show, .metadata = provide};
static const struct plugin rest = {.name = "rest", .setup = no_setup, .query = ask_rest};
static const struct plugin answer = {.name = "answer", .setup = no_setup, .query = answer_query};

const struct plugin_slot plugin_table[] = {{"on", &on}, {"show", &shower}, {"rest", &rest}, {"answer", &answer}};
const size_t plugin_table_len = 4;

/* ---------------------------------------------------------------- tests */

static const char *ask(const char *first_line, const char *name, uint16_t type)
{
	struct fake_server s;
	char corefile[200];

	(void)snprintf(corefile, sizeof(corefile), ".:53 {\n%s\nshow\nrest\nanswer\n}\n", first_line);
	seen[0] = '\0';
	asked = 0;
	fake_server_start(&s, corefile, &query_limits_default);
	fake_ask(&s, name, type, 7, false, false);
	fake_pass_ms(&s, 1);
	fake_server_stop(&s);
	return seen;
}

static int make_labels(void **state)
{
	(void)state;
	unwanted = metadata_label("test/unwanted");
	left = metadata_want("test/left");
	given = metadata_want("test/given");
	return unwanted && left && given ? 0 : -1;
}

static void test_a_block_without_the_directive_has_none(void **state)
{
	(void)state;
	assert_string_equal(ask("", "a.example.org.", TYPE_A), "- - -");
	assert_int_equal(asked, 0);
}

static void test_values_are_given_or_left_and_unwanted_ones_dropped(void **state)
{
	(void)state;
	assert_string_equal(ask("on", "a.example.org.", TYPE_A), "given left -");
	assert_int_equal(asked, 1);
}

static void test_what_was_left_wins(void **state)
{
	(void)state;
	assert_string_equal(ask("on", "a.example.org.", TYPE_MX), "left over it left -");
}

static void test_zones_limit_who_is_asked(void **state)
{
	(void)state;
	assert_string_equal(ask("on example.org", "a.example.org.", TYPE_A), "given left -");
	assert_string_equal(ask("on example.org", "a.example.net.", TYPE_A), "- left -");
}

static void test_the_rest_of_a_chain_leaves_its_values_to_who_waits(void **state)
{
	(void)state;
	assert_string_equal(ask("on", "a.example.org.", TYPE_SRV), "given left -");
}

static void test_long_values_are_cut(void **state)
{
	(void)state;
	ask("on", "a.example.org.", TYPE_TXT);
	assert_int_equal(strlen(seen), strlen("given ") + METADATA_TEXT_MAX + strlen(" -"));
}

static void test_a_label_is_one_for_the_process(void **state)
{
	(void)state;
	assert_ptr_equal(metadata_label("test/left"), left);
	assert_ptr_not_equal(metadata_label("test/Left"), left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_block_without_the_directive_has_none),
		cmocka_unit_test(test_values_are_given_or_left_and_unwanted_ones_dropped),
		cmocka_unit_test(test_what_was_left_wins),
		cmocka_unit_test(test_zones_limit_who_is_asked),
		cmocka_unit_test(test_the_rest_of_a_chain_leaves_its_values_to_who_waits),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_a_label_is_one_for_the_process),
	};

	return cmocka_run_group_tests(tests, make_labels, NULL);
}
