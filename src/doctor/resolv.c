// SPDX-License-Identifier: Apache-2.0
#include "doctor/resolv.h"

#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NDOTS = 1,
	NDOTS_MAX = 15,
	TIMEOUT_S = 5,
	TIMEOUT_MAX_S = 30,
	ATTEMPTS = 2,
	ATTEMPTS_MAX = 5,
	LINE_WORDS_MAX = RESOLV_SEARCH_MAX + 1,
};

/* ---------------------------------------------------------------- the file */

static void take_nameserver(struct observed_world *w, const char *text, uint16_t port)
{
	struct observed_resolv *r = &w->resolv;
	struct net_addr addr;

	if (net_addr_parse(text, port, &addr))
		return; /* as the libcs do */
	if (r->n_servers == RESOLV_SERVERS_MAX) {
		r->n_servers_ignored++;
		return;
	}
	r->servers[r->n_servers++] = world_server(w, OBSERVED_RESOLVER, &addr, "resolver", NULL);
}

static void take_search(struct observed_world *w, char *const *words, unsigned n)
{
	struct observed_resolv *r = &w->resolv;

	r->n_search = 0; /* the last line counts */
	for (unsigned i = 0; i < n && r->n_search < RESOLV_SEARCH_MAX; i++) {
		const uint8_t *name = world_name_of(w, words[i]);

		if (name)
			r->search[r->n_search++] = name;
	}
}

/* The number behind "name:", held within the bounds; 0: another option. */
static bool take_number(const char *word, const char *name, unsigned max, unsigned *ret)
{
	size_t len = strlen(name);
	unsigned long n;

	if (strncmp(word, name, len) != 0 || word[len] != ':')
		return false;
	n = strtoul(word + len + 1, NULL, 10);
	*ret = n < max ? (unsigned)n : max;
	return true;
}

static void take_option(struct observed_resolv *r, const char *word)
{
	const struct {
		const char *name;
		bool *at;
	} switches[] = {
		{"rotate", &r->rotate},
		{"single-request", &r->single_request},
		{"single-request-reopen", &r->single_request_reopen},
		{"use-vc", &r->use_vc},
		{"edns0", &r->edns0},
		{"trust-ad", &r->trust_ad},
		{"no-aaaa", &r->no_aaaa},
		{"no-tld-query", &r->no_tld_query},
	};

	if (take_number(word, "ndots", NDOTS_MAX, &r->ndots) ||
	    take_number(word, "timeout", TIMEOUT_MAX_S, &r->timeout_s) ||
	    take_number(word, "attempts", ATTEMPTS_MAX, &r->attempts))
		return;
	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		if (strcmp(word, switches[i].name) == 0)
			*switches[i].at = true;
	}
}

static void take_line(struct observed_world *w, char *line, uint16_t port)
{
	char *words[LINE_WORDS_MAX], *save = NULL;
	unsigned n = 0;

	if (*line == '#' || *line == ';')
		return;
	for (char *word = strtok_r(line, " \t\r", &save); word && n < LINE_WORDS_MAX;
	     word = strtok_r(NULL, " \t\r", &save))
		words[n++] = word;
	if (n < 2)
		return;
	if (strcmp(words[0], "nameserver") == 0)
		take_nameserver(w, words[1], port);
	else if (strcmp(words[0], "search") == 0)
		take_search(w, words + 1, n - 1);
	else if (strcmp(words[0], "domain") == 0)
		take_search(w, words + 1, 1);
	else if (strcmp(words[0], "options") == 0) {
		for (unsigned i = 1; i < n; i++)
			take_option(&w->resolv, words[i]);
	}
}

void resolv_parse(struct observed_world *w, const char *text, uint16_t port)
{
	size_t len = strlen(text);
	char *copy = world_alloc(w, len + 1), *save = NULL;

	memcpy(copy, text, len);
	w->resolv.ndots = NDOTS;
	w->resolv.timeout_s = TIMEOUT_S;
	w->resolv.attempts = ATTEMPTS;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_line(w, line, port);
}

void resolv_load(struct observed_world *w, const char *path, uint16_t port)
{
	char *text = world_alloc(w, RESOLV_FILE_MAX + 1);
	FILE *f = fopen(path, "re");

	w->resolv.path = world_safe(w, path, strlen(path), 300);
	if (!f) {
		w->resolv.error = world_printf(w, "%s", strerror(errno));
		resolv_parse(w, "", port);
		return;
	}
	text[fread(text, 1, RESOLV_FILE_MAX, f)] = '\0';
	fclose(f);
	resolv_parse(w, text, port);
}

/* ---------------------------------------------------------------- the walks */

static void add(struct resolv_walk *walk, const uint8_t *name)
{
	if (name && walk->n < RESOLV_WALK_MAX)
		walk->names[walk->n++] = name;
}

static void note(struct resolv_walk *walk, const char *text)
{
	if (walk->n_notes < ARRAY_LEN(walk->notes))
		walk->notes[walk->n_notes++] = text;
}

static const uint8_t *join(struct observed_world *w, const char *typed, const uint8_t *suffix)
{
	uint8_t name[WIRE_NAME_MAX];
	int len = wire_name_from_text(typed, name);
	size_t suffix_len = wire_name_len(suffix);

	if (len < 0 || (size_t)len - 1 + suffix_len > WIRE_NAME_MAX)
		return NULL;
	memcpy(name + len - 1, suffix, suffix_len);
	return world_name(w, name);
}

/* With each search domain; the root among them stands for the name itself. */
static bool add_search(struct observed_world *w, struct resolv_walk *walk, const char *typed)
{
	bool root = false;

	for (unsigned i = 0; i < w->resolv.n_search; i++) {
		root |= w->resolv.search[i][0] == 0;
		add(walk, join(w, typed, w->resolv.search[i]));
	}
	return root;
}

static void walk_glibc(struct observed_world *w, const char *typed, unsigned dots, const uint8_t *itself)
{
	struct resolv_walk *walk = &w->resolv.walk[LIBC_GLIBC];
	bool first = dots >= w->resolv.ndots, root;

	if (first)
		add(walk, itself);
	root = add_search(w, walk, typed);
	if (!first && !root && (dots || !w->resolv.no_tld_query || w->resolv.n_search == 0))
		add(walk, itself);
	if (w->resolv.n_search)
		note(walk, "goes on to the next name after NXDOMAIN, after an answer without records and "
			   "after SERVFAIL");
	if (first && w->resolv.n_search)
		note(walk, "tries the name as given first, and the search path only when that is denied");
}

static void walk_musl(struct observed_world *w, const char *typed, unsigned dots, const uint8_t *itself)
{
	struct resolv_walk *walk = &w->resolv.walk[LIBC_MUSL];
	bool search = dots < w->resolv.ndots;

	if (search)
		add_search(w, walk, typed);
	add(walk, itself);
	if (!search && w->resolv.n_search)
		note(walk, "a name with ndots dots or more is never completed by the search path");
	if (search && w->resolv.n_search)
		note(walk, "goes on to the next name after NXDOMAIN alone: an answer without records or "
			   "SERVFAIL ends the walk");
	if (w->resolv.n_servers > 1)
		note(walk, "asks all nameservers at once and takes the first answer");
	note(walk, "before 1.2.4 takes a truncated answer as it is, without TCP");
}

static unsigned dots_of(const char *typed)
{
	unsigned n = 0;

	for (; *typed; typed++)
		n += *typed == '.';
	return n;
}

void resolv_walks(struct observed_world *w, const char *typed)
{
	const uint8_t *itself = world_name_of(w, typed);
	size_t len = strlen(typed);

	for (int i = 0; i < LIBC_N; i++)
		w->resolv.walk[i].ends_at = -1;
	if (len && typed[len - 1] == '.') {
		add(&w->resolv.walk[LIBC_GLIBC], itself);
		add(&w->resolv.walk[LIBC_MUSL], itself);
		return;
	}
	walk_glibc(w, typed, dots_of(typed), itself);
	walk_musl(w, typed, dots_of(typed), itself);
}

/* ---------------------------------------------------------------- where they end */

enum found { FOUND_UNKNOWN, FOUND_POSITIVE, FOUND_NO_DATA, FOUND_DENIED, FOUND_FAILED };

/* What the resolvers said of a name: the first answer counts. */
static enum found look_up(const struct observed_world *w, const uint8_t *name)
{
	for (unsigned i = 0; i < w->n_seen; i++) {
		const struct observation *o = &w->seen[i];

		if (o->outcome != OUTCOME_ANSWERED || o->role != NAME_CANDIDATE || o->type != w->type ||
		    !wire_name_equal(o->name, name))
			continue;
		if (observe_positive(o))
			return FOUND_POSITIVE;
		if (o->reply.rcode == RCODE_NXDOMAIN)
			return FOUND_DENIED;
		return o->reply.rcode == RCODE_NOERROR ? FOUND_NO_DATA : FOUND_FAILED;
	}
	return FOUND_UNKNOWN;
}

static void end(const struct observed_world *w, struct resolv_walk *walk, enum libc libc)
{
	bool unknown = false;

	for (unsigned i = 0; i < walk->n; i++) {
		enum found f = look_up(w, walk->names[i]);

		if (f == FOUND_POSITIVE || (libc == LIBC_MUSL && (f == FOUND_NO_DATA || f == FOUND_FAILED))) {
			walk->end = f == FOUND_POSITIVE ? WALK_FOUND : WALK_STOPPED;
			walk->ends_at = (int)i;
			return;
		}
		unknown |= f == FOUND_UNKNOWN;
	}
	walk->end = unknown || walk->n == 0 ? WALK_UNKNOWN : WALK_ABSENT;
}

static void count(const struct observed_world *w, struct resolv_walk *walk, enum libc libc)
{
	const struct observed_resolv *r = &w->resolv;
	unsigned types = libc == LIBC_GLIBC && r->no_aaaa ? 1 : 2;
	unsigned servers = libc == LIBC_MUSL && r->n_servers > 1 ? r->n_servers : 1;

	walk->n_if_absent = walk->n * types * servers;
	for (unsigned i = 0; i < walk->n; i++) {
		if (wire_name_equal(walk->names[i], w->asked))
			walk->n_until_asked = (i + 1) * types * servers;
	}
}

static bool typed_a_word(const struct observed_world *w)
{
	return !w->asked_absolute && wire_name_labels(w->asked) == 1 && w->resolv.n_search;
}

/* Nothing was found.  Where some candidates are denied and one fails, the failing one is what is wrong; else a single word is
 * meant to be completed, and a name with dots to stand for itself. */
static const uint8_t *choose_lost(const struct observed_world *w)
{
	const struct resolv_walk *walk = &w->resolv.walk[LIBC_GLIBC];
	const uint8_t *failed = NULL;
	bool denied = false;

	for (unsigned i = 0; i < walk->n; i++) {
		enum found f = look_up(w, walk->names[i]);

		denied |= f == FOUND_DENIED || f == FOUND_NO_DATA;
		if (!failed && (f == FOUND_FAILED || f == FOUND_UNKNOWN))
			failed = walk->names[i];
	}
	if (denied && failed)
		return failed;
	return typed_a_word(w) && walk->n ? walk->names[0] : w->asked;
}

/* What the Kubernetes API knows decides before what a resolver says: that may be what is wrong. */
static const uint8_t *choose(const struct observed_world *w)
{
	const struct resolv_walk *glibc = &w->resolv.walk[LIBC_GLIBC], *musl = &w->resolv.walk[LIBC_MUSL];

	if (w->kube.target.applies && w->kube.target.exists)
		return w->kube.target.name;
	if (glibc->end == WALK_FOUND)
		return glibc->names[glibc->ends_at];
	if (musl->end == WALK_FOUND)
		return musl->names[musl->ends_at];
	return choose_lost(w);
}

void resolv_walks_end(struct observed_world *w)
{
	for (enum libc l = 0; l < LIBC_N; l++)
		end(w, &w->resolv.walk[l], l);
	w->asked = choose(w);
	for (enum libc l = 0; l < LIBC_N; l++)
		count(w, &w->resolv.walk[l], l);
}
