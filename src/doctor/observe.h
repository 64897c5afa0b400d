// SPDX-License-Identifier: Apache-2.0
/* The table of what was observed: what `doctor` knows when it judges, and all that a verdict may rest on.
 *
 *   engine     discovers servers, asks, fills in this table (never judges)
 *   reasoning  reads this table, wishes for more questions (verdict.h), judges (never asks)
 *
 * Lists grow at their end only: an index (server, observation) once given out stays good for the whole run.  All memory
 * belongs to `world->arena`.  Names in wire form are uncompressed; names come from others and may hold any bytes: print
 * them by wire_name_text or the texts given beside them.  Thread: one. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------- servers */

enum observed_kind {
	OBSERVED_RESOLVER, /* a nameserver line of the client's resolv.conf */
	OBSERVED_SERVICE,  /* the cluster's DNS service address */
	OBSERVED_POD,      /* one DNS pod behind it */
	OBSERVED_UPSTREAM, /* what a Corefile forwards to */
	OBSERVED_GIVEN,    /* --server: asked like the others, its place is not known */
	OBSERVED_KINDS,
};

enum observed_software {
	SOFTWARE_UNKNOWN,
	SOFTWARE_COREDNS,
	SOFTWARE_KUBE_DNS,
	SOFTWARE_BINNACLE,
	SOFTWARE_UNBOUND,
	SOFTWARE_BIND,
	SOFTWARE_DNSMASQ,
	SOFTWARE_OTHER, /* it says something else: see version */
};

enum observed_state {
	SERVER_ASKED,    /* questions go there */
	SERVER_NO_ROUTE, /* "not reachable from here": this machine has no route there; never a fault */
	SERVER_UNKNOWN,  /* "could not tell": see reason (no address known, TLS upstream, ...) */
};

struct observed_server {
	enum observed_kind kind;
	struct net_addr addr;   /* with its port; sa_family AF_UNSPEC when no address is known */
	const char *label;      /* "pod coredns-abc 10.0.0.7", safe to print */
	enum observed_software software;
	const char *version;    /* "1.11.1", safe to print; NULL: unknown */
	bool version_from_image; /* read from the pod's image tag, else from version.bind */
	enum observed_state state;
	const char *reason;     /* for the two latter states, safe to print; else NULL */
	/* The same address stands in several places (the resolver is the service): it is asked once, under the first index;
	 * -1: this is the first. */
	int same_as;
	bool from_api;          /* found by the API server, not given by the user */
	bool loopback_of_pod;   /* 127.0.0.0/8 or ::1 read from a Corefile: the pod's own, never ours */
};

/* ---------------------------------------------------------------- questions and what came of them */

enum name_role {
	NAME_ASKED,     /* world->asked: what is asked everywhere, in all ways */
	NAME_CANDIDATE, /* another name that the search path makes out of the one given; resolvers only, WAY_UDP_PLAIN */
	NAME_CONTROL,   /* the control name */
	NAME_VERSION,   /* version.bind CH TXT */
	NAME_EXTRA,     /* asked because the reasoning wished for it */
};

/* How a question is put. */
enum ask_way {
	WAY_UDP_PLAIN, /* no EDNS */
	WAY_UDP_512,   /* EDNS with this size ... */
	WAY_UDP_1232,
	WAY_UDP_4096,
	WAY_TCP,       /* no EDNS, unless do_bit */
	WAY_COOKIE,    /* UDP, EDNS 1232 and a client cookie (RFC 7873) */
	WAY_N,
};

/* Bits beside the way.  RD is set unless ASK_NO_RD: what does the server know by itself, what does its cache hold? */
enum ask_bits { ASK_DO = 1, ASK_CD = 2, ASK_NO_RD = 4 };

enum ask_outcome {
	OUTCOME_ANSWERED,
	OUTCOME_TIMEOUT,
	OUTCOME_UNREACHABLE,  /* ICMP: host, net or protocol unreachable, or prohibited by a filter */
	OUTCOME_REFUSED_CONN, /* ICMP port unreachable, or a TCP reset when connecting: nobody listens */
	OUTCOME_CLOSED,       /* TCP: connected, then closed without an answer */
	OUTCOME_NO_ROUTE,     /* this machine has no route there (or no such address family) */
	OUTCOME_WRONG,        /* only messages that do not answer this question came, see `wrong` */
	OUTCOME_NOT_SENT,     /* never sent: see `why` */
};

/* Why a message did not count. */
enum wrong_reply {
	WRONG_NONE,
	WRONG_ID,
	WRONG_QUESTION, /* another name, type or class */
	WRONG_SOURCE,   /* from another address than the one asked: `wrong_from` */
	WRONG_GARBLED,  /* no DNS message, or QR=0 */
};

enum cookie_state {
	COOKIE_NONE,   /* none came */
	COOKIE_ECHOED, /* our client cookie came back, with or without a server's */
	COOKIE_WRONG,  /* another client cookie, or of a wrong length */
};

enum { OBSERVED_ADDRS_KEPT = 8, EDE_ABSENT = -1 };

/* What an answer said.  Valid with OUTCOME_ANSWERED only (with OUTCOME_WRONG: of the last wrong message, as far as it
 * could be read). */
struct observed_reply {
	uint16_t size;           /* bytes of the message */
	uint16_t flags;          /* header bits: FLAG_TC, FLAG_AA, FLAG_RA, FLAG_AD, FLAG_CD (wire/wire.h) */
	uint16_t rcode;          /* extended bits included */
	bool question_matches;
	bool broken;             /* the records could not be read to the end although TC is not set */
	bool has_opt;
	uint16_t opt_udp_size;
	enum cookie_state cookie;
	uint8_t server_cookie_len;
	int32_t ede;             /* EDE_ABSENT, or the first one's code */
	const char *ede_text;    /* safe to print; NULL: none */

	/* The answer section. */
	uint16_t n_answer;       /* all its records */
	uint16_t n_cname;
	uint16_t n_wanted;       /* records of the type asked for, at the end of the CNAME chain */
	uint16_t n_address;      /* A and AAAA records */
	uint16_t n_rrsig;
	uint16_t n_other;        /* none of these */
	bool cname_loop;         /* the chain comes back to a name in it */
	const uint8_t *target;   /* the name at the end of the CNAME chain; NULL without CNAME */
	uint64_t set_hash;       /* of the records of the type asked for, whatever their order and TTL; 0: none */
	struct net_addr addrs[OBSERVED_ADDRS_KEPT]; /* the first of them, for A and AAAA */
	uint8_t n_addrs;
	uint32_t min_ttl_s;      /* of the answer section; UINT32_MAX: no record */
	uint32_t sig_inception, sig_expiration; /* RRSIGs there: latest and earliest, seconds since 1970; 0: none */
	const char *text;        /* the first TXT record's text when TXT was asked for; safe to print; else NULL */

	/* The authority and additional sections. */
	uint16_t n_authority, n_additional; /* OPT not counted */
	uint16_t n_ns;           /* NS records in the authority section */
	bool has_soa;            /* one in the authority section: */
	const uint8_t *soa_owner;
	uint32_t soa_ttl_s, soa_minimum_s;
};

/* One question, put once. */
struct observation {
	/* what was asked */
	int server;              /* index in world->servers */
	enum name_role role;
	const uint8_t *name;     /* wire form, absolute */
	uint16_t type, cls;
	enum ask_way way;
	unsigned bits;           /* ASK_* */
	unsigned attempt;        /* 0, 1, ... of the same server, name, type, way, bits and tag */
	unsigned pair;           /* not 0: sent from one UDP socket, at the same moment, with the others of this number */
	unsigned round;          /* 0: the engine's own plan; 1, ...: asked for the reasoning */
	unsigned tag;            /* of the wish (verdict.h); 0 in round 0 */

	/* what came of it */
	enum ask_outcome outcome;
	const char *why;         /* NOT_SENT: "the budget was used up", ...; NO_ROUTE, UNREACHABLE: the system's words */
	int err;                 /* -errno of the system where it said something; 0 */
	uint64_t sent_ns;        /* monotonic; 0: not sent */
	uint64_t done_ns;        /* answer or final outcome; for a timeout when waiting ended */
	uint64_t connected_ns;   /* TCP: when the connection was there; 0: never */
	uint64_t wall_s;         /* this machine's clock when it was sent, seconds since 1970 */
	unsigned n_wrong;        /* messages that did not count, before or instead of the answer */
	enum wrong_reply wrong;  /* the last of these */
	struct net_addr wrong_from;
	bool late;               /* of a pair or a rising rate: the answer came, but after others that were sent later */
	struct observed_reply reply;
};

/* ---------------------------------------------------------------- the client's resolv.conf */

enum { RESOLV_SERVERS_MAX = 3, RESOLV_SEARCH_MAX = 32, RESOLV_WALK_MAX = RESOLV_SEARCH_MAX + 1 };

enum libc { LIBC_GLIBC, LIBC_MUSL, LIBC_N };

enum walk_end {
	WALK_UNKNOWN, /* the resolvers did not say */
	WALK_FOUND,   /* at the first name that exists with records of the type */
	WALK_STOPPED, /* at a name without records or with SERVFAIL, where this libc does not go on */
	WALK_ABSENT,  /* no candidate exists */
};

/* The names that a libc asks, in its order, until one answers. */
struct resolv_walk {
	const uint8_t *names[RESOLV_WALK_MAX];
	unsigned n;
	/* Questions that it sends to find the name as asked when each other candidate is denied and nothing is lost: names
	 * up to the asked one times A and AAAA times servers that are asked at the same time (musl asks all). */
	unsigned n_until_asked;
	unsigned n_if_absent;    /* ... and when no candidate exists */
	enum walk_end end;
	int ends_at;             /* index in names; -1: at none */
	const char *notes[4];    /* what differs from the other libc here; safe to print */
	unsigned n_notes;
};

struct observed_resolv {
	const char *path;
	const char *error;       /* it could not be read; NULL: it was */
	int servers[RESOLV_SERVERS_MAX]; /* indexes in world->servers */
	unsigned n_servers, n_servers_ignored; /* more than the three that both libcs take */
	const uint8_t *search[RESOLV_SEARCH_MAX];
	unsigned n_search;
	unsigned ndots, timeout_s, attempts;
	bool rotate, single_request, single_request_reopen, use_vc, edns0, trust_ad, no_aaaa, no_tld_query;
	struct resolv_walk walk[LIBC_N];
};

/* ---------------------------------------------------------------- the Corefile */

enum corefile_origin { COREFILE_NONE, COREFILE_FILE, COREFILE_CONFIGMAP, COREFILE_ADMIN };

/* One forward (or proxy of old) line. */
struct observed_forward {
	const uint8_t *from;     /* the zone that it takes */
	const int *upstreams;    /* indexes in world->servers */
	unsigned n_upstreams;
	bool prefer_udp, force_tcp;
	bool resolv_conf;        /* a file stands there: /etc/resolv.conf, which is the server's own */
	const char *resolv_path; /* its name there; NULL */
	unsigned line;
};

struct observed_block {
	const uint8_t *const *zones;
	unsigned n_zones;
	uint16_t port;
	const char *const *plugins; /* directives in file order; repeats included */
	unsigned n_plugins;
	struct observed_forward *forwards;
	unsigned n_forwards;
	bool has_cache, serve_stale;
	uint32_t cache_success_ttl_s, cache_denial_ttl_s; /* caps; defaults 3600 and 1800 */
	bool has_bufsize;
	unsigned bufsize;        /* 1232 when written without a number */
	bool has_loop, has_autopath, has_kubernetes;
	const uint8_t *const *kubernetes_zones;
	unsigned n_kubernetes_zones;
	unsigned line;
};

struct observed_corefile {
	enum corefile_origin origin;
	const char *where;       /* file name, "configmap kube-system/coredns", ...; safe to print */
	const char *error;       /* could not be had or read, and why; NULL */
	const struct observed_block *blocks;
	unsigned n_blocks;
};

/* ---------------------------------------------------------------- Kubernetes */

/* A 403 of the API server. */
struct observed_refusal {
	const char *verb, *resource; /* "list", "endpointslices.discovery.k8s.io" */
	const char *ns;          /* "" for all namespaces */
};
enum { REFUSALS_MAX = 16 };

/* What the name asked for would be in this cluster. */
struct observed_target {
	bool applies;            /* it has the form SERVICE.NAMESPACE.svc.DOMAIN */
	const uint8_t *name;     /* the candidate (or name) with that form */
	const char *ns, *service;
	bool known;              /* the API server said whether it exists */
	bool exists;
	uint64_t created_wall_s; /* when; 0: unknown */
	const char *type;        /* "ClusterIP", "ExternalName", ... */
	const uint8_t *external_name; /* the ExternalName's target; NULL */
	const char *cluster_ip;  /* "" or "None": headless */
};

struct observed_kube {
	bool tried;              /* there was a service account or a kubeconfig */
	bool reached;            /* the API server answered */
	const char *where;       /* its URL; safe to print */
	const char *error;       /* why not; NULL */
	struct observed_refusal refused[REFUSALS_MAX];
	unsigned n_refused;
	const char *service_ns, *service_name;
	bool service_known, service_exists;
	bool slices_known;
	unsigned n_ready, n_not_ready; /* endpoints of the DNS service */
	const uint8_t *domain;   /* the cluster's, as far as known ("cluster.local" found in a search path); NULL */
	struct observed_target target;
};

/* ---------------------------------------------------------------- all of it */

struct observed_world {
	struct arena *arena;
	const char *asked_text;  /* as given on the command line; safe to print */
	/* The name whose answer decides: the first of the search walk that a resolver found or the API server knows; when
	 * there is none, the name as given, made absolute. */
	const uint8_t *asked;
	uint16_t type;
	bool asked_absolute;     /* it was given with a final dot */
	const uint8_t *control;  /* NULL: none could be made up */
	uint32_t timeout_ms;     /* of one question */

	struct observed_server *servers;
	unsigned n_servers;
	struct observation *seen;
	unsigned n_seen;

	struct observed_resolv resolv;
	struct observed_corefile corefile;
	struct observed_kube kube;

	/* This machine is a part of the cluster (a service account, KUBERNETES_SERVICE_HOST, or its resolver is the cluster's):
	 * it must be able to reach the service and the pods.  Otherwise silence from them proves nothing. */
	bool in_cluster;
	bool aws;                /* the cluster runs at Amazon, as far as names and images tell */

	unsigned budget;         /* questions in all */
	unsigned used;           /* sent so far */
};

/* Words for tables and JSON ("udp-1232", "timeout", "resolver", "coredns"). */
const char *observe_kind_text(enum observed_kind k);
const char *observe_software_text(enum observed_software s);
const char *observe_state_text(enum observed_state s);
const char *observe_role_text(enum name_role r);
const char *observe_way_text(enum ask_way w);
const char *observe_outcome_text(enum ask_outcome o);
const char *observe_wrong_text(enum wrong_reply w);
const char *observe_walk_end_text(enum walk_end e);

/* Iterate: the next observation at or after `at` of this server, role, type and way (-1: any of them); -1 when there is
 * none. */
int observe_find(const struct observed_world *w, int at, int server, int role, int type, int way);
/* The server block of the Corefile that takes this name (longest zone); -1: none. */
int observe_block_of(const struct observed_world *w, const uint8_t *name);
/* Its forward that takes the name; NULL: none. */
const struct observed_forward *observe_forward_of(const struct observed_world *w, const uint8_t *name);
/* The server that is asked in place of this one (same_as followed). */
int observe_asked_server(const struct observed_world *w, int server);
/* The network's time for the answer, or how long was waited. */
uint64_t observe_took_ns(const struct observation *o);
/* It is NOERROR with records of the type asked for. */
bool observe_positive(const struct observation *o);
