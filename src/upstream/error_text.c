// SPDX-License-Identifier: Apache-2.0
/* Failures in the words of Go's net package, which people match in `errors { consolidate }` and in log searches:
 *
 *   read udp 192.0.2.9:4711->192.0.2.1:53: i/o timeout
 *   dial tcp 192.0.2.1:53: connect: connection refused                                            */

#include "base/err.h"
#include "upstream/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool upstream_net_error(int err)
{
	switch (-err) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case ETIMEDOUT:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EPERM: /* a local firewall says so */
	case EACCES:
		return true;
	default:
		return false;
	}
}

enum fail_kind upstream_fail_kind(int err)
{
	switch (err) {
	case -ETIMEDOUT:
	case ERR_MISMATCH:
		return FAIL_TIMEOUT;
	case -ECONNREFUSED:
		return FAIL_REFUSED;
	case -EBADMSG:
		return FAIL_BROKEN;
	default:
		return FAIL_NETWORK;
	}
}

/* strerror's words with a lower-case first letter are Go's, for all errors that a socket gives. */
static void reason(const struct failure *f, char *out, size_t cap)
{
	static const char *const calls[] = {
		[STAGE_DIAL] = "connect",
		[STAGE_WRITE] = "write",
		[STAGE_READ] = "read",
	};

	if (f->err == -ETIMEDOUT || f->err == ERR_MISMATCH || f->err == ERR_GONE)
		(void)snprintf(out, cap, "i/o timeout"); /* fits */
	else
		(void)snprintf(out, cap, "%s: %s", calls[f->stage], err_text(f->err)); /* cut is fine */
}

void upstream_error_text(const struct upstream_server *s, const struct failure *f, char *out, size_t cap)
{
	static const char *const verbs[] = {
		[STAGE_DIAL] = "dial", [STAGE_WRITE] = "write", [STAGE_READ] = "read"};
	const char *net = f->leg == LEG_TCP ? "tcp" : "udp";
	char local[NET_ADDR_TEXT_MAX] = "", why[96];

	if (!s) {
		(void)snprintf(out, cap, "no healthy proxies");
		return;
	}
	if (f->closed) {
		(void)snprintf(out, cap, "EOF");
		return;
	}
	if (f->stage == STAGE_UNPACK) {
		(void)snprintf(out, cap, "unpack answer of %s: bad message", s->text);
		return;
	}
	if (f->local.sa.sa_family)
		net_addr_port_text(&f->local, local);
	reason(f, why, sizeof(why));
	(void)snprintf(out, cap, "%s %s %s%s%s: %s", verbs[f->stage], net, local, *local ? "->" : "", s->text,
		       why);
}
