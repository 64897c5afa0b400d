// SPDX-License-Identifier: Apache-2.0
/* What to do, in the words of the server at hand. */
#include "doctor/reason.h"

#include <stdio.h>

struct remedy {
	const char *general; /* always */
	/* Beside it, for that software (kube-dns is dnsmasq and a side-car). */
	const char *coredns, *dnsmasq, *binnacle;
	bool own_first; /* that is what to do; the first line is the conclusion's */
};

static const struct remedy remedies[VERDICT_N] = {
	[VERDICT_TRUNCATED_PASSED_ON] =
		{
			.own_first = true,
			.general = "Have the server ask again over TCP what comes cut, or clients with EDNS "
				   "or TCP.",
			.coredns = "CoreDNS: `forward . UPSTREAM { prefer_udp }` asks again over TCP and "
				   "caches the whole answer; `force_tcp` "
				   "asks only over TCP.  A smaller `bufsize` makes it worse.",
			.dnsmasq = "dnsmasq has no option for it: clients need TCP, or EDNS up to "
				   "`--edns-packet-max`.",
			.binnacle = "Binnacle: take `tc passthrough` out of `forward`; without it the "
				    "upstream is asked over TCP.",
		},
	[VERDICT_TRUNCATED_CACHED] =
		{
			.own_first = true,
			.general = "The upstream's cut answer must not be kept: ask it over TCP, or have it "
				   "mark what it cuts.",
			.coredns = "CoreDNS: `forward . UPSTREAM { force_tcp }` (`prefer_udp` helps only "
				   "where the upstream sets TC); restart, or "
				   "wait for the TTL, to be rid of what is cached.",
			.dnsmasq = "dnsmasq: `--edns-packet-max=1232`; SIGHUP empties the cache.",
			.binnacle = "Binnacle: `forward . UPSTREAM { force_tcp }`; `binnacle flush NAME` "
				    "takes it out of the cache.",
		},
	[VERDICT_CNAME_ONLY_WITHOUT_TC] =
		{
			.own_first = true,
			.general = "The client takes this for the whole answer and never asks over TCP.",
			.coredns = "CoreDNS: `forward . UPSTREAM { prefer_udp }`, and a version that passes "
				   "TC on (1.6.4 to 1.7.0 lose it).",
			.dnsmasq = "dnsmasq: a newer version.",
			.binnacle = "Binnacle never sends such an answer: look at what stands between it and "
				    "the client.",
		},
	[VERDICT_EDNS_DROPPED] =
		{
			.general = "Something between here and that server drops or rejects questions with "
				   "an OPT record (RFC 6891): look for "
				   "firewalls that inspect DNS.  glibc sends EDNS only with `options edns0`.",
			.coredns = "CoreDNS hands the client's EDNS to the upstream and cannot leave it out: "
				   "have the upstream or the firewall mended, "
				   "or forward to another.",
			.dnsmasq = "dnsmasq sends EDNS on as it came.",
			.binnacle =
				"Binnacle asks such an upstream without EDNS by itself after a few silences.",
		},
	[VERDICT_LARGE_UDP_LOST] =
		{
			.own_first = true,
			.general = "Large UDP answers are fragmented or exceed the path's MTU: let fragments "
				   "and ICMP \"too big\" through, lower the MTU "
				   "at the server, or keep answers small.",
			.coredns = "CoreDNS: `bufsize 1232` keeps answers within 1,232 bytes; beyond that it "
				   "sets TC and the client comes over TCP.",
			.dnsmasq = "dnsmasq: `--edns-packet-max=1232`.",
			.binnacle = "Binnacle: `bufsize 1232`, or the largest size that came through.",
		},
	[VERDICT_TCP_BLOCKED_CLIENT] =
		{
			.general = "Open TCP port 53 between client and server: security groups, network "
				   "policies, firewalls, and a port of protocol TCP "
				   "in the Service.  Until then answers that do not fit a datagram fail.",
		},
	[VERDICT_TCP_BLOCKED_UPSTREAM] =
		{
			.general = "Open TCP port 53 from the DNS servers to their upstream: security "
				   "groups, network ACLs, egress policies.",
			.coredns = "CoreDNS: with `prefer_udp` or `force_tcp` it then fails altogether; "
				   "without them clients get cut answers.",
			.dnsmasq = "dnsmasq asks over TCP only for clients that came over TCP.",
			.binnacle = "Binnacle gives the cut answer meanwhile and tries TCP again by itself.",
		},
	[VERDICT_SERVICE_ADDRESS_DEAD] =
		{
			.general = "The servers are well, the way through the Service is not: look at "
				   "kube-proxy (or what the CNI has in its place) on "
				   "this node, at the Service's selector and EndpointSlices, and at "
				   "NetworkPolicies.",
		},
	[VERDICT_POD_BAD] =
		{
			.general = "Look at that server and its node: `kubectl -n kube-system logs POD`, the "
				   "node's network, network policies; "
				   "`kubectl -n kube-system delete pod POD` makes a new one.",
		},
	[VERDICT_UPSTREAM_RATE_LIMITED] =
		{
			.general = "Ask the upstream less: spread the DNS pods over nodes (Amazon's resolver "
				   "takes 1,024 packets a second from a network "
				   "interface), cache on the nodes, fewer names by the search path (ndots).",
			.coredns = "CoreDNS: `cache` with `prefetch` and `serve_stale`; more pods on more "
				   "nodes; NodeLocal DNSCache.",
			.dnsmasq = "dnsmasq: `--cache-size`, `--dns-forward-max`.",
			.binnacle = "Binnacle: `pace` in `forward` keeps below the limit; `cache` with "
				    "`serve_stale`.",
		},
	[VERDICT_PARALLEL_LOST] =
		{
			.general = "Two questions from one socket race in connection tracking (the known "
				   "cause is DNAT in Linux before 5.0, several more "
				   "races since): `options single-request-reopen` or `use-vc` in the pod's "
				   "dnsConfig for glibc, or a DNS cache on the node "
				   "that is reached without NAT.",
		},
	[VERDICT_SEARCH_AMPLIFICATION] =
		{
			.general = "End the name with a dot, or set `options ndots:1` (or 2) in the pod's "
				   "dnsConfig.",
			.coredns = "CoreDNS: `autopath @kubernetes` with `pods verified` answers it in one "
				   "question.",
			.binnacle = "Binnacle: `autopath @kubernetes` with `pods verified` answers it in one "
				    "question.",
		},
	[VERDICT_NXDOMAIN_CACHED_EARLY] =
		{
			.general = "It ends by itself.  Make the Service before its clients start, or keep "
				   "denials for less time.",
			.coredns = "CoreDNS: `cache { denial CAPACITY 5 }`, or `cache` with `disable denial "
				   "cluster.local`; a restart empties the cache.",
			.dnsmasq = "dnsmasq: `--no-negcache` for the cluster's domain's cache, or SIGHUP.",
			.binnacle = "Binnacle: `binnacle flush NAME` now; `cache { denial CAPACITY 5 }` for "
				    "later.",
		},
	[VERDICT_AAAA_WRONG] =
		{
			.general = "A name that exists is never NXDOMAIN for one type: the right answer is "
				   "NOERROR without records and with the SOA.",
			.coredns = "CoreDNS: a `template` for AAAA must say `rcode NOERROR` and give an "
				   "`authority` SOA; look also at `rewrite` and at the "
				   "upstream.",
			.dnsmasq = "dnsmasq: look at `--address` and `--filter-AAAA`.",
			.binnacle = "Binnacle: a `template` for AAAA must say `rcode NOERROR` and give an "
				    "`authority` SOA; look also at the upstream.",
		},
	[VERDICT_LAME_ANSWERS] =
		{
			.general = "That server is not meant for this name, or not for this client: correct "
				   "the address, or its zones and access lists.",
			.coredns = "CoreDNS: look for the server block that takes the name (`forward` or a "
				   "zone), and at `acl`.",
			.dnsmasq = "dnsmasq: look at `--server=/domain/ADDRESS`.",
			.binnacle = "Binnacle: `binnacle trace NAME` shows which block and plugin answer; "
				    "look at `forward` and `acl`.",
		},
	[VERDICT_CLOCK_DNSSEC] =
		{
			.general = "Set the clock of the server that checks signatures (NTP), or have the "
				   "zone's owner sign it anew; `dig +cd` shows the "
				   "data without the check.",
		},
	[VERDICT_EXTERNALNAME_DANGLING] =
		{
			.general = "Correct the Service's spec.externalName: `kubectl -n NAMESPACE get "
				   "service NAME -o yaml`.",
		},
	[VERDICT_LOOP] =
		{
			.general = "Forward to a server that is not this one, and end the CNAME that comes "
				   "back.",
			.coredns = "CoreDNS: `/etc/resolv.conf` in `forward` is the pod's own file; where "
				   "the node's has 127.0.0.53, give kubelet "
				   "`--resolv-conf=/run/systemd/resolve/resolv.conf` or name the upstream.  "
				   "The `loop` plugin finds it at the start.",
			.dnsmasq = "dnsmasq: `--dns-loop-detect`.",
			.binnacle = "Binnacle: name the upstream in `forward`; the `loop` plugin finds it at "
				    "the start.",
		},
	[VERDICT_COULD_NOT_TELL] =
		{
			.general = "Run it in a pod of the cluster (deploy/ has a manifest with the rights "
				   "that it needs), or say what is missing: "
				   "--upstream, --pod, --server, --corefile.",
		},
};

/* "1.11.1" is older than 1.12.2? */
static bool older(const char *version, unsigned major, unsigned minor, unsigned patch)
{
	unsigned a, b, c = 0;

	if (!version || sscanf(version, "%u.%u.%u", &a, &b, &c) < 2)
		return false;
	if (a != major)
		return a < major;
	return b != minor ? b < minor : c < patch;
}

/* What its version is known for. */
static const char *coredns_hint(enum verdict_slug slug, const char *version)
{
	bool sizes = slug == VERDICT_LARGE_UDP_LOST || slug == VERDICT_TRUNCATED_PASSED_ON;

	if (sizes && older(version, 1, 6, 6))
		return "(before 1.6.6 there is no `bufsize`)";
	if (sizes && older(version, 1, 9, 2))
		return "(before 1.9.2 `bufsize` sends more than 512 bytes to clients without EDNS)";
	if (slug == VERDICT_LARGE_UDP_LOST && older(version, 1, 11, 0))
		return "(in this version `bufsize` without a number is 512)";
	if (slug == VERDICT_TRUNCATED_CACHED && older(version, 1, 12, 2))
		return "(before 1.12.2 `rewrite cname` with `cache` keeps cut answers: a newer version mends "
		       "that)";
	if (slug == VERDICT_CNAME_ONLY_WITHOUT_TC && older(version, 1, 8, 0))
		return "(this version is known for it: 1.8.0 or newer)";
	return NULL;
}

/* The server whose words to speak: the one at fault when clients ask it, else the first that they do. */
static int at_hand(const struct reason *r, int server)
{
	if (server >= 0 && reason_kind(r, server, KIND_FRONT))
		return server;
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_kind(r, s, KIND_POD | KIND_SERVICE | KIND_GIVEN) && reason_software(r, s))
			return s;
	}
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_kind(r, s, KIND_FRONT) && reason_software(r, s))
			return s;
	}
	return -1;
}

static const char *version_of(const struct reason *r, int server)
{
	for (unsigned i = 0; server >= 0 && i < r->w->n_servers; i++) {
		const struct observed_server *s = &r->w->servers[i];

		if (s->version && (observe_asked_server(r->w, (int)i) == server || s->kind == OBSERVED_POD))
			return s->version;
	}
	return NULL;
}

const char *reason_remedy(struct reason *r, enum verdict_slug slug, int server)
{
	const struct remedy *m = &remedies[slug];
	int hand = at_hand(r, server);
	enum observed_software software = reason_software(r, hand);
	const char *own = NULL, *hint = NULL;

	if (software == SOFTWARE_COREDNS) {
		own = m->coredns;
		hint = coredns_hint(slug, version_of(r, hand));
	} else if (software == SOFTWARE_DNSMASQ || software == SOFTWARE_KUBE_DNS) {
		own = m->dnsmasq;
	} else if (software == SOFTWARE_BINNACLE) {
		own = m->binnacle;
	}
	if (!own)
		return m->general;
	own = hint ? reason_text(r, "%s  %s", own, hint) : own;
	return m->own_first ? reason_text(r, "%s\n%s", own, m->general)
			    : reason_text(r, "%s\n%s", m->general, own);
}
