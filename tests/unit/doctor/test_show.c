// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/text.h"
#include "doctor/run.h"
#include "doctor/show.h"
#include "world.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static struct observation observed(struct observed_world *w, int server, enum ask_way way,
				   enum ask_outcome outcome)
{
	return (struct observation){.server = server,
				    .role = NAME_ASKED,
				    .name = w->asked,
				    .type = TYPE_A,
				    .cls = CLASS_IN,
				    .way = way,
				    .outcome = outcome,
				    .sent_ns = NS_PER_S,
				    .done_ns = NS_PER_S + 7 * NS_PER_MS,
				    .reply = {.n_wanted = 1, .min_ttl_s = 30, .ede = EDE_ABSENT}};
}

static void fill(struct observed_world *w)
{
	struct net_addr a = {
		.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201), .sin_port = htons(53)}};
	struct observation o;

	w->asked = world_name_of(w, "a\\027b.example");
	w->asked_text = "a";
	w->resolv.path = "/etc/resolv.conf";
	assert_int_equal(world_server(w, OBSERVED_POD, &a, "pod coredns-1", NULL), 0);
	for (enum ask_way way = 0; way < WAY_COOKIE; way++) {
		o = observed(w, 0, way, way == WAY_TCP ? OUTCOME_TIMEOUT : OUTCOME_ANSWERED);
		o.reply.flags = way == WAY_UDP_512 ? FLAG_TC : 0;
		o.reply.rcode = way == WAY_UDP_1232 ? RCODE_SERVFAIL : 0;
		assert_true(world_observation(w, &o) >= 0);
	}
	o = observed(w, 0, WAY_UDP_PLAIN, OUTCOME_TIMEOUT);
	assert_true(world_observation(w, &o) >= 0);
}

static const struct verdict_list verdicts = {.n = 1,
					     .v = {{.slug = VERDICT_TCP_BLOCKED_CLIENT,
						    .severity = SEVERITY_FAULT,
						    .server = 0,
						    .summary = "TCP does not get through",
						    .evidence = {{"4 of 4 connections", (const int[]){4}, 1}},
						    .n_evidence = 1,
						    .remedy = "let it through\nor so"}}};

static void the_first_two_lines_are_the_conclusion(void **state)
{
	struct text t = {0};

	fill(*state);
	show_table(&t, *state, &verdicts, false);
	assert_false(t.failed);
	assert_memory_equal(
		t.p,
		"fault found: TCP does not get through (tcp-blocked-client)\nwhat to do: let it through\n",
		80);
	free(t.p);
}

static void a_cell_says_what_came(void **state)
{
	struct text t = {0};

	fill(*state);
	show_table(&t, *state, &verdicts, false);
	assert_non_null(strstr(t.p, "pod coredns-1 192.0.2.1 1/2 timeout    cut 7ms        SERVFAIL 7ms   ok "
				    "7ms         timeout        -"));
	assert_non_null(strstr(t.p, "    - 4 of 4 connections\n    > let it through\n      or so\n"));
	free(t.p);
}

static void colours_come_only_when_asked_for(void **state)
{
	struct text t = {0};

	fill(*state);
	show_table(&t, *state, &verdicts, false);
	assert_null(strchr(t.p, '\033'));
	free(t.p);
	t = (struct text){0};
	show_table(&t, *state, &verdicts, true);
	assert_non_null(strstr(t.p, "\033[31m"));
	free(t.p);
}

static void names_are_shown_escaped(void **state)
{
	struct observed_world *w = *state;
	struct text t = {0};

	fill(w);
	show_table(&t, w, &verdicts, false);
	assert_non_null(strstr(t.p, "a\\027b.example"));
	free(t.p);
	assert_string_equal(world_safe(w, "a\033[2J\\\xff", 7, 100), "a\\027[2J\\\\\\255");
	assert_string_equal(world_safe(w, "abcdef", 6, 4), "abcd...");
}

static void json_is_json_and_refers_by_index(void **state)
{
	struct text t = {0};
	cJSON *o;
	const cJSON *v, *seen;

	fill(*state);
	show_json(&t, *state, &verdicts);
	o = cJSON_Parse(t.p);
	assert_non_null(o);
	v = cJSON_GetArrayItem(cJSON_GetObjectItem(o, "verdicts"), 0);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(v, "verdict")), "tcp-blocked-client");
	seen = cJSON_GetArrayItem(cJSON_GetObjectItem(o, "observations"), 4);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(seen, "outcome")), "timeout");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(seen, "reply")));
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "name")), "a\\027b.example");
	cJSON_Delete(o);
	free(t.p);
}

static void the_exit_status_is_the_worst(void **state)
{
	struct verdict_list v = {.n = 2, .v = {{.severity = SEVERITY_OK}, {.severity = SEVERITY_NOTE}}};

	assert_int_equal(doctor_exit_status(&v), 0);
	v.v[0].severity = SEVERITY_UNKNOWN;
	assert_int_equal(doctor_exit_status(&v), 2);
	v.v[1].severity = SEVERITY_FAULT;
	assert_int_equal(doctor_exit_status(&v), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_first_two_lines_are_the_conclusion),
		world_test(a_cell_says_what_came),
		world_test(colours_come_only_when_asked_for),
		world_test(names_are_shown_escaped),
		world_test(json_is_json_and_refers_by_index),
		cmocka_unit_test(the_exit_status_is_the_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
