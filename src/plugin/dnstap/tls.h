// SPDX-License-Identifier: Apache-2.0
/* TLS on a blocking socket of dnstap.  Thread: the sender's. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dnstap_config;
struct dnstap_tls;

/* Shake hands on `fd` as client or (listen) server.  NULL and a text in `why`. */
struct dnstap_tls *dnstap_tls_begin(const struct dnstap_config *c, int fd, char *why, size_t why_cap);
/* As send() and recv(); -1 with errno. */
ssize_t dnstap_tls_write(struct dnstap_tls *t, const void *data, size_t len);
ssize_t dnstap_tls_read(struct dnstap_tls *t, void *data, size_t len);
/* The socket stays the caller's.  NULL is left alone. */
void dnstap_tls_end(struct dnstap_tls *t);
/* Can certificate, key and CA be used?  NULL, or why not (static). */
const char *dnstap_tls_check(const struct dnstap_config *c);
