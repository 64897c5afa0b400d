// SPDX-License-Identifier: Apache-2.0
/* Probes, down upstreams, and upstreams that lose questions while they answer probes. */
#include "rig.h"

#include <errno.h>

static unsigned n_probes, drop_probes;
static struct heard last_probe;

static bool is_probe(const struct heard *q)
{
	return q->type == TYPE_NS;
}

/* Answers probes but the first drop_probes, and nothing else. */
static void only_probes(struct heard *q)
{
	if (!is_probe(q))
		return;
	n_probes++;
	last_probe = *q;
	if (drop_probes) {
		drop_probes--;
		return;
	}
	site_answer(q, RCODE_REFUSED, 0, 0);
}

static void begin(struct rig *r, struct site *up, unsigned n)
{
	n_probes = drop_probes = 0;
	rig_begin(r, up, n);
}

static unsigned fails(const struct rig *r, unsigned i)
{
	return r->set->servers[i].fails;
}

static void test_probes_start_with_an_error_and_end_with_an_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = only_probes};
	struct rig r;

	begin(&r, &up, 1);
	r.config.read_timeout_ns = 200 * NS_PER_MS;
	r.config.health_interval_ns = 150 * NS_PER_MS;
	rig_start(&r);
	door_pass_ms(r.loop, 5000);
	assert_int_equal(n_probes, 0);
	drop_probes = 1;
	assert_int_not_equal(rig_get(&r, "example.org")->err, 0);
	door_pass_ms(r.loop, 10000);
	assert_int_equal(n_probes, 2);
	assert_int_equal(fails(&r, 0), 0);
	assert_int_equal(rig_count(&r, 0, probe_failures), 1);
	assert_int_equal(last_probe.name_len, 1);
	assert_true(last_probe.flags & FLAG_RD);
	assert_false(last_probe.edns);
	assert_false(last_probe.tcp);
	rig_end(&r);
}

static void test_probe_options(void **state)
{
	static const uint8_t domain[] = "\7example\3org";
	struct site up = {.address = "192.0.2.1", .script = only_probes};
	struct rig r;

	begin(&r, &up, 1);
	r.config.health_no_rec = true;
	r.config.health_domain = domain;
	r.config.force_tcp = true;
	r.config.read_timeout_ns = 200 * NS_PER_MS;
	rig_start(&r);
	(void)rig_get(&r, "example.org");
	door_pass_ms(r.loop, 2000);
	assert_int_equal(n_probes, 2); /* one for each of two errors */
	assert_true(last_probe.tcp);
	assert_false(last_probe.flags & FLAG_RD);
	assert_int_equal(last_probe.name_len, sizeof(domain));
	assert_memory_equal(last_probe.name, domain, sizeof(domain));
	rig_end(&r);
}

static void test_max_fails_zero_means_no_probes(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_SILENT};
	struct rig r;

	begin(&r, &up, 1);
	r.config.max_fails = 0;
	r.config.read_timeout_ns = 100 * NS_PER_MS;
	rig_start(&r);
	for (int i = 0; i < 5; i++)
		(void)rig_get(&r, "example.org");
	up.udp = SITE_OPEN;
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.n_udp, 1);
	rig_end(&r);
}

static void test_down_upstream_is_skipped_and_comes_back(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .udp = SITE_SILENT}, {.address = "192.0.2.2"}};
	struct rig r;
	const struct outcome *o;

	begin(&r, up, 2);
	r.config.read_timeout_ns = 600 * NS_PER_MS;
	r.config.health_interval_ns = 100 * NS_PER_MS;
	r.config.max_fails = 1;
	r.config.no_hedge = true;
	rig_start(&r);
	assert_in_range(rig_get(&r, "example.org")->ms, 600, 610);
	door_pass_ms(r.loop, 3600);
	assert_int_equal(r.set->servers[0].fails > 1, 1);
	o = rig_get(&r, "example.org");
	assert_in_range(o->ms, 0, 5);
	assert_string_equal(o->upstream, "192.0.2.2:53");
	up[0].udp = SITE_OPEN;
	door_pass_ms(r.loop, 1500);
	assert_string_equal(rig_get(&r, "example.org")->upstream, "192.0.2.1:53");
	rig_end(&r);
}

static void bring_all_down(struct rig *r)
{
	(void)rig_get(r, "example.org");
	door_pass_ms(r->loop, 10000);
	for (unsigned i = 0; i < r->set->n; i++)
		assert_true(fails(r, i) > r->set->c.max_fails);
}

static void test_all_down_asks_one_once(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .udp = SITE_SILENT},
			     {.address = "192.0.2.2", .udp = SITE_SILENT}};
	struct rig r;
	const struct outcome *o;

	begin(&r, up, 2);
	rig_start(&r);
	bring_all_down(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -ETIMEDOUT);
	assert_in_range(o->ms, 2000, 2010);
	assert_int_equal(metrics_sum(r.set->all_down), 1);
	up[0].udp = up[1].udp = SITE_OPEN;
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	rig_end(&r);
}

static void test_failfast_asks_nobody(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_REFUSED};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	r.config.failfast = true;
	r.config.health_interval_ns = 60 * NS_PER_S;
	r.config.max_fails = 1;
	rig_start(&r);
	(void)rig_get(&r, "example.org");
	door_pass_ms(r.loop, 121000);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, ERR_GONE);
	assert_string_equal(o->error, "no healthy proxies");
	assert_int_equal(o->ede, EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(o->ms, 0);
	rig_end(&r);
}

static void test_health_check_zero_does_not_spin(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_REFUSED};
	struct rig r;

	begin(&r, &up, 1);
	r.config.health_interval_ns = 0;
	rig_start(&r);
	(void)rig_get(&r, "example.org");
	door_pass_ms(r.loop, 1000);
	assert_in_range(fails(&r, 0), 20, 110);
	rig_end(&r);
}

static void test_upstream_that_loses_questions_is_asked_last(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = only_probes}, {.address = "192.0.2.2"}};
	struct rig r;
	const struct outcome *o;

	begin(&r, up, 2);
	rig_start(&r);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
		door_pass_ms(r.loop, 200);
	}
	for (int i = 0; i < 12; i++) {
		o = rig_get(&r, "example.org");
		assert_int_equal(o->err, 0);
		assert_in_range(o->ms, 0, 10);
		door_pass_ms(r.loop, 200);
	}
	/* Copies of questions find out when it answers again. */
	up[0].script = NULL;
	for (int i = 0; i < 10; i++) {
		o = rig_get(&r, "example.org");
		door_pass_ms(r.loop, 200);
	}
	assert_string_equal(o->upstream, "192.0.2.1:53");
	rig_end(&r);
}

static void test_stop_while_probing(void **state)
{
	struct site up = {.address = "192.0.2.1", .udp = SITE_SILENT};
	struct rig r;

	begin(&r, &up, 1);
	rig_start(&r);
	(void)rig_get(&r, "example.org");
	door_pass_ms(r.loop, 700);
	assert_true(r.set->servers[0].probing);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes_start_with_an_error_and_end_with_an_answer),
		cmocka_unit_test(test_probe_options),
		cmocka_unit_test(test_max_fails_zero_means_no_probes),
		cmocka_unit_test(test_down_upstream_is_skipped_and_comes_back),
		cmocka_unit_test(test_all_down_asks_one_once),
		cmocka_unit_test(test_failfast_asks_nobody),
		cmocka_unit_test(test_health_check_zero_does_not_spin),
		cmocka_unit_test(test_upstream_that_loses_questions_is_asked_last),
		cmocka_unit_test(test_stop_while_probing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
