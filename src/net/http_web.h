// SPDX-License-Identifier: Apache-2.0
/* The web configuration file of Prometheus' exporter-toolkit: TLS, client certificates, users, headers.
 *
 *   tls_server_config: {cert_file, key_file, client_auth_type, client_ca_file, min_version, max_version}
 *   basic_auth_users:  {NAME: bcrypt hash}
 *   http_server_config: {http2: false, headers: {NAME: VALUE}}
 *
 * Files are read when it is loaded; relative ones stand beside it.  What cannot act here is an error by
 * file and line.  Frozen once loaded; counted, because a daemon may outlive the configuration that brought
 * it. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_OptionItem;

enum { HTTP_WEB_ERROR_MAX = 512, HTTP_WEB_OPTIONS_MAX = 6, HTTP_WEB_LIST_MAX = 64 };

enum http_client_auth {
	HTTP_CLIENT_ANY, /* not asked for a certificate, or what it has does not matter */
	HTTP_CLIENT_SOME, /* any certificate */
	HTTP_CLIENT_IF_GIVEN, /* none, or one of client_ca */
	HTTP_CLIENT_VERIFIED, /* one of client_ca */
};

struct http_web_pair {
	char *name, *value;
};

struct http_web {
	unsigned refs; /* atomic */
	uint64_t print; /* of all that counts: two with the same serve alike */
	char *cert, *key, *ca; /* PEM; NULL: none */
	char priorities[128];
	enum http_client_auth auth;
	struct http_web_pair users[HTTP_WEB_LIST_MAX], headers[HTTP_WEB_LIST_MAX];
	size_t n_users, n_headers;
};

/* 0; ERR_SYNTAX or -errno with `why` = "FILE:LINE: what was found, what was expected". */
int http_web_load(const char *path, struct http_web **ret, char why[HTTP_WEB_ERROR_MAX]) MUST_USE;
/* NULL stays NULL. */
struct http_web *http_web_get(struct http_web *w);
void http_web_put(struct http_web *w);
bool http_web_same(const struct http_web *a, const struct http_web *b);

/* The daemon's options of it, HTTP_WEB_OPTIONS_MAX at most; true: TLS. */
bool http_web_options(const struct http_web *w, struct MHD_OptionItem *out);
/* The client's certificate is what the file asks for. */
bool http_client_verified(const struct http_web *w, struct MHD_Connection *c);
/* It has given a user's name and password, or none are asked for. */
bool http_user_known(const struct http_web *w, struct MHD_Connection *c);
