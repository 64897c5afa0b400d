// SPDX-License-Identifier: Apache-2.0
#include "doctor/cloud.h"
#include "world.h"

static void a_clouds_machines_have_known_resolvers(void **state)
{
	struct observed_world *w = *state;
	int servers[4];

	assert_int_equal(cloud_resolvers_of(w, "Amazon EC2\n", servers, 4), 2);
	assert_string_equal(w->servers[servers[0]].label, "upstream (Amazon's resolver) 169.254.169.253");
	assert_string_equal(w->servers[servers[1]].label, "upstream (Amazon's resolver) fd00:ec2::253");
	assert_int_equal(cloud_resolvers_of(w, "Google\n", servers, 4), 1);
}

static void other_machines_have_none(void **state)
{
	struct observed_world *w = *state;
	int servers[4];

	assert_int_equal(cloud_resolvers_of(w, "QEMU\n", servers, 4), 0);
	assert_int_equal(cloud_resolvers_of(w, "", servers, 4), 0);
	assert_int_equal(w->n_servers, 0);
}

static void a_cluster_at_amazon_has_them_for_its_own_machines(void **state)
{
	struct observed_world *w = *state;
	int servers[4];

	w->aws = w->in_cluster = true;
	assert_int_equal(cloud_resolvers(w, servers, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_clouds_machines_have_known_resolvers),
		world_test(other_machines_have_none),
		world_test(a_cluster_at_amazon_has_them_for_its_own_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
