// SPDX-License-Identifier: Apache-2.0
/* Two small files of the system: resolv.conf(5), hosts(5). */

#include "upstream/resolve.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A line cut into words; a comment ends it. */
struct words {
	const char *at, *end;
};

static bool next_line(const char **text, const char *end, struct words *ret)
{
	const char *eol;

	if (*text >= end)
		return false;
	eol = memchr(*text, '\n', (size_t)(end - *text));
	eol = eol ? eol : end;
	ret->at = *text;
	ret->end = eol;
	*text = eol + 1;
	for (const char *p = ret->at; p < eol; p++) {
		if (*p == '#' || *p == ';') {
			ret->end = p;
			break;
		}
	}
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The next word as a string; longer ones than any address or name are left out. */
static bool next_word(struct words *w, char out[256])
{
	size_t len;
	const char *from;

	do {
		while (w->at < w->end && blank(*w->at))
			w->at++;
		from = w->at;
		while (w->at < w->end && !blank(*w->at))
			w->at++;
		len = (size_t)(w->at - from);
	} while (len >= 256);
	memcpy(out, from, len);
	out[len] = '\0';
	return len > 0;
}

size_t upstream_resolv_conf(const char *text, size_t len, struct net_addr *out, size_t max)
{
	const char *end = text + len;
	char word[256];
	struct words w;
	size_t n = 0;

	while (n < max && next_line(&text, end, &w)) {
		if (next_word(&w, word) && strcmp(word, "nameserver") == 0 && next_word(&w, word) &&
		    net_addr_parse(word, 53, &out[n]) == 0)
			n++;
	}
	return n;
}

static bool names_host(struct words *w, const char *host)
{
	size_t len = strlen(host);
	char word[256];

	if (len && host[len - 1] == '.')
		len--;
	while (next_word(w, word)) {
		if (strlen(word) == len && strncasecmp(word, host, len) == 0)
			return true;
	}
	return false;
}

static size_t hosts_of_family(const char *text, const char *end, const char *host, uint16_t port, int family,
			      struct net_addr *out, size_t max)
{
	char word[256];
	struct words w;
	size_t n = 0;

	while (n < max && next_line(&text, end, &w)) {
		if (next_word(&w, word) && net_addr_parse(word, port, &out[n]) == 0 &&
		    net_addr_family(&out[n]) == family && names_host(&w, host))
			n++;
	}
	return n;
}

size_t upstream_hosts_file(const char *text, size_t len, const char *host, uint16_t port,
			   struct net_addr *out, size_t max)
{
	size_t n = hosts_of_family(text, text + len, host, port, 1, out, max);

	return n + hosts_of_family(text, text + len, host, port, 2, out + n, max - n);
}
