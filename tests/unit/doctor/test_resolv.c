// SPDX-License-Identifier: Apache-2.0
#include "doctor/resolv.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define POD                                                                                                  \
	"search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions "  \
	"ndots:5\n"

static void load(struct observed_world *w, const char *text, const char *typed)
{
	resolv_parse(w, text, 53);
	w->asked = world_name_of(w, typed);
	w->asked_absolute = typed[strlen(typed) - 1] == '.';
	resolv_walks(w, typed);
}

static void assert_walk(struct observed_world *w, enum libc libc, const char *expected)
{
	const struct resolv_walk *walk = &w->resolv.walk[libc];
	char text[2000] = "";

	for (unsigned i = 0; i < walk->n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 world_name_text(w, walk->names[i]));
	assert_string_equal(text, expected);
}

/* A resolver's answer to a candidate. */
static void say(struct observed_world *w, const char *name, unsigned rcode, unsigned n)
{
	const struct observation o = {.role = NAME_CANDIDATE,
				      .name = world_name_of(w, name),
				      .type = TYPE_A,
				      .cls = CLASS_IN,
				      .outcome = OUTCOME_ANSWERED,
				      .reply = {.rcode = (uint16_t)rcode, .n_wanted = (uint16_t)n}};

	assert_true(world_observation(w, &o) >= 0);
}

static void the_file_is_read_as_the_libcs_do(void **state)
{
	struct observed_world *w = *state;
	const struct observed_resolv *r = &w->resolv;

	load(w,
	     "# a comment\n; another\ndomain lost.example\nsearch a.example\tb.example \r\n"
	     "nameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver nonsense\nnameserver "
	     "192.0.2.3\nnameserver 192.0.2.4\n"
	     "options ndots:99 timeout:3 attempts:77 rotate single-request use-vc unknown-thing\noptions "
	     "edns0 no-aaaa\n"
	     "nameserver\n",
	     "x");
	assert_int_equal(r->n_servers, 3);
	assert_int_equal(r->n_servers_ignored, 1);
	assert_string_equal(w->servers[r->servers[1]].label, "resolver 2001:db8::1");
	assert_int_equal(r->n_search, 2);
	assert_name(w, r->search[1], "b.example");
	assert_int_equal(r->ndots, 15);
	assert_int_equal(r->timeout_s, 3);
	assert_int_equal(r->attempts, 5);
	assert_true(r->rotate && r->single_request && r->use_vc && r->edns0 && r->no_aaaa);
	assert_false(r->trust_ad);
}

static void a_file_that_is_not_there_is_told(void **state)
{
	struct observed_world *w = *state;

	resolv_load(w, "/nonexistent/resolv.conf", 53);
	assert_string_equal(w->resolv.error, "No such file or directory");
	assert_int_equal(w->resolv.ndots, 1);
}

static void few_dots_search_first_in_both(void **state)
{
	struct observed_world *w = *state;

	load(w, POD, "web.shop");
	assert_walk(w, LIBC_GLIBC,
		    "web.shop.default.svc.cluster.local web.shop.svc.cluster.local "
		    "web.shop.cluster.local web.shop");
	assert_walk(w, LIBC_MUSL,
		    "web.shop.default.svc.cluster.local web.shop.svc.cluster.local "
		    "web.shop.cluster.local web.shop");
}

static void many_dots_are_never_searched_by_musl_and_last_by_glibc(void **state)
{
	struct observed_world *w = *state;

	load(w, "search a.example\noptions ndots:1\n", "web.shop");
	assert_walk(w, LIBC_GLIBC, "web.shop web.shop.a.example");
	assert_walk(w, LIBC_MUSL, "web.shop");
}

static void a_final_dot_is_not_searched(void **state)
{
	struct observed_world *w = *state;

	load(w, POD, "web.shop.");
	assert_walk(w, LIBC_GLIBC, "web.shop");
	assert_walk(w, LIBC_MUSL, "web.shop");
}

static void the_root_in_the_search_path_stands_for_the_name_itself(void **state)
{
	struct observed_world *w = *state;

	load(w, "search . a.example\noptions ndots:2\n", "web");
	assert_walk(w, LIBC_GLIBC, "web web.a.example");
}

static void names_that_become_too_long_are_left_out(void **state)
{
	struct observed_world *w = *state;
	char line[400] = "search ";

	for (int i = 0; i < 4; i++)
		strcat(line, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz012345.");
	strcat(line, "\noptions ndots:5\n");
	load(w, line, "abcdefghijklmnopqrstuvwxyz");
	assert_int_equal(w->resolv.walk[LIBC_GLIBC].n, 1);
}

static void musl_gives_up_where_glibc_goes_on(void **state)
{
	struct observed_world *w = *state;

	load(w, POD, "web.shop");
	say(w, "web.shop.default.svc.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "web.shop.svc.cluster.local", RCODE_SERVFAIL, 0);
	say(w, "web.shop.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "web.shop", RCODE_NOERROR, 1);
	resolv_walks_end(w);
	assert_int_equal(w->resolv.walk[LIBC_GLIBC].end, WALK_FOUND);
	assert_int_equal(w->resolv.walk[LIBC_GLIBC].ends_at, 3);
	assert_int_equal(w->resolv.walk[LIBC_MUSL].end, WALK_STOPPED);
	assert_int_equal(w->resolv.walk[LIBC_MUSL].ends_at, 1);
	assert_name(w, w->asked, "web.shop");
}

static void questions_until_the_name_are_counted(void **state)
{
	struct observed_world *w = *state;

	load(w, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n" POD, "www.example.org");
	say(w, "www.example.org.default.svc.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "www.example.org.svc.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "www.example.org.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "www.example.org", RCODE_NOERROR, 2);
	resolv_walks_end(w);
	assert_int_equal(w->resolv.walk[LIBC_GLIBC].n_until_asked, 8); /* four names, A and AAAA */
	assert_int_equal(w->resolv.walk[LIBC_MUSL].n_until_asked, 24); /* at three servers each */
}

static void a_failing_candidate_among_denied_ones_is_what_is_asked(void **state)
{
	struct observed_world *w = *state;

	load(w, POD, "www.example.org");
	say(w, "www.example.org.default.svc.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "www.example.org.svc.cluster.local", RCODE_SERVFAIL, 0);
	say(w, "www.example.org.cluster.local", RCODE_NXDOMAIN, 0);
	say(w, "www.example.org", RCODE_NXDOMAIN, 0);
	resolv_walks_end(w);
	assert_name(w, w->asked, "www.example.org.svc.cluster.local");
	assert_int_equal(w->resolv.walk[LIBC_GLIBC].end, WALK_ABSENT);
}

static void a_lost_word_is_completed_and_a_lost_name_is_not(void **state)
{
	struct observed_world *w = *state;

	load(w, POD, "web");
	resolv_walks_end(w);
	assert_name(w, w->asked, "web.default.svc.cluster.local");
	assert_int_equal(w->resolv.walk[LIBC_GLIBC].end, WALK_UNKNOWN);
}

static void what_the_api_knows_decides(void **state)
{
	struct observed_world *w = *state;

	load(w, POD, "web.shop");
	w->kube.target.applies = w->kube.target.exists = true;
	w->kube.target.name = world_name_of(w, "web.shop.svc.cluster.local");
	say(w, "web.shop", RCODE_NOERROR, 1);
	resolv_walks_end(w);
	assert_name(w, w->asked, "web.shop.svc.cluster.local");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_file_is_read_as_the_libcs_do),
		world_test(a_file_that_is_not_there_is_told),
		world_test(few_dots_search_first_in_both),
		world_test(many_dots_are_never_searched_by_musl_and_last_by_glibc),
		world_test(a_final_dot_is_not_searched),
		world_test(the_root_in_the_search_path_stands_for_the_name_itself),
		world_test(names_that_become_too_long_are_left_out),
		world_test(musl_gives_up_where_glibc_goes_on),
		world_test(questions_until_the_name_are_counted),
		world_test(a_failing_candidate_among_denied_ones_is_what_is_asked),
		world_test(a_lost_word_is_completed_and_a_lost_name_is_not),
		world_test(what_the_api_knows_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
