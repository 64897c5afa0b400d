// SPDX-License-Identifier: Apache-2.0
#include "net/http_post.h"

#include "foreign/curl.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct library *const http_post_libraries[] = {&libcurl_library, NULL};

enum { CONNECT_MS = 2000, TOTAL_MS = 5000 };

struct http_poster {
	CURL *curl;
	struct curl_slist *headers;
};

static size_t ignore(char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

static int set_up(struct http_poster *p, const char *url)
{
	CURLcode err = libcurl_set(p->curl, CURLOPT_URL, url);

	if (!err)
		err = libcurl_set(p->curl, CURLOPT_NOSIGNAL, 1L);
	if (!err)
		err = libcurl_set(p->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (!err)
		err = libcurl_set(p->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	if (!err)
		err = libcurl_set(p->curl, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
	if (!err)
		err = libcurl_set(p->curl, CURLOPT_WRITEFUNCTION, ignore);
	return err ? -1 : 0;
}

bool http_poster_header(struct http_poster *p, const char *header)
{
	struct curl_slist *more = libcurl.slist_append(p->headers, header);

	if (!more)
		return false;
	p->headers = more;
	return libcurl_set(p->curl, CURLOPT_HTTPHEADER, p->headers) == CURLE_OK;
}

struct http_poster *http_poster_new(const char *url, const char *content_type)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_poster *p = calloc(1, sizeof(*p));
	const char *why;
	char type[128];

	if (!p || library_load_all(http_post_libraries, &why)) {
		free(p);
		return NULL;
	}
	pthread_once(&once, libcurl_start);
	p->curl = libcurl.easy_init();
	(void)snprintf(type, sizeof(type), "Content-Type: %s", content_type);
	/* "Expect:" empty: no second of waiting before larger bodies. */
	if (p->curl && set_up(p, url) == 0 && http_poster_header(p, type) && http_poster_header(p, "Expect:"))
		return p;
	http_poster_free(p);
	return NULL;
}

void http_poster_free(struct http_poster *p)
{
	if (!p)
		return;
	if (p->curl)
		libcurl.easy_cleanup(p->curl);
	libcurl.slist_free_all(p->headers);
	free(p);
}

int http_post(struct http_poster *p, const void *body, size_t len, char why[HTTP_POST_WHY_MAX])
{
	CURLcode err = libcurl_set(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	long status = 0;

	if (!err)
		err = libcurl_set(p->curl, CURLOPT_POSTFIELDS, body);
	if (!err)
		err = libcurl.easy_perform(p->curl);
	if (err) {
		(void)snprintf(why, HTTP_POST_WHY_MAX, "%s", libcurl.easy_strerror(err));
		return -1;
	}
	(void)libcurl.easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return 0;
	(void)snprintf(why, HTTP_POST_WHY_MAX, "HTTP status %ld", status);
	return -1;
}
