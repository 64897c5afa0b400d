// SPDX-License-Identifier: Apache-2.0
/* From observations to verdicts: who answers, and what gets through. */
#include "reason_rig.h"

/* A server that is well: asked for a small name, in all ways. */
#define WELL(s)                                                                                              \
	s " A udp x3 1", s " A 512 x2 1", s " A 1232 x2 1", s " A 4096 x2 1", s " A tcp x2 1",               \
		s " A cookie x2 1"

static void outside_cluster(struct observed_world *w)
{
	w->in_cluster = false;
}

static void no_control(struct observed_world *w)
{
	w->control = NULL;
}

static void dead_by_route(struct observed_world *w)
{
	w->servers[1].state = SERVER_NO_ROUTE;
	w->servers[1].reason = "not reachable from here: no route";
}

static void forbidden(struct observed_world *w)
{
	w->kube.tried = w->kube.reached = true;
	w->kube.refused[0] = (struct observed_refusal){
		.verb = "list", .resource = "endpointslices.discovery.k8s.io", .ns = "kube-system"};
	w->kube.n_refused = 1;
}

static const struct reason_case cases[] = {
	{"all is well", "RP", {WELL("R"), WELL("P")}, "ok:healthy", NULL},
	{"a name that does not exist is no fault",
	 "RP",
	 {"R A udp x3 nx", "P A udp x3 nx", "R A tcp x2 nx"},
	 "ok:healthy",
	 NULL},
	{"a name without records of the type is no fault",
	 "R",
	 {"R A udp x3 nodata", "R AAAA udp 1"},
	 "ok:healthy",
	 NULL},

	/* Losses that happened once. */
	{"one plain loss of three", "R", {WELL("R"), "R A udp lost"}, "ok:healthy", NULL},
	{"one EDNS loss of two",
	 "R",
	 {"R A udp x3 1", "R A 512 1", "R A 512 lost", "R A tcp x2 1"},
	 "ok:healthy",
	 NULL},
	{"both EDNS tries lost are not enough",
	 "R",
	 {"R A udp x3 1", "R A 512 x2 lost", "R A 1232 x2 1", "R A tcp x2 1"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"one TCP loss of four", "R", {WELL("R"), "R A tcp lost"}, "ok:healthy", NULL},
	{"one pod's single loss",
	 "PQ",
	 {WELL("P"), "Q A udp x3 1", "Q A udp lost", "Q A tcp 1"},
	 "ok:healthy",
	 NULL},
	{"a loss that could not be asked again",
	 "R",
	 {"R A udp x2 1", "R A tcp lost", "R A tcp unsent"},
	 "ok:healthy",
	 NULL},

	/* The service's address. */
	{"the service is silent, pods answer",
	 "RPQ",
	 {"R A udp x4 lost", "R A tcp x2 lost", WELL("P"), WELL("Q")},
	 "fault:service-address-dead@R",
	 NULL},
	{"the service is refused",
	 "RP",
	 {"R A udp x4 reject", "R A tcp x2 reject", WELL("P")},
	 "fault:service-address-dead@R",
	 NULL},
	{"silence from outside the cluster proves nothing",
	 "SP",
	 {"S A udp x4 lost", "S A tcp x2 lost", WELL("P")},
	 "unknown:service-address-dead@S",
	 outside_cluster},
	{"three losses are not enough to be dead",
	 "RP",
	 {"R A udp x3 lost", WELL("P")},
	 "unknown:could-not-tell@R",
	 NULL},
	{"the service loses, its pods do not",
	 "RP",
	 {"R @control A udp x9 1", "R @control A udp x4 lost", WELL("P"), "R A tcp x2 1"},
	 "fault:service-address-dead@R",
	 NULL},
	{"all is silent", "RP", {"R A udp x6 lost", "P A udp x6 lost"}, "unknown:could-not-tell", NULL},

	/* One of several. */
	{"one of two pods is silent",
	 "RPQ",
	 {WELL("R"), WELL("P"), "Q A udp x4 lost", "Q A tcp x2 lost", "R A udp x2 lost"},
	 "fault:pod-bad@Q",
	 NULL},
	{"one of two pods refuses connections",
	 "PQ",
	 {WELL("P"), "Q A udp x4 reject", "Q A tcp x2 reject"},
	 "fault:pod-bad@Q",
	 NULL},
	{"a pod that clients do not feel",
	 "RPQ",
	 {"R A udp x20 1", WELL("P"), "Q A udp x4 lost", "Q A tcp x2 lost"},
	 "ok:healthy, note:pod-bad@Q",
	 NULL},
	{"a pod without a route is no fault",
	 "RQ",
	 {WELL("R")},
	 "ok:healthy, note:could-not-tell",
	 dead_by_route},
	{"a pod that no route was found to by asking",
	 "RQ",
	 {WELL("R"), "Q A udp x4 noroute"},
	 "ok:healthy",
	 NULL},
	{"one pod fails where the other knows",
	 "PQ",
	 {WELL("P"), "Q A udp x4 servfail"},
	 "fault:pod-bad@Q",
	 NULL},
	{"one failure of four is chance",
	 "PQ",
	 {WELL("P"), "Q A udp x3 1", "Q A udp servfail"},
	 "ok:healthy",
	 NULL},
	{"a pod loses a third",
	 "PQ",
	 {"P @control A udp x12 1", "Q @control A udp x8 1", "Q @control A udp x4 lost", WELL("P")},
	 "fault:pod-bad@Q",
	 NULL},
	{"one of two nameservers is dead",
	 "RT",
	 {"R A udp x4 lost", "R A tcp x2 lost", WELL("T")},
	 "fault:pod-bad@R",
	 NULL},

	{"the only nameserver is dead, another server is not",
	 "RG",
	 {"R A udp x4 lost", "R A tcp x2 lost", WELL("G")},
	 "unknown:could-not-tell@R",
	 NULL},

	/* EDNS. */
	{"EDNS is dropped",
	 "R",
	 {"R A udp x4 1", "R A 512 x4 lost", "R A 1232 x2 lost", "R A 4096 x2 lost", "R A tcp x2 1"},
	 "fault:edns-dropped@R",
	 NULL},
	{"EDNS is rejected",
	 "R",
	 {"R A udp x4 1", "R A 512 x4 formerr", "R A 1232 x2 formerr", "R A tcp x2 1"},
	 "fault:edns-dropped@R",
	 NULL},
	{"only cookies are dropped",
	 "R",
	 {"R A udp x4 1", "R A 512 x2 1", "R A 1232 x4 1", "R A cookie x4 lost", "R A tcp x2 1"},
	 "fault:edns-dropped@R",
	 NULL},
	{"EDNS is lost as much as all else",
	 "R",
	 {"R A udp x2 1", "R A udp x2 lost", "R A 512 x4 lost", "R A tcp x2 1"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"an upstream drops EDNS, and nobody feels it",
	 "RU",
	 {WELL("R"), "U A udp x4 1", "U A 512 x4 lost", "U A tcp x2 1"},
	 "ok:healthy, note:edns-dropped@U",
	 NULL},
	{"an upstream drops EDNS, and new names fail",
	 "RU",
	 {WELL("R"), "U A udp x4 1", "U A 512 x4 lost", "R A 512 x3 servfail tag=new-edns",
	  "R A udp x3 nx tag=new-plain"},
	 "fault:edns-dropped@U",
	 NULL},

	/* Large datagrams. */
	{"4096 is lost where the answer is large",
	 "R",
	 {"R A udp x4 cut:28", "R A 512 x4 cut:27", "R A 1232 x2 60", "R A 4096 x4 lost", "R A tcp x2 204",
	  "R @control A 4096 x2 1"},
	 "fault:large-udp-lost@R",
	 NULL},
	{"1232 is lost as well",
	 "R",
	 {"R A udp x4 cut:28", "R A 512 x4 cut:27", "R A 1232 x4 lost", "R A 4096 x2 lost", "R A tcp x2 60"},
	 "fault:large-udp-lost@R",
	 NULL},
	{"4096 is lost for a small name too: it is the question that is dropped",
	 "R",
	 {"R A udp x4 cut:28", "R A 512 x4 cut:27", "R A 1232 x2 60", "R A 4096 x4 lost", "R A tcp x2 60",
	  "R @control A 4096 x2 lost"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"neither UDP nor TCP brings it",
	 "R",
	 {"R A udp x4 cut:28", "R A 512 x4 cut:27", "R A 4096 x4 lost", "R A tcp x3 hang",
	  "R @control A tcp 1"},
	 "fault:large-udp-lost@R",
	 NULL},
	{"two losses of 4096 are not enough",
	 "R",
	 {"R A udp x4 cut:28", "R A 512 x4 cut:27", "R A 1232 x2 60", "R A 4096 x2 lost", "R A tcp x2 60"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"large answers are lost behind the server",
	 "RU",
	 {"R A udp x4 cut:28", "R A 512 x4 cut:27", "R A 4096 x2 60", "R A tcp x2 60",
	  "R A 4096+do+cd x3 lost", "R A 512+do+cd x3 cut:9"},
	 "fault:large-udp-lost@R",
	 NULL},
	{"only from the upstream to here",
	 "RU",
	 {WELL("R"), "U A udp x4 cut:28", "U A 512 x4 cut:27", "U A 4096 x4 lost", "U A tcp x2 1"},
	 "ok:healthy, note:large-udp-lost@U",
	 NULL},

	/* TCP. */
	{"TCP is blocked to the server",
	 "R",
	 {"R A udp x4 1", "R A tcp x4 lost"},
	 "fault:tcp-blocked-client@R",
	 NULL},
	{"TCP is refused by the server",
	 "R",
	 {"R A udp x4 1", "R A tcp x4 reject"},
	 "fault:tcp-blocked-client@R",
	 NULL},
	{"TCP connects and is silent: not blocked",
	 "R",
	 {"R A udp x4 1", "R A tcp x4 hang"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"TCP is blocked from here to the upstream alone",
	 "RU",
	 {WELL("R"), "U A udp x4 1", "U A tcp x4 lost"},
	 "ok:healthy",
	 NULL},
	{"TCP is blocked between server and upstream",
	 "RU",
	 {"R A udp x3 cut:0", "R A tcp x3 servfail", "R @control A tcp 1", "R NAPTR udp x2 nodata",
	  "U A udp x2 cut:0", "U A tcp x2 60"},
	 "fault:tcp-blocked-upstream@R",
	 NULL},
	{"the server fails over TCP, and its upstream needs none",
	 "RU",
	 {"R A udp x3 1", "R A tcp x3 servfail", "R NAPTR udp x2 nodata", "U A udp x2 1", "U A tcp x2 1"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"the server does not reach its upstream over UDP either",
	 "RU",
	 {"R A udp x3 servfail", "R A tcp x3 servfail", "R NAPTR udp x2 servfail", "U A udp x2 cut:0",
	  "U A tcp x2 60"},
	 "unknown:could-not-tell@R",
	 NULL},
	{"one of three TCP failures is chance",
	 "RU",
	 {"R A udp x3 cut:28", "R A tcp 60", "R A tcp x2 servfail", "R NAPTR udp x2 nodata",
	  "U A udp x2 cut:0", "U A tcp x2 60"},
	 "ok:healthy",
	 NULL},

	/* What was not seen is said. */
	{"a 403 does not hide that all is well",
	 "R",
	 {WELL("R")},
	 "ok:healthy, note:could-not-tell",
	 forbidden},
	{"without a control name as well", "R", {WELL("R")}, "ok:healthy", no_control},
};

static void the_way(void **state)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
		wrong += !rig_check(&cases[i]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_way)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
