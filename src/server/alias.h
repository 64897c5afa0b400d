// SPDX-License-Identifier: Apache-2.0
/* A name of our own that leads elsewhere (an ExternalName, a load balancer's host name, a zone's CNAME):
 * its target is asked of the whole server, as a client would ask, and the answer is completed from that.
 *
 *   the target's answer                           the alias's
 *   records, or really none (NODATA)              CNAME and what the target had, NOERROR
 *   NXDOMAIN                                      CNAME, NXDOMAIN and the SOA
 *   no plugin of the server serves or forwards    CNAME alone, NOERROR: we are only authoritative here
 *   it failed, was refused, dropped or late       SERVFAIL with an Extended DNS Error: never a bare CNAME,
 *                                                 which says that the records do not exist
 *   cut, and the rest not to be had               what there is, with TC
 *
 * A target that is being asked for further up already is a loop: SERVFAIL.  RFC 1034 3.6.2, RFC 2308 2.1.
 * Thread: worker. */
#pragma once

#include "server/query.h"

/* The names of the hooks' three steps:
 *     if (alias_leads_back(q, target)) return alias_loop(q);
 *     if (query_sub(q, QUERY_SERVER, target, q->in.qtype, done, arg))
 *             return alias_loop(q);   (its limits end loops too)
 *     done: alias_reply(q, sub, target, ttl_s); query_resume(q, STEP_DONE); */
bool alias_leads_back(const struct query *q, const uint8_t *target);
enum step alias_loop(struct query *q);

/* Set q's reply: the CNAME from q's own name to `target` (in the arena or frozen) and what the ended `sub`
 * gives. */
void alias_reply(struct query *q, struct query *sub, const uint8_t *target, uint32_t ttl_s);

/* The same for a record-form reply that ends in a CNAME already: append what the ended `sub` gives.
 * False: it failed, and the reply is a SERVFAIL now. */
bool alias_complete(struct query *q, struct query *sub);

/* No plugin answered: there was no server block for the name, its chain came to the end, or it ended at a
 * plugin that serves other names only (a template whose expressions do not match; EDE_NOT_AUTHORITATIVE
 * says so). */
bool query_unserved(const struct query *sub);

/* Append the i-th record of an ended sub-query's answer (reply_wire(sub) is not NULL), with its bytes and
 * the TTL that it has now, to a record-form reply.  0 or -ENOMEM. */
int reply_copy_rr(struct query *q, enum wire_section s, struct query *sub, unsigned i) MUST_USE;
/* All of its records, each in its section.  0 or -ENOMEM. */
int reply_copy_all(struct query *q, struct query *sub) MUST_USE;
/* The record added last is one that the answer cannot do without (wire/answer.h). */
void reply_require(struct query *q, enum wire_section s);
