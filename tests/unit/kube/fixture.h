// SPDX-License-Identifier: Apache-2.0
/* Objects for the store in one line each. */
#pragma once

#include "kube/object.h"

enum { NOW_S = 1700000000 };

struct kube_str str(const char *text);
struct kube_port port(const char *name, uint16_t number, uint8_t proto);
struct kube_addr addr(const char *text);
/* Its address as text, in a static buffer. */
const char *addr_text(const uint8_t *bytes, size_t len);

/* A Service with at most two cluster IPs and one port, a slice with one endpoint ("" or NULL: none of it). */
enum kube_change put_service(struct kube_store *s, const char *ns, const char *name, const char *ip,
			     const char *ip6);
enum kube_change put_slice(struct kube_store *s, const char *ns, const char *name, const char *service,
			   const char *ip);
enum kube_change put_namespace(struct kube_store *s, const char *name);
enum kube_change put_pod(struct kube_store *s, const char *ns, const char *name, const char *ip);
enum kube_change drop(struct kube_store *s, enum kube_kind kind, const char *ns, const char *name);

const struct kube_name *find_name(const struct kube_store *s, const char *ns, const char *name);
/* "ns/name" of the first record under that address, "" for none. */
const char *at_addr(const struct kube_store *s, enum kube_by_addr by, const char *ip);
