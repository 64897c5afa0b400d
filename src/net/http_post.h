// SPDX-License-Identifier: Apache-2.0
/* Sending something to an HTTP server now and then, from a thread that may wait for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_poster;
struct library;

/* What a poster needs and loads.  Who names them before can tell which one is missing. */
extern struct library *const http_post_libraries[];

enum { HTTP_POST_WHY_MAX = 256 };

/* Of one URL and content type; keeps its connection.  NULL: no memory, or no libraries. */
struct http_poster *http_poster_new(const char *url, const char *content_type);
/* NULL is left alone. */
void http_poster_free(struct http_poster *p);
/* One more header ("Name: value") for all posts.  False: no memory. */
bool http_poster_header(struct http_poster *p, const char *header);

/* Blocks at most 5 s.  0: a status of 2xx; else -1 and a text in `why`.  What the server answers is not kept. */
int http_post(struct http_poster *p, const void *body, size_t len, char why[HTTP_POST_WHY_MAX]);
