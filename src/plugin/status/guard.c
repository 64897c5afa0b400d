// SPDX-License-Identifier: Apache-2.0
/* Who may ask.  The address is local, but a browser on this machine fetches what any page tells it to:
 *
 *   - a page whose name was made to lead here (DNS rebinding) sends its own name as Host; only addresses, localhost and the
 *     configured host name are taken;
 *   - a page of another origin can send requests without reading the answers; what does something (a question to the
 *     server) is a POST, which browsers send with an Origin, and that must be ours;
 *   - Sec-Fetch-Site says the same of each request, where a browser has it. */
#include "net/addr.h"
#include "net/http_server.h"
#include "plugin/status/status.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 256 };

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT" -> the host, without brackets.  False: none of these. */
static bool split_host(const char *text, char out[HOST_MAX])
{
	const char *end;
	size_t len;

	if (text[0] == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
	} else {
		end = text + strcspn(text, ":");
	}
	len = (size_t)(end - text);
	if (!len || len >= HOST_MAX)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

bool status_host_allowed(const char *host, const char *own)
{
	char name[HOST_MAX], configured[HOST_MAX];
	struct net_addr a;

	if (!split_host(host, name))
		return false;
	if (net_addr_parse(name, 0, &a) == 0 || strcasecmp(name, "localhost") == 0)
		return true;
	return split_host(own, configured) && strcasecmp(name, configured) == 0;
}

/* "http://HOST" with the very host of the request. */
static bool same_origin(const char *origin, const char *host)
{
	const char *at = strstr(origin, "://");

	return at && strcasecmp(at + 3, host) == 0;
}

static bool refuse(struct http_reply *ret, unsigned status, const char *why)
{
	http_reply_text(ret, status, why);
	return false;
}

bool status_allowed(const struct status *s, const struct http_request *r, bool changes, struct http_reply *ret)
{
	const char *host = http_header(r, "Host"), *origin = http_header(r, "Origin"), *site = http_header(r, "Sec-Fetch-Site");
	bool is_post = strcmp(r->method, "POST") == 0, is_get = !strcmp(r->method, "GET") || !strcmp(r->method, "HEAD");

	if (!host || !status_host_allowed(host, s->address))
		return refuse(ret, 403, "This Host is not served here: use an address or localhost.\n");
	if (origin && !same_origin(origin, host))
		return refuse(ret, 403, "Requests of other origins are not answered.\n");
	if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return refuse(ret, 403, "Requests of other sites are not answered.\n");
	if (changes ? !is_post : !is_get) {
		ret->allow = changes ? "POST" : "GET, HEAD";
		return refuse(ret, 405, changes ? "Expected POST.\n" : "Expected GET.\n");
	}
	return true;
}
