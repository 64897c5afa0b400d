// SPDX-License-Identifier: Apache-2.0
/* From observations to verdicts: cut answers, names, types, signatures, rates, pairs. */
#include "reason_rig.h"

enum { NOW = 1700000000 }; /* the rig's wall clock */

static void coredns(struct observed_world *w)
{
	w->servers[0].software = SOFTWARE_COREDNS;
}

static void unbound(struct observed_world *w)
{
	w->servers[0].software = SOFTWARE_UNBOUND;
}

static void of_the_cluster(struct observed_world *w)
{
	w->asked = rig_name(w, "web.shop.svc.cluster.local.");
}

static void known_service(struct observed_world *w, uint64_t created)
{
	struct observed_target *t = &w->kube.target;

	of_the_cluster(w);
	t->applies = t->known = t->exists = true;
	t->name = w->asked;
	t->ns = "shop";
	t->service = "web";
	t->type = "ClusterIP";
	t->created_wall_s = created;
}

static void made_ten_seconds_ago(struct observed_world *w)
{
	known_service(w, NOW - 10);
}

static void external(struct observed_world *w)
{
	known_service(w, NOW - 1000);
	w->kube.target.type = "ExternalName";
	w->kube.target.external_name = rig_name(w, "api.example.net.");
}

static void laptop(struct observed_world *w)
{
	of_the_cluster(w);
	w->in_cluster = false;
}

static void for_aaaa(struct observed_world *w)
{
	w->type = TYPE_AAAA;
}

static void searched(struct observed_world *w)
{
	static const char *const names[] = {"www.example.org.default.svc.cluster.local.",
					    "www.example.org.svc.cluster.local.",
					    "www.example.org.cluster.local.", "www.example.org."};
	struct resolv_walk *k = &w->resolv.walk[LIBC_GLIBC];

	for (unsigned i = 0; i < 4; i++)
		k->names[k->n++] = rig_name(w, names[i]);
	k->end = WALK_FOUND;
	k->ends_at = 3;
	k->n_until_asked = 8;
	w->resolv.servers[w->resolv.n_servers++] = 0;
	w->resolv.n_search = 3;
	w->resolv.ndots = 5;
}

static void found_second(struct observed_world *w)
{
	searched(w);
	w->resolv.walk[LIBC_GLIBC].ends_at = 1;
	w->resolv.walk[LIBC_GLIBC].n_until_asked = 4;
}

/* A Corefile with one block that forwards everything to server `to`. */
static void forwards(struct observed_world *w, char to)
{
	static const uint8_t root[1], *zones[] = {root};
	static int up[1];
	static struct observed_forward f = {.from = root, .upstreams = up, .n_upstreams = 1};
	static struct observed_block b = {
		.zones = zones, .n_zones = 1, .port = 53, .forwards = &f, .n_forwards = 1};

	up[0] = rig_server(w, to);
	w->corefile = (struct observed_corefile){
		.origin = COREFILE_FILE, .where = "Corefile", .blocks = &b, .n_blocks = 1};
}

static void forwards_to_its_pod(struct observed_world *w)
{
	forwards(w, 'P');
}

static void forwards_to_upstream(struct observed_world *w)
{
	forwards(w, 'U');
}

#define CUT_BY_U "U A udp x2 cut:0", "U A tcp x2 60"

static const struct reason_case cases[] = {
	/* Cut answers. */
	{"passed on: it does better out of its cache",
	 "RU",
	 {"R A udp x3 cut:0", "R A udp cut:26 tag=later", "R A tcp x2 60", CUT_BY_U},
	 "fault:truncated-passed-on@R",
	 NULL},
	{"passed on: it cuts what would fit, as the upstream does",
	 "RU",
	 {"R A udp x3 cut:0", "R A 4096 x2 cut:0", "R A tcp x2 60", CUT_BY_U, "U A 4096 x2 cut:0"},
	 "fault:truncated-passed-on@R",
	 NULL},
	{"passed on: CoreDNS without a cache does that",
	 "RU",
	 {"R A udp x3 cut:0", "R A tcp x2 60", CUT_BY_U},
	 "fault:truncated-passed-on@R",
	 coredns},
	{"unbound cuts to nothing by itself",
	 "RU",
	 {"R A udp x3 cut:0", "R A tcp x2 60", CUT_BY_U},
	 "ok:healthy",
	 unbound},
	{"who cut is not guessed", "RU", {"R A udp x3 cut:0", "R A tcp x2 60", CUT_BY_U}, "ok:healthy", NULL},
	{"a cut with as many as fit is in order",
	 "RU",
	 {"R A udp x3 cut:26", "R A tcp x2 60", CUT_BY_U},
	 "ok:healthy",
	 coredns},
	{"some addresses passed on are worth a note",
	 "RU",
	 {"R A udp x3 cut:9", "R A tcp x2 60", "U A udp x2 cut:9", "U A tcp x2 60"},
	 "ok:healthy, note:truncated-passed-on@R",
	 coredns},
	{"kept: less than the upstream has, out of the cache",
	 "RU",
	 {"R A udp x3 12 ttl=30", "R A tcp x2 12 ttl=29", "R A udp 12 ttl=27 tag=later", "U A udp x2 12",
	  "U A tcp x2 60"},
	 "fault:truncated-cached@R",
	 NULL},
	{"not kept when the TTL stays",
	 "RU",
	 {"R A udp x3 12", "R A tcp x2 12", "R A udp 12 tag=later", "U A udp x2 12", "U A tcp x2 60"},
	 "ok:healthy",
	 NULL},
	{"an upstream that says something else each time proves nothing",
	 "RU",
	 {"R A udp x3 12 ttl=30", "R A tcp x2 12 ttl=29", "R A udp 12 ttl=27 tag=later", "U A udp x2 12",
	  "U A tcp 60", "U A tcp 12"},
	 "ok:healthy",
	 NULL},
	{"a CNAME alone, not marked",
	 "RU",
	 {"R A udp x3 bare", "R A tcp x2 60", CUT_BY_U},
	 "fault:cname-only-without-tc@R",
	 NULL},
	{"a CNAME alone, and TCP has no more",
	 "RU",
	 {"R A udp x3 bare", "R A tcp x2 bare", "U A udp x2 bare", "U A tcp x2 bare"},
	 "ok:healthy",
	 NULL},

	/* Address families. */
	{"AAAA is NXDOMAIN where A exists",
	 "R",
	 {"R A udp x4 1", "R AAAA udp x4 nx"},
	 "fault:aaaa-wrong@R",
	 NULL},
	{"AAAA is SERVFAIL where A exists",
	 "R",
	 {"R A udp x4 1", "R AAAA udp x4 servfail"},
	 "fault:aaaa-wrong@R",
	 NULL},
	{"A fails while AAAA comes from the cache, as the upstream drops EDNS",
	 "RU",
	 {"R AAAA udp x4 1", "R A udp x4 servfail", "U A udp x4 1", "U A 512 x4 lost", "R A 512 x3 servfail tag=new-edns",
	  "R A udp x3 nx tag=new-plain"},
	 "fault:edns-dropped@U",
	 NULL},
	{"AAAA is silent where A loses nothing",
	 "R",
	 {"R A udp x12 1", "R AAAA udp x4 lost"},
	 "fault:aaaa-wrong@R",
	 NULL},
	{"A is NXDOMAIN where AAAA exists",
	 "R",
	 {"R AAAA udp x4 1", "R A udp x4 nx"},
	 "fault:aaaa-wrong@R",
	 for_aaaa},
	{"AAAA is no data: as it should be",
	 "R",
	 {"R A udp x4 1", "R AAAA udp x4 nodata"},
	 "ok:healthy",
	 NULL},
	{"AAAA fails once",
	 "R",
	 {"R A udp x4 1", "R AAAA udp servfail", "R AAAA udp x3 nodata"},
	 "ok:healthy",
	 NULL},
	{"AAAA is lost once", "R", {"R A udp x4 1", "R AAAA udp lost"}, "ok:healthy", NULL},

	/* Lame. */
	{"answers about another question",
	 "R",
	 {"R A udp x3 question", "R A tcp x2 1"},
	 "fault:lame-answers@R",
	 NULL},
	{"answers from another address", "R", {"R A udp x3 source"}, "fault:lame-answers@R", NULL},
	{"a wrong answer before the right one",
	 "R",
	 {"R A udp x2 1", "R A udp question", "R A tcp 1"},
	 "ok:healthy",
	 NULL},
	{"the server refuses",
	 "R",
	 {"R A udp x3 refused", "R A tcp x2 refused"},
	 "fault:lame-answers@R",
	 NULL},
	{"a referral", "R", {"R A udp x3 referral", "R A tcp x2 referral"}, "fault:lame-answers@R", NULL},
	{"the upstream refuses, and so clients fail",
	 "RU",
	 {"R A udp x3 servfail", "U A udp x3 refused"},
	 "fault:lame-answers@U",
	 NULL},
	{"the upstream refuses only this machine",
	 "RU",
	 {"R A udp x3 1", "R A tcp 1", "U A udp x3 refused"},
	 "ok:healthy",
	 NULL},

	/* Signatures. */
	{"a validator fails and its data are there",
	 "R",
	 {"R A udp x3 servfail", "R A 1232+do x2 servfail ede=7", "R A 1232+do+cd x2 1"},
	 "fault:clock-dnssec@R",
	 NULL},
	{"a failure that was only kept",
	 "R",
	 {"R A udp x3 servfail", "R A 1232+do x2 1", "R A 1232+do+cd x2 1"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"a failure with and without checking",
	 "R",
	 {"R A udp x3 servfail", "R A 1232+do x2 servfail", "R A 1232+do+cd x2 servfail"},
	 "unknown:could-not-tell@R",
	 NULL},

	/* Names. */
	{"three candidates are denied first",
	 "R",
	 {"R A udp x3 1"},
	 "ok:healthy, note:search-amplification",
	 searched},
	{"one is as it should be", "R", {"R A udp x3 1"}, "ok:healthy", found_second},
	{"a denial kept from before the service",
	 "P",
	 {"P A udp x3 nx ttl=200", "P A udp nx ttl=197 tag=later", "P A udp nx ttl=300 tag=unique"},
	 "fault:nxdomain-cached-early@P",
	 made_ten_seconds_ago},
	{"a denial that does not count down is not kept",
	 "P",
	 {"P A udp x3 nx ttl=30", "P A udp nx ttl=30 tag=later"},
	 "unknown:could-not-tell@P",
	 made_ten_seconds_ago},
	{"one pod keeps what the other knows better",
	 "PQ",
	 {"P A udp x3 nx ttl=200", "P A udp nx ttl=197 tag=later", "Q A udp x3 1"},
	 "fault:nxdomain-cached-early@P",
	 of_the_cluster},
	{"pods that disagree freshly",
	 "PQ",
	 {"P A udp x3 nx ttl=30", "P A udp nx ttl=30 tag=later", "Q A udp x3 1"},
	 "unknown:could-not-tell@P",
	 of_the_cluster},
	{"a laptop's resolver does not know the cluster's names",
	 "RP",
	 {"R A udp x3 nx ttl=200", "R A udp nx ttl=197 tag=later", "P A udp x3 1"},
	 "ok:healthy",
	 laptop},
	{"an ExternalName to nothing",
	 "PU",
	 {"P A udp x3 bare", "P @api.example.net A udp nx", "P @api.example.net AAAA udp nx",
	  "U @api.example.net A udp nx"},
	 "fault:externalname-dangling@P",
	 external},
	{"an ExternalName whose target the upstream knows",
	 "PU",
	 {"P A udp x3 servfail", "P @api.example.net A udp nx", "U @api.example.net A udp x2 1"},
	 "unknown:could-not-tell@P",
	 external},
	{"an ExternalName whose target fails is not called dangling",
	 "PU",
	 {"P A udp x3 servfail", "P @api.example.net A udp servfail", "U @api.example.net A udp servfail"},
	 "unknown:could-not-tell@P",
	 external},
	{"CNAMEs that go round", "R", {"R A udp x3 loop"}, "fault:loop@R", NULL},

	/* Loops of forwarding. */
	{"the Corefile forwards to its own pod, and nothing comes",
	 "RP",
	 {"R A udp x3 servfail", "P A udp x3 servfail", "P @control A udp x3 1"},
	 "fault:loop@R",
	 forwards_to_its_pod},
	{"the Corefile forwards to its own pod, and all is answered",
	 "RP",
	 {"R A udp x3 1", "P A udp x3 1"},
	 "ok:healthy",
	 forwards_to_its_pod},
	{"the upstream knows the cluster's own names, and nothing comes",
	 "PU",
	 {"P A udp x3 servfail", "U A udp x3 servfail", "U @control A udp 1"},
	 "fault:loop@U",
	 forwards_to_upstream},
	{"the upstream fails",
	 "PU",
	 {"P A udp x3 servfail", "U A udp x3 servfail", "U @control A udp nx"},
	 "unknown:could-not-tell@P",
	 forwards_to_upstream},

	/* Rates and pairs. */
	{"a rate limit",
	 "RU",
	 {"R A udp x3 1", "U A udp x3 1", "U A udp x40 1 tag=probe", "U A udp x24 lost tag=probe",
	  "U A udp x10 1 tag=low", "U A udp x80 1 tag=high", "U A udp x120 lost tag=high",
	  "U A udp x10 1 tag=low-after"},
	 "fault:upstream-rate-limited@U",
	 NULL},
	{"loss at every rate",
	 "RU",
	 {"R A udp x3 1", "U A udp x3 1", "U A udp x40 1 tag=probe", "U A udp x24 lost tag=probe",
	  "U A udp x7 1 tag=low", "U A udp x3 lost tag=low", "U A udp x80 1 tag=high",
	  "U A udp x120 lost tag=high", "U A udp x10 1 tag=low-after"},
	 "ok:healthy",
	 NULL},
	{"a slow upstream is not limited: all waits",
	 "RU",
	 {"R A udp x3 1", "U A udp x3 1", "U A udp x40 1 tag=probe", "U A udp x24 lost tag=probe",
	  "U A udp x10 1 tag=low", "U A udp x80 1 tag=high took=800", "U A udp x120 lost tag=high",
	  "U A udp x10 1 tag=low-after"},
	 "ok:healthy",
	 NULL},
	{"one loss of 64",
	 "RU",
	 {"R A udp x3 1", "U A udp x3 1", "U A udp x63 1 tag=probe", "U A udp lost tag=probe"},
	 "ok:healthy",
	 NULL},
	{"pairs come back half",
	 "R",
	 {"R A udp x12 1", "R AAAA udp x12 1", "R pair x8 both", "R pair x4 half"},
	 "fault:parallel-lost@R",
	 NULL},
	{"two half pairs are not enough",
	 "R",
	 {"R A udp x12 1", "R AAAA udp x12 1", "R pair x8 both", "R pair x2 half"},
	 "ok:healthy",
	 NULL},
	{"pairs are lost as often as singles",
	 "R",
	 {"R A udp x9 1", "R A udp x3 lost", "R AAAA udp x9 1", "R AAAA udp x3 lost", "R pair x8 both",
	  "R pair x4 half"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"pairs lose the type that is lost alone too",
	 "R",
	 {"R A udp x12 1", "R AAAA udp x10 1", "R AAAA udp x2 lost", "R pair x22 both", "R pair x18 half"},
	 "ok:healthy",
	 NULL},
};

static void answers(void **state)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
		wrong += !rig_check(&cases[i]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
