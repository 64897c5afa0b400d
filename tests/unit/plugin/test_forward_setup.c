// SPDX-License-Identifier: Apache-2.0
/* The grammar of `forward`: what is read, what is refused, in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "corefile/corefile.h"
#include "plugin/forward/forward.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
	struct arena a;
	struct cf_errors errs;
	struct forward f;
	unsigned n_notes;
};

static struct reading *current;

static void note(struct setup *s, const void *data, size_t len)
{
	(void)s;
	assert_int_equal(strlen(data) + 1, len);
	current->n_notes++;
}

/* Read a block with these lines; the result of setup. */
static int read_block(struct reading *r, const char *lines)
{
	struct corefile cf;
	struct cf_cursor in;
	struct setup s = {.in = &in, .arena = &r->a, .note_content = note};
	char text[4096];
	int n = snprintf(text, sizeof(text), ". {\n%s\n}\n", lines);

	memset(r, 0, sizeof(*r));
	current = r;
	arena_init(&r->a, NULL, 0, NULL);
	cf_errors_init(&r->errs, &r->a);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	assert_int_equal(corefile_parse(&r->a, "Corefile", text, (size_t)n, &cf_source_system, &r->errs, &cf),
			 0);
	assert_int_equal(cf_cursor_init(&in, &r->a, &cf.blocks[0], "forward", &r->errs), 0);
	return forward_setup(&s, &r->f);
}

static void done(struct reading *r)
{
	arena_fini(&r->a);
}

static void accepts(struct reading *r, const char *lines)
{
	int err = read_block(r, lines);

	for (const struct cf_error *e = r->errs.first; e; e = e->next)
		if (!e->warning)
			print_message("%s: %u: %s\n", lines, e->line, e->text);
	assert_int_equal(err, 0);
	assert_int_equal(r->errs.n_errors, 0);
}

static void refuses(const char *lines, const char *words)
{
	struct reading r;

	assert_int_not_equal(read_block(&r, lines), 0);
	assert_true(r.errs.n_errors > 0);
	if (!strstr(r.errs.first->text, words))
		fail_msg("%s: said \"%s\", expected \"%s\"", lines, r.errs.first->text, words);
	assert_int_not_equal(r.errs.first->line, 0);
	done(&r);
}

static void targets_are(const struct forward_rule *rule, const char *const *want)
{
	unsigned i = 0;

	for (; want[i]; i++) {
		assert_true(i < rule->config.n_targets);
		assert_string_equal(rule->config.targets[i].text, want[i]);
	}
	assert_int_equal(rule->config.n_targets, i);
}

/* ---------------------------------------------------------------- what is read */

static void test_defaults(void **state)
{
	struct reading r;
	const struct upstream_config *c;

	(void)state;
	accepts(&r, "forward . 192.0.2.1 192.0.2.2:5353");
	c = &r.f.rules[0].config;
	assert_int_equal(r.f.n, 1);
	assert_int_equal(c->policy, POLICY_RANDOM);
	assert_int_equal(c->read_timeout_ns, 2 * NS_PER_S);
	assert_int_equal(c->expire_ns, 10 * NS_PER_S);
	assert_int_equal(c->max_age_ns, 0);
	assert_int_equal(c->max_idle_conns, 0);
	assert_int_equal(c->max_fails, 2);
	assert_int_equal(c->max_connect_attempts, 4);
	assert_int_equal(c->health_interval_ns, 500 * NS_PER_MS);
	assert_null(c->health_domain);
	assert_int_equal(c->max_concurrent, 0);
	assert_false(c->force_tcp || c->prefer_udp || c->tc_passthrough || c->failfast || c->health_no_rec ||
		     c->no_hedge || c->case_randomization);
	assert_int_equal(c->cookies, COOKIES_AUTO);
	assert_null(c->targets[0].pace);
	targets_are(&r.f.rules[0], (const char *const[]){"192.0.2.1:53", "192.0.2.2:5353", NULL});
	assert_int_equal(r.n_notes, 2);
	done(&r);
}

static void test_every_option(void **state)
{
	struct reading r;
	const struct forward_rule *f;
	const struct upstream_config *c;
	uint8_t name[WIRE_NAME_MAX];

	(void)state;
	accepts(&r, "forward corp.example 192.0.2.1 {\n"
		    "except a.corp.example b.corp.example\n"
		    "except c.corp.example\n"
		    "force_tcp\n"
		    "prefer_udp\n"
		    "expire 5s\n"
		    "max_age 1m\n"
		    "max_idle_conns 7\n"
		    "read_timeout 300ms\n"
		    "max_fails 3\n"
		    "max_connect_attempts 0\n"
		    "health_check 1s no_rec domain health.example\n"
		    "policy sequential\n"
		    "max_concurrent 1000\n"
		    "next NXDOMAIN servfail\n"
		    "next_on_nodata\n"
		    "failover SERVFAIL REFUSED\n"
		    "failfast_all_unhealthy_upstreams\n"
		    "source_address 192.0.2.9\n"
		    "resolver 192.0.2.53 192.0.2.54:5353\n"
		    "tc passthrough\n"
		    "hedge off\n"
		    "cookie on\n"
		    "case_randomization\n"
		    "pace 1000 eth0\n"
		    "}");
	f = &r.f.rules[0];
	c = &f->config;
	assert_true(wire_name_from_text("corp.example", name) > 0);
	assert_true(wire_name_equal(f->from, name));
	assert_int_equal(f->n_except, 3);
	assert_true(c->force_tcp && c->prefer_udp && c->failfast && c->tc_passthrough && c->health_no_rec &&
		    c->no_hedge && c->cookies == COOKIES_ON && c->case_randomization);
	assert_int_equal(c->expire_ns, 5 * NS_PER_S);
	assert_int_equal(c->max_age_ns, 60 * NS_PER_S);
	assert_int_equal(c->max_idle_conns, 7);
	assert_int_equal(c->read_timeout_ns, 300 * NS_PER_MS);
	assert_int_equal(c->max_fails, 3);
	assert_int_equal(c->max_connect_attempts, 0);
	assert_int_equal(c->health_interval_ns, NS_PER_S);
	assert_true(wire_name_from_text("health.example", name) > 0);
	assert_true(wire_name_equal(c->health_domain, name));
	assert_int_equal(c->policy, POLICY_SEQUENTIAL);
	assert_int_equal(c->max_concurrent, 1000);
	assert_int_equal(f->next_rcodes, 1u << RCODE_NXDOMAIN | 1u << RCODE_SERVFAIL);
	assert_true(f->next_on_nodata);
	assert_int_equal(c->failover_rcodes, 1u << RCODE_REFUSED | 1u << RCODE_SERVFAIL);
	assert_int_equal(c->targets[0].pace->rate, 1000);
	assert_string_equal(c->targets[0].pace->name, "eth0");
	assert_int_equal(net_addr_family(c->source), 1);
	done(&r);
}

static void test_budgets_of_some_upstreams(void **state)
{
	const struct upstream_target *t;
	struct reading r;

	(void)state;
	accepts(&r, "forward . 192.0.2.1 192.0.2.2 192.0.2.3:5353 192.0.2.4 {\npace 100 a 192.0.2.2 192.0.2.3:5353\npace 50\n}");
	t = r.f.rules[0].config.targets;
	assert_string_equal(t[0].pace->name, "192.0.2.1:53");
	assert_int_equal(t[0].pace->rate, 50);
	assert_string_equal(t[1].pace->name, "a");
	assert_ptr_equal(t[1].pace, t[2].pace);
	assert_int_equal(t[2].pace->rate, 100);
	assert_ptr_equal(t[3].pace, t[0].pace);
	done(&r);
	accepts(&r, "forward . 192.0.2.1 192.0.2.2 {\npace 100 a 192.0.2.2\n}");
	assert_null(r.f.rules[0].config.targets[0].pace);
	done(&r);
}

static void test_health_check_line_resets_the_domain(void **state)
{
	struct reading r;

	(void)state;
	accepts(&r, "forward . 192.0.2.1 {\nhealth_check 1s domain example.org\nhealth_check 2s\n}");
	assert_null(r.f.rules[0].config.health_domain);
	done(&r);
}

static void test_target_forms(void **state)
{
	struct reading r;

	(void)state;
	accepts(&r, "forward . dns://192.0.2.1 192.0.2.2:54 2001:db8::1 [2001:db8::2]:55 dns://[2001:db8::3] "
		    "fe80::1%lo "
		    "[fe80::2%lo]:56");
	targets_are(&r.f.rules[0], (const char *const[]){"192.0.2.1:53", "192.0.2.2:54", "[2001:db8::1]:53",
							 "[2001:db8::2]:55", "[2001:db8::3]:53",
							 "[fe80::1%lo]:53", "[fe80::2%lo]:56", NULL});
	done(&r);
}

static void test_duplicates_are_removed(void **state)
{
	struct reading r;

	(void)state;
	accepts(&r, "forward . 192.0.2.1 dns://192.0.2.1 192.0.2.1:53 192.0.2.1:54");
	targets_are(&r.f.rules[0], (const char *const[]){"192.0.2.1:53", "192.0.2.1:54", NULL});
	assert_int_equal(r.f.rules[0].config.max_connect_attempts, 4);
	done(&r);
}

static void test_several_directives_keep_their_order(void **state)
{
	struct reading r;

	(void)state;
	accepts(&r, "forward a.example 192.0.2.1\nforward b.example 192.0.2.2 {\nmax_fails 9\n}\nforward . "
		    "192.0.2.3");
	assert_int_equal(r.f.n, 3);
	assert_int_equal(r.f.rules[1].config.max_fails, 9);
	assert_int_equal(r.f.rules[2].config.max_fails, 2);
	assert_string_equal(r.f.rules[2].config.targets[0].text, "192.0.2.3:53");
	done(&r);
}

static void test_from_as_prefix(void **state)
{
	struct reading r;
	uint8_t name[WIRE_NAME_MAX];

	(void)state;
	accepts(&r, "forward 10.20.0.0/16 192.0.2.1");
	assert_true(wire_name_from_text("20.10.in-addr.arpa", name) > 0);
	assert_true(wire_name_equal(r.f.rules[0].from, name));
	done(&r);
	accepts(&r, "forward 10.20.0.0/15 192.0.2.1");
	assert_int_equal(r.errs.n_warnings, 1);
	assert_non_null(strstr(r.errs.first->text, "only the first"));
	done(&r);
}

/* ---------------------------------------------------------------- files */

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_file_gives_its_nameservers(void **state)
{
	char path[] = "/tmp/resolv-XXXXXX", lines[100];
	struct reading r;

	(void)state;
	write_file(path, "# x\nsearch lan\nnameserver 127.0.0.9\nnameserver fe80::1%lo\n");
	(void)snprintf(lines, sizeof(lines), "forward . %s 192.0.2.1", path);
	accepts(&r, lines);
	targets_are(&r.f.rules[0],
		    (const char *const[]){"127.0.0.9:53", "[fe80::1%lo]:53", "192.0.2.1:53", NULL});
	done(&r);
	unlink(path);
}

static void test_file_without_nameservers_is_passed_over_or_named(void **state)
{
	char path[] = "/tmp/resolv-XXXXXX", lines[100];
	struct reading r;

	(void)state;
	write_file(path, "search example.org\n");
	(void)snprintf(lines, sizeof(lines), "forward . %s 192.0.2.1", path);
	accepts(&r, lines);
	targets_are(&r.f.rules[0], (const char *const[]){"192.0.2.1:53", NULL});
	done(&r);
	(void)snprintf(lines, sizeof(lines), "forward . %s", path);
	refuses(lines, path);
	unlink(path);
}

/* ---------------------------------------------------------------- what is refused */

static void test_refusals(void **state)
{
	static const struct {
		const char *lines, *words;
	} t[] = {
		{"forward", "expected FROM"},
		{"forward .", "expected at least one TO"},
		{"forward a..b 192.0.2.1", "a..b"},
		{"forward . /nonexistent/resolv.conf", "cannot be read"},
		{"forward . 192.0.2.1:0", "host name"},
		{"forward . [192.0.2.1", "[192.0.2.1"},
		{"forward . https://192.0.2.1/dns-query", "path"},
		{"forward . https://192.0.2.1", "not in this build yet"},
		{"forward . tls://192.0.2.1", "not in this build yet"},
		{"forward . quic://192.0.2.1", "quic://"},
		{"forward . grpc://192.0.2.1", "grpc://"},
		{"forward . unix:///run/dns", "unix://"},
		{"forward . 192.0.2.1 {\nno_such_property 3\n}", "unknown option"},
		{"forward . 192.0.2.1 {\nmax_fail 3\n}", "max_fails"},
		{"forward . 192.0.2.1 {\nexcept\n}", "except"},
		{"forward . 192.0.2.1 {\nforce_tcp yes\n}", "no argument"},
		{"forward . 192.0.2.1 {\nexpire -1s\n}", "-1s"},
		{"forward . 192.0.2.1 {\nexpire 10\n}", "10"},
		{"forward . 192.0.2.1 {\nmax_age 5s\n}", "max_age"},
		{"forward . 192.0.2.1 {\nread_timeout 0\n}", "0"},
		{"forward . 192.0.2.1 {\nmax_fails -1\n}", "-1"},
		{"forward . 192.0.2.1 {\nmax_fails 4294967296\n}", "4294967296"},
		{"forward . 192.0.2.1 {\nmax_concurrent -1\n}", "-1"},
		{"forward . 192.0.2.1 {\nhealth_check 1s no_such\n}", "no_such"},
		{"forward . 192.0.2.1 {\nhealth_check 1s domain\n}", "domain name"},
		{"forward . 192.0.2.1 {\npolicy fastest\n}", "fastest"},
		{"forward . 192.0.2.1 {\nnext NOSUCH\n}", "NOSUCH"},
		{"forward . 192.0.2.1 {\nnext\n}", "next"},
		{"forward . 192.0.2.1 {\nfailover NOERROR\n}", "NOERROR"},
		{"forward . 192.0.2.1 {\nsource_address eth0\n}", "eth0"},
		{"forward . 192.0.2.1 {\nresolver example.org\n}", "example.org"},
		{"forward . 192.0.2.1 {\ntls\n}", "not in this build yet"},
		{"forward . 192.0.2.1 {\ntls_servername example.org\n}", "not in this build yet"},
		{"forward . 192.0.2.1 {\ndoh_method GET\n}", "not in this build yet"},
		{"forward . 192.0.2.1 {\ntc drop\n}", "drop"},
		{"forward . 192.0.2.1 {\nhedge 5\n}", "5"},
		{"forward . 192.0.2.1 {\ncookie yes\n}", "yes"},
		{"forward . 192.0.2.1 {\ncase_randomization on\n}", "no argument"},
		{"forward . 192.0.2.1 {\npace 5\n}", "5"},
		{"forward . 192.0.2.1 {\npace\n}", "pace"},
		{"forward . 192.0.2.1 {\npace 100\npace 200 b\n}", "given twice"},
		{"forward . 192.0.2.1 {\npace 100 a 192.0.2.2\n}", "no upstream of this line"},
		{"forward . 192.0.2.1 {\npace 100 a 192.0.2.1\npace 100 b 192.0.2.1:53\n}", "twice"},
		{"forward . 192.0.2.1 {\npace 100 a example.org\n}", "expected the address"},
		{"forward . 192.0.2.1 {\npace 100 "
		 "0123456789012345678901234567890123456789012345678901234567890123\n}",
		 "longer than"},
		{"forward . 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 "
		 "192.0.2.9 "
		 "192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 192.0.2.15 192.0.2.16",
		 "more than 15"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		refuses(t[i].lines, t[i].words);
}

static void test_all_errors_of_a_block_are_found(void **state)
{
	struct reading r;

	(void)state;
	assert_int_not_equal(
		read_block(&r,
			   "forward . tls://192.0.2.1 {\npolicy x\nexpire y\n}\nforward . {\nmax_fails z\n}"),
		0);
	assert_int_equal(r.errs.n_errors, 4);
	done(&r);
}

static void test_fifteen_targets_are_allowed(void **state)
{
	struct reading r;

	(void)state;
	accepts(&r, "forward . 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 "
		    "192.0.2.8 192.0.2.9 "
		    "192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 192.0.2.15");
	assert_int_equal(r.f.rules[0].config.n_targets, 15);
	assert_int_equal(r.f.rules[0].config.max_connect_attempts, 30);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_budgets_of_some_upstreams),
		cmocka_unit_test(test_health_check_line_resets_the_domain),
		cmocka_unit_test(test_target_forms),
		cmocka_unit_test(test_duplicates_are_removed),
		cmocka_unit_test(test_several_directives_keep_their_order),
		cmocka_unit_test(test_from_as_prefix),
		cmocka_unit_test(test_file_gives_its_nameservers),
		cmocka_unit_test(test_file_without_nameservers_is_passed_over_or_named),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_all_errors_of_a_block_are_found),
		cmocka_unit_test(test_fifteen_targets_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
