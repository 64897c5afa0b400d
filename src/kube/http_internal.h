// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foreign/curl.h"
#include "kube/http.h"


enum {
	HTTP_CONNECT_MS = 10000, /* TCP and TLS together */
	HTTP_SYN_RETRIES = 1, /* SYN at 0 and 1 s, given up at 3 s: a route that is back is noticed soon */
	HTTP_PING_IDLE_MS = 8000, /* nothing has arrived so long: ping */
	HTTP_PING_ANSWER_MS =
		10000, /* and so long again: the connection is dead; 18 s + the check's interval in all */
	HTTP_CHECK_MS = 2000,
	HTTP_USER_TIMEOUT_MS = 20000, /* bytes that the other side's kernel does not acknowledge */
	HTTP_CONNS = 16, /* sockets that are watched at the same time */
};

/* A socket of libcurl's, from its opening to its closing. */
struct http_conn {
	int fd; /* -1: this place is free */
	uint64_t pinged_ns; /* 0: no ping is outstanding */
	bool answers; /* it has answered one */
};

struct kube_http {
	CURLM *multi;
	struct kube_request *requests; /* newest first */
	struct http_conn conns[HTTP_CONNS];
	uint64_t checked_ns;
	size_t bytes; /* of bodies, in this turn */
};

struct kube_request {
	struct kube_http *http;
	struct kube_request *next, **link;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	const struct kube_request_ops *ops;
	void *arg;
	uint64_t last_ns;
	int status, aborted;
	char type[80], retry_after[40];
	int64_t date_s; /* the response's; 0: not said */
	char error[CURL_ERROR_SIZE];
};

/* Look after the connections; at most every HTTP_CHECK_MS. */
void http_check_connections(struct kube_http *h);
/* What the request is on; NULL: not connected, or more connections than are watched. */
struct http_conn *http_conn_of(struct kube_http *h, const struct kube_request *r);
/* libcurl opens and closes its sockets through these. */
curl_socket_t http_open_socket(void *http, curlsocktype purpose, struct curl_sockaddr *addr);
int http_close_socket(void *http, curl_socket_t fd);
