// SPDX-License-Identifier: Apache-2.0
/* Tables of observations for the tests of the reasoning, written as one line each:
 *
 *     SERVER [@NAME] TYPE WAY[+do][+cd] [xN] RESULT [tag=TAG] [ttl=SECONDS] [ede=CODE] [took=MS]
 *     "P A udp x3 60"            pod P, A, plain UDP, three times: 60 records
 *     "U @control A tcp lost"
 *     "R pair x10 half"          pairs of A and AAAA: both, half, none came back
 *
 *   SERVER   R T resolvers, S service, P Q pods, U V upstreams, G H given
 *   @NAME    control, or a name; else the name asked for
 *   WAY      udp, 512, 1232, 4096, tcp, cookie
 *   RESULT   N (that many records), cut:N (with TC), bare (a CNAME alone), nx, nodata, servfail, refused, formerr, referral,
 *            loop; lost, noroute, unreach, reject, hang (connected, then silence), unsent; question, source (wrong ones) */
#pragma once

#include "doctor/verdict.h"

#include "world.h"

struct reason_case {
	const char *claim;
	const char *servers; /* their letters, in order */
	const char *seen[20];
	const char *verdicts; /* "fault:tcp-blocked-client@R, note:..." */
	void (*prepare)(struct observed_world *w); /* NULL: www.example.org, of the internet */
};

/* A world with these servers, the name and the control name; rig_fini gives its memory back. */
void rig_init(struct observed_world *w, const char *servers);
void rig_fini(struct observed_world *w);
/* Add what the line says. */
void rig_see(struct observed_world *w, const char *line);
const uint8_t *rig_name(struct observed_world *w, const char *text);
int rig_server(const struct observed_world *w, char letter);
/* Judge and compare; false: not as expected, which is printed. */
bool rig_check(const struct reason_case *c);
