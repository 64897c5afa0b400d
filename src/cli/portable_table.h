// SPDX-License-Identifier: Apache-2.0
/* Every directive and option of CoreDNS 1.14.7, for portable.c alone.
 *
 * Kinds, one letter an argument, the last for all that follow:
 *   a  anything          n  integer             u  integer without a sign    f  decimal fraction
 *   d  duration          s  seconds: integer or duration                     b  true or false
 *   i  IP address        I  the same or with :port                           c  network in CIDR form
 *   p  [host]:port       r  rcode by name       R  the same in capitals      t  query type in capitals
 *   w  one of `words` */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

enum {
	P_ONCE = 1, /* a second one is refused */
	P_NEEDED = 2, /* option: its directive is refused without; directive: at least one option */
	P_NO_BLOCK = 4, /* directive: a { block } is refused */
	P_FOLD = 8, /* names and words of its options in any letter case */
	P_OPEN = 16, /* other words are data up to `fallthrough` (hosts) */
	P_RULE = 32, /* line or block are the words of one rule (rewrite) */
};

/* When an option is there at all: always; without or with arguments of the directive; the directive's first
 * argument is `list`, or is not. */
enum portable_when { ALWAYS, NO_ARGS, ARGS, FIRST_IS, FIRST_IS_NOT };

struct portable_option {
	const char *name;
	int8_t min, max; /* max -1: no bound */
	int8_t but; /* not this number between the two; 0: any */
	const char *kinds;
	const char *words; /* "a|b|c" */
	uint8_t flags;
	enum portable_when when;
	const char *list;
};

struct portable_directive {
	const char *name;
	int8_t min, max, but;
	const char *kinds, *words;
	const char *needs; /* directive that must be in the same block */
	uint8_t flags;
	const struct portable_option *options;
	size_t n_options;
};

/* Rows; what is not said is 0. */
#define OPT(n, lo, hi, ...)                                                                                  \
	{                                                                                                    \
		.name = (n), .min = (lo), .max = (hi), __VA_ARGS__                                           \
	}
#define OPTIONS(t) .options = (t), .n_options = ARRAY_LEN(t)
#define FALLTHROUGH OPT("fallthrough", 0, -1)
#define POLICIES "random|round_robin|sequential"

static const struct portable_option acl[] = {
	OPT("allow", 0, -1, .kinds = "wa", .words = "type|net"),
	OPT("block", 0, -1, .kinds = "wa", .words = "type|net"),
	OPT("filter", 0, -1, .kinds = "wa", .words = "type|net"),
	OPT("drop", 0, -1, .kinds = "wa", .words = "type|net"),
};
static const struct portable_option auto_[] = {
	OPT("directory", 1, 3, .but = 2),
	OPT("reload", 1, -1, .kinds = "da"),
	OPT("upstream", 0, -1),
};
static const struct portable_option azure[] = {
	OPT("subscription", 1, 1),
	OPT("tenant", 1, 1),
	OPT("client", 1, 1),
	OPT("secret", 1, 1),
	OPT("environment", 1, 1),
	OPT("access", 1, 1, .kinds = "w", .words = "public|private"),
	FALLTHROUGH,
};
static const struct portable_option bind_[] = {OPT("except", 1, -1)};
static const struct portable_option cache[] = {
	OPT("success", 1, -1, .kinds = "nnna"),
	OPT("denial", 1, -1, .kinds = "nnna"),
	OPT("prefetch", 1, 3, .kinds = "nda"),
	OPT("serve_stale", 0, 5, .kinds = "dwddd", .words = "immediate|verify", .flags = P_FOLD),
	OPT("serve_stale_policy", 1, 1, .kinds = "w", .words = "prefer_positive", .flags = P_ONCE | P_FOLD),
	OPT("servfail", 1, 1, .kinds = "d"),
	OPT("disable", 1, -1, .kinds = "wa", .words = "success|denial"),
	OPT("keepttl", 0, 0),
};
static const struct portable_option clouddns[] = {OPT("credentials", 1, 1), OPT("upstream", 0, -1),
						  FALLTHROUGH};
static const struct portable_option dns64[] = {OPT("prefix", 1, 1, .kinds = "c"), OPT("translate_all", 0, 0),
					       OPT("allow_ipv4", 0, 0)};
static const struct portable_option dnssec[] = {
	OPT("key", 2, -1, .kinds = "wa", .words = "file|aws_secretsmanager"),
	OPT("cache_capacity", 1, 1, .kinds = "n"),
};
static const struct portable_option dnstap[] = {
	OPT("skipverify", 0, 0), OPT("tls", 2, -1, .when = FIRST_IS, .list = "listen"),
	OPT("identity", 1, 1),   OPT("version", 1, 1),
	OPT("extra", 1, 1),
};
static const struct portable_option erratic[] = {
	OPT("drop", 0, 1, .kinds = "n"),
	OPT("delay", 0, 2, .kinds = "nd"),
	OPT("truncate", 0, 1, .kinds = "n"),
	OPT("large", 0, 0),
};
static const struct portable_option errors[] = {
	OPT("stacktrace", 0, 0),
	OPT("consolidate", 2, 4, .kinds = "daww", .words = "warning|error|info|debug|show_first"),
};
static const struct portable_option etcd[] = {
	OPT("path", 1, 1),
	OPT("endpoint", 1, -1),
	OPT("credentials", 2, 2),
	OPT("tls", 0, 3),
	FALLTHROUGH,
	OPT("min-lease-ttl", 1, 1, .kinds = "s"),
	OPT("max-lease-ttl", 1, 1, .kinds = "s"),
	OPT("stubzones", 0, 0),
	OPT("upstream", 0, -1),
	OPT("debug", 0, 0),
};
static const struct portable_option file[] = {
	FALLTHROUGH,
	OPT("reload", 1, -1, .kinds = "da"),
	OPT("reload_by_mtime", 0, 0),
	OPT("upstream", 0, -1),
};
static const struct portable_option forward[] = {
	OPT("except", 1, -1),
	OPT("force_tcp", 0, 0),
	OPT("prefer_udp", 0, 0),
	OPT("expire", 1, 1, .kinds = "d"),
	OPT("max_age", 1, 1, .kinds = "d"),
	OPT("max_idle_conns", 1, 1, .kinds = "n"),
	OPT("read_timeout", 1, 1, .kinds = "d"),
	OPT("max_fails", 1, 1, .kinds = "u"),
	OPT("max_connect_attempts", 1, 1, .kinds = "u"),
	OPT("health_check", 1, -1, .kinds = "da"),
	OPT("policy", 1, 1, .kinds = "w", .words = POLICIES),
	OPT("max_concurrent", 1, 1, .kinds = "n"),
	OPT("next", 1, -1, .kinds = "r"),
	OPT("next_on_nodata", 0, 0),
	OPT("failover", 1, -1, .kinds = "r"),
	OPT("failfast_all_unhealthy_upstreams", 0, 0),
	OPT("tls", 0, 3),
	OPT("tls_servername", 1, 1),
	OPT("doh_method", 1, 1, .kinds = "w", .words = "GET|POST"),
	OPT("source_address", 1, 1, .kinds = "i"),
	OPT("resolver", 1, -1, .kinds = "I"),
};
static const struct portable_option geoip[] = {OPT("edns-subnet", 0, 0)};
static const struct portable_option grpc[] = {
	OPT("except", 1, -1),
	OPT("tls", 0, 3),
	OPT("tls_servername", 1, 1),
	OPT("policy", 1, 1, .kinds = "w", .words = POLICIES),
	FALLTHROUGH,
};
static const struct portable_option streams[] = {
	/* grpc_server, https3 */
	OPT("max_streams", 1, 1, .kinds = "n", .flags = P_ONCE),
	OPT("max_connections", 1, 1, .kinds = "n", .flags = P_ONCE),
};
static const struct portable_option https[] = {OPT("max_connections", 1, 1, .kinds = "n", .flags = P_ONCE)};
static const struct portable_option quic[] = {
	OPT("max_streams", 1, 1, .kinds = "n", .flags = P_ONCE),
	OPT("worker_pool_size", 1, 1, .kinds = "n", .flags = P_ONCE),
};
static const struct portable_option header[] = {
	OPT("query", 2, -1, .kinds = "w", .words = "set|clear|aa|ra|rd"),
	OPT("response", 2, -1, .kinds = "w", .words = "set|clear|aa|ra|rd"),
};
static const struct portable_option health[] = {OPT("lameduck", 1, 1, .kinds = "d")};
static const struct portable_option hosts[] = {
	FALLTHROUGH,
	OPT("fallthrough_unsupported", 0, 0),
	OPT("no_reverse", 0, -1),
	OPT("ttl", 1, -1, .kinds = "na"),
	OPT("reload", 1, 1, .kinds = "d"),
};
static const struct portable_option k8s_external[] = {
	OPT("apex", 1, -1),
	OPT("ttl", 1, -1, .kinds = "na"),
	OPT("headless", 0, 0),
	FALLTHROUGH,
};
static const struct portable_option kubernetes[] = {
	OPT("endpoint", 1, -1),
	OPT("tls", 3, 3),
	OPT("kubeconfig", 1, 2),
	OPT("namespaces", 1, -1),
	OPT("namespace_labels", 1, -1),
	OPT("labels", 1, -1),
	OPT("pods", 1, 1, .kinds = "w", .words = "disabled|insecure|verified"),
	OPT("endpoint_pod_names", 0, 0),
	OPT("ttl", 1, -1, .kinds = "na"),
	OPT("noendpoints", 0, 0),
	FALLTHROUGH,
	OPT("ignore", 0, -1, .kinds = "wa", .words = "empty_service"),
	OPT("multicluster", 0, -1),
	OPT("zonal", 0, 0),
	OPT("startup_timeout", 1, -1, .kinds = "da"),
	OPT("apiserver_qps", 1, 1, .kinds = "f"),
	OPT("apiserver_burst", 1, 1, .kinds = "n"),
	OPT("apiserver_max_inflight", 1, 1, .kinds = "n"),
};
static const struct portable_option loadbalance[] = {
	OPT("reload", 1, 1, .kinds = "d", .when = FIRST_IS, .list = "weighted"),
	OPT("prefer", 0, -1, .kinds = "c", .when = FIRST_IS_NOT, .list = "weighted"),
};
static const struct portable_option local[] = {
	OPT("localhost_prefix", 1, 1, .kinds = "w", .words = "on|off")};
static const struct portable_option log_[] = {
	OPT("class", 1, -1, .kinds = "w", .words = "all|success|denial|error")};
static const struct portable_option nomad[] = {
	OPT("address", 1, -1),
	OPT("token", 1, 1),
	OPT("ttl", 1, 1, .kinds = "n"),
	OPT("filter", 1, 1),
};
static const struct portable_option pprof[] = {OPT("block", 0, 1, .kinds = "n")};
static const struct portable_option prometheus[] = {
	OPT("runtime_metrics", 0, 0),
	OPT("tls", 1, 1, .flags = P_ONCE),
};
static const struct portable_option proxyproto[] = {
	OPT("allow", 0, -1, .kinds = "c"),
	OPT("default", 1, 1, .kinds = "w", .words = "use|ignore|reject|skip", .flags = P_FOLD),
	OPT("udp_session_tracking", 1, 2, .kinds = "dn"),
};
static const struct portable_option ready[] = {
	OPT("monitor", 1, 1, .kinds = "w", .words = "until-ready|continuously")};
static const struct portable_option rewrite[] = {
	/* fields of a rule, behind continue or stop */
	OPT("name", 2, -1), OPT("class", 2, 2), OPT("type", 2, 2),  OPT("edns0", 2, -1),
	OPT("ttl", 2, 3),   OPT("rcode", 3, 4), OPT("cname", 2, 3),
};
static const struct portable_option route53[] = {
	OPT("aws_access_key", 2, -1),       OPT("aws_endpoint", 1, 1), OPT("credentials", 1, 2),
	OPT("refresh", 1, 1, .kinds = "s"), OPT("upstream", 0, -1),    FALLTHROUGH,
};
static const struct portable_option secondary[] = {
	OPT("transfer", 2, -1, .kinds = "wI", .words = "from", .flags = P_NEEDED),
	OPT("catalog", 0, -1),
	FALLTHROUGH,
};
static const struct portable_option sign[] = {OPT("key", 2, -1, .kinds = "wa", .words = "file"),
					      OPT("directory", 1, 1)};
static const struct portable_option template[] = {
	OPT("match", 1, -1),
	OPT("answer", 1, -1),
	OPT("additional", 1, -1),
	OPT("authority", 1, -1),
	OPT("rcode", 1, 1, .kinds = "R"),
	OPT("ederror", 1, 2, .kinds = "ua"),
	FALLTHROUGH,
	OPT("upstream", 0, -1),
};
static const struct portable_option timeouts[] = {
	OPT("read", 1, 1, .kinds = "s"),
	OPT("write", 1, 1, .kinds = "s"),
	OPT("idle", 1, 1, .kinds = "s"),
	OPT("maxtcpqueries", 1, 1, .kinds = "n"),
};
static const struct portable_option tls[] = {
	OPT("client_auth", 1, 1, .kinds = "w",
	    .words = "nocert|request|require|verify_if_given|require_and_verify", .when = ARGS),
	OPT("keylog", 1, 1, .when = ARGS),
	OPT("acme", 1, -1, .flags = P_ONCE | P_NEEDED, .when = NO_ARGS),
	OPT("email", 1, 1, .flags = P_ONCE, .when = NO_ARGS),
	OPT("ca", 1, 1, .flags = P_ONCE, .when = NO_ARGS),
	OPT("storage", 1, 1, .flags = P_ONCE, .when = NO_ARGS),
	OPT("ca_root", 1, 1, .flags = P_ONCE, .when = NO_ARGS),
	OPT("resolver", 1, 1, .flags = P_ONCE, .when = NO_ARGS),
};
static const struct portable_option trace[] = {
	OPT("every", 1, 1, .kinds = "u"),
	OPT("service", 1, 1),
	OPT("client_server", 0, 1, .kinds = "b"),
	OPT("datadog_analytics_rate", 0, 1, .kinds = "f"),
	OPT("zipkin_max_backlog_size", 1, 1, .kinds = "n"),
	OPT("zipkin_max_batch_size", 1, 1, .kinds = "n"),
	OPT("zipkin_max_batch_interval", 1, 1, .kinds = "d"),
};
static const struct portable_option transfer[] = {OPT("to", 1, -1, .flags = P_NEEDED),
						  OPT("source", 1, 1, .kinds = "i", .flags = P_ONCE)};
static const struct portable_option tsig[] = {
	OPT("secret", 2, 2),
	OPT("secrets", 1, 1),
	OPT("require", 1, -1),
	OPT("require_opcode", 1, -1),
};
static const struct portable_option view[] = {OPT("expr", 1, -1)};

/* In CoreDNS's order, so that the list is easy to compare with plugin.list. */
static const struct portable_directive portable_directives[] = {
	OPT("root", 1, 1, .flags = P_NO_BLOCK),
	OPT("metadata", 0, -1, .flags = P_ONCE | P_NO_BLOCK),
	OPT("geoip", 1, 1, .flags = P_ONCE, OPTIONS(geoip)),
	OPT("cancel", 0, 1, .kinds = "d", .flags = P_NO_BLOCK),
	OPT("proxyproto", 0, 0, OPTIONS(proxyproto)),
	OPT("quic", 0, 0, OPTIONS(quic)),
	OPT("grpc_server", 0, 0, OPTIONS(streams)),
	OPT("https", 0, 0, OPTIONS(https)),
	OPT("https3", 0, 0, OPTIONS(streams)),
	OPT("timeouts", 0, 0, .flags = P_NEEDED, OPTIONS(timeouts)),
	OPT("multisocket", 0, 1, .kinds = "n", .flags = P_ONCE | P_NO_BLOCK),
	OPT("reload", 0, 2, .kinds = "d", .flags = P_NO_BLOCK),
	OPT("nsid", 0, -1, .flags = P_ONCE | P_NO_BLOCK),
	OPT("bufsize", 0, 1, .kinds = "n", .flags = P_NO_BLOCK),
	OPT("bind", 1, -1, OPTIONS(bind_)),
	OPT("debug", 0, 0, .flags = P_NO_BLOCK),
	OPT("trace", 0, 2, OPTIONS(trace)),
	OPT("ready", 0, 1, .kinds = "p", .flags = P_ONCE, OPTIONS(ready)),
	OPT("health", 0, 1, .kinds = "p", OPTIONS(health)),
	OPT("pprof", 0, 1, .kinds = "p", .flags = P_ONCE, OPTIONS(pprof)),
	OPT("shed", 0, 0, .flags = P_ONCE | P_NO_BLOCK),
	OPT("prometheus", 0, 1, .kinds = "p", .flags = P_ONCE, OPTIONS(prometheus)),
	OPT("errors", 0, 1, .kinds = "w", .words = "stdout", .flags = P_ONCE, OPTIONS(errors)),
	OPT("log", 0, -1, OPTIONS(log_)),
	OPT("dnstap", 1, -1, OPTIONS(dnstap)),
	OPT("local", 0, 0, OPTIONS(local)),
	OPT("dns64", 0, 1, .kinds = "c", OPTIONS(dns64)),
	OPT("any", 0, 0, .flags = P_NO_BLOCK),
	OPT("chaos", 0, -1, .flags = P_NO_BLOCK),
	OPT("loadbalance", 0, 2, .kinds = "wa", .words = "round_robin|weighted", OPTIONS(loadbalance)),
	OPT("tsig", 0, -1, .flags = P_ONCE, OPTIONS(tsig)),
	OPT("rewrite", 0, -1, .flags = P_RULE | P_FOLD, OPTIONS(rewrite)),
	OPT("autopath", 1, -1, .flags = P_NO_BLOCK),
	OPT("acl", 0, -1, .flags = P_FOLD, OPTIONS(acl)),
	OPT("cache", 0, -1, .flags = P_ONCE, OPTIONS(cache)),
	OPT("header", 0, 0, .flags = P_NEEDED | P_FOLD, OPTIONS(header)),
	OPT("dnssec", 0, -1, .flags = P_ONCE, OPTIONS(dnssec)),
	OPT("tls", 0, 3, .but = 1, OPTIONS(tls)),
	OPT("minimal", 0, 0, .flags = P_NO_BLOCK),
	OPT("template", 2, -1, OPTIONS(template)),
	OPT("transfer", 0, -1, OPTIONS(transfer)),
	OPT("hosts", 0, -1, .flags = P_ONCE | P_OPEN, OPTIONS(hosts)),
	OPT("route53", 0, -1, OPTIONS(route53)),
	OPT("azure", 0, -1, OPTIONS(azure)),
	OPT("clouddns", 0, -1, OPTIONS(clouddns)),
	OPT("k8s_external", 0, -1, .needs = "kubernetes", OPTIONS(k8s_external)),
	OPT("kubernetes", 0, -1, .flags = P_ONCE, OPTIONS(kubernetes)),
	OPT("file", 1, -1, OPTIONS(file)),
	OPT("auto", 0, -1, OPTIONS(auto_)),
	OPT("secondary", 0, -1, OPTIONS(secondary)),
	OPT("etcd", 0, -1, OPTIONS(etcd)),
	OPT("loop", 0, 0, .flags = P_ONCE | P_NO_BLOCK),
	OPT("forward", 2, 16, OPTIONS(forward)),
	OPT("grpc", 2, 16, .flags = P_ONCE, OPTIONS(grpc)),
	OPT("erratic", 0, 0, OPTIONS(erratic)),
	OPT("whoami", 0, 0, .flags = P_NO_BLOCK),
	OPT("on", 2, -1, .kinds = "wa", .words = "startup|shutdown|certrenew", .flags = P_FOLD | P_NO_BLOCK),
	OPT("sign", 1, -1, OPTIONS(sign)),
	OPT("view", 1, 1, .flags = P_ONCE, OPTIONS(view)),
	OPT("nomad", 0, -1, .flags = P_FOLD, OPTIONS(nomad)),
};
