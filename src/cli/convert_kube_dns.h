// SPDX-License-Identifier: Apache-2.0
/* `binnacle convert kube-dns`: what kube-dns was told, as a Corefile.  Thread: main. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"

#include <stddef.h>
#include <stdio.h>

struct cf_errors;

enum { KUBE_DNS_UPSTREAMS_MAX = 3, KUBE_DNS_STUBS_MAX = 1000, KUBE_DNS_SERVERS_MAX = 15 };

struct kube_dns_stub {
	const char *domain;
	const char *servers[KUBE_DNS_SERVERS_MAX]; /* IP[:PORT], an IPv6 address with a port in brackets */
	size_t n;
};

struct kube_dns {
	const char *domain; /* the cluster's; NULL: cluster.local */
	const char *reverse[16]; /* zones or CIDRs; none: in-addr.arpa ip6.arpa */
	size_t n_reverse;
	const char *upstreams[KUBE_DNS_UPSTREAMS_MAX]; /* none: /etc/resolv.conf */
	size_t n_upstreams;
	struct kube_dns_stub *stubs; /* room for KUBE_DNS_STUBS_MAX */
	size_t n_stubs;
};

/* 0 or -ENOMEM; memory comes from the arena. */
int kube_dns_init(struct arena *a, struct kube_dns *ret) MUST_USE;
/* Add what the ConfigMap says (YAML or JSON text of the object, or of its `data` alone).
 * 0; ERR_SYNTAX with errors recorded; -ENOMEM. */
int kube_dns_read(struct arena *a, const char *file, const char *text, size_t len, struct cf_errors *errs,
		  struct kube_dns *k) MUST_USE;
/* Add one; `file` is what the messages name.  0 or ERR_SYNTAX. */
int kube_dns_add_upstream(struct kube_dns *k, const char *file, const char *server,
			  struct cf_errors *errs) MUST_USE;
int kube_dns_add_server(struct kube_dns *k, const char *file, const char *domain, const char *server,
			struct cf_errors *errs) MUST_USE;
void kube_dns_print(const struct kube_dns *k, FILE *to);
