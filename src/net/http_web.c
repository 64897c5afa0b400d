// SPDX-License-Identifier: Apache-2.0
/* Reading the web configuration file (https://github.com/prometheus/exporter-toolkit,
 * docs/web-configuration.md). */
#include "net/http_web.h"

#include "base/err.h"
#include "base/hash.h"
#include "foreign/crypt.h"
#include "foreign/gnutls.h"
#include "foreign/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

struct reading {
	const char *path;
	yaml_document_t doc;
	struct http_web *web;
	char *why;
	int min_version, max_version; /* 10, 11, 12, 13 */
	bool server_order;
};

/* A key of a mapping and what reads its value. */
struct key {
	const char *name;
	int (*read)(struct reading *r, yaml_node_t *value);
};

static PRINTF(3, 4) int fail(struct reading *r, const yaml_node_t *at, const char *fmt, ...)
{
	int n = snprintf(r->why, HTTP_WEB_ERROR_MAX, "%s:%zu: ", r->path,
			 at ? at->start_mark.line + 1 : (size_t)1);
	va_list ap;

	va_start(ap, fmt);
	if (n >= 0 && n < HTTP_WEB_ERROR_MAX)
		(void)vsnprintf(r->why + n, (size_t)(HTTP_WEB_ERROR_MAX - n), fmt,
				ap); /* a longer one is cut */
	va_end(ap);
	return ERR_SYNTAX;
}

/* ---------------------------------------------------------------- values */

static const char *scalar(struct reading *r, yaml_node_t *n, int *ret_err)
{
	*ret_err = 0;
	if (n->type == YAML_SCALAR_NODE)
		return (const char *)n->data.scalar.value;
	*ret_err = fail(r, n, "found a list or mapping, expected a value");
	return "";
}

/* A whole file, with a zero behind it. */
static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(FILE_MAX + 1) : NULL;
	size_t n = text ? fread(text, 1, FILE_MAX, f) : 0;

	if (text && (ferror(f) || n == FILE_MAX)) {
		errno = n == FILE_MAX ? EFBIG : EIO;
		free(text);
		text = NULL;
	}
	if (f)
		(void)fclose(f); /* read only */
	if (text)
		text[n] = '\0';
	return text;
}

/* Relative to the configuration file. */
static int file_of(struct reading *r, yaml_node_t *value, char **ret)
{
	char path[4096];
	const char *slash = strrchr(r->path, '/'), *name;
	int err;

	name = scalar(r, value, &err);
	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%.*s%s", *name != '/' && slash ? (int)(slash - r->path + 1) : 0,
		       r->path, name); /* too long a name is not found */
	free(*ret);
	*ret = read_file(path);
	return *ret ? 0 : fail(r, value, "file %.200s cannot be read: %s", path, strerror(errno));
}

static int text_of(struct reading *r, yaml_node_t *value, char **ret)
{
	int err;
	const char *text = scalar(r, value, &err);

	if (err)
		return err;
	free(*ret);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int read_cert_file(struct reading *r, yaml_node_t *v)
{
	return file_of(r, v, &r->web->cert);
}
static int read_key_file(struct reading *r, yaml_node_t *v)
{
	return file_of(r, v, &r->web->key);
}
static int read_ca_file(struct reading *r, yaml_node_t *v)
{
	return file_of(r, v, &r->web->ca);
}
static int read_cert(struct reading *r, yaml_node_t *v)
{
	return text_of(r, v, &r->web->cert);
}
static int read_key(struct reading *r, yaml_node_t *v)
{
	return text_of(r, v, &r->web->key);
}
static int read_ca(struct reading *r, yaml_node_t *v)
{
	return text_of(r, v, &r->web->ca);
}

static int one_of(struct reading *r, yaml_node_t *v, const char *const *words, size_t n, size_t *ret)
{
	int err;
	const char *text = scalar(r, v, &err);

	for (*ret = 0; !err && *ret < n; ++*ret) {
		if (strcmp(words[*ret], text) == 0)
			return 0;
	}
	return err ? err : fail(r, v, "found \"%.60s\", expected %s ... %s", text, words[0], words[n - 1]);
}

static int read_client_auth(struct reading *r, yaml_node_t *v)
{
	static const char *const words[] = {"",
					    "NoClientCert",
					    "RequestClientCert",
					    "RequireClientCert",
					    "RequireAnyClientCert",
					    "VerifyClientCertIfGiven",
					    "RequireAndVerifyClientCert"};
	static const enum http_client_auth auth[] = {
		HTTP_CLIENT_ANY,  HTTP_CLIENT_ANY,      HTTP_CLIENT_ANY,     HTTP_CLIENT_SOME,
		HTTP_CLIENT_SOME, HTTP_CLIENT_IF_GIVEN, HTTP_CLIENT_VERIFIED};
	size_t i;

	if (one_of(r, v, words, ARRAY_LEN(words), &i))
		return ERR_SYNTAX;
	r->web->auth = auth[i];
	return 0;
}

static int read_version(struct reading *r, yaml_node_t *v, int *ret)
{
	static const char *const words[] = {"TLS10", "TLS11", "TLS12", "TLS13"};
	size_t i;

	if (one_of(r, v, words, ARRAY_LEN(words), &i))
		return ERR_SYNTAX;
	*ret = 10 + (int)i;
	return 0;
}

static int read_min(struct reading *r, yaml_node_t *v)
{
	return read_version(r, v, &r->min_version);
}
static int read_max(struct reading *r, yaml_node_t *v)
{
	return read_version(r, v, &r->max_version);
}

static int read_bool(struct reading *r, yaml_node_t *v, bool *ret)
{
	static const char *const words[] = {"false", "true"};
	size_t i;

	if (one_of(r, v, words, ARRAY_LEN(words), &i))
		return ERR_SYNTAX;
	*ret = i == 1;
	return 0;
}

static int read_server_order(struct reading *r, yaml_node_t *v)
{
	return read_bool(r, v, &r->server_order);
}

static int read_http2(struct reading *r, yaml_node_t *v)
{
	bool on = false;

	if (read_bool(r, v, &on))
		return ERR_SYNTAX;
	return on ? fail(r, v, "http2: this endpoint speaks HTTP/1.1 alone, expected false or no http2 here")
		  : 0;
}

static int refuse(struct reading *r, yaml_node_t *v)
{
	return fail(r, v,
		    "this setting has no effect here and is refused; see the page of the prometheus plugin");
}

/* ---------------------------------------------------------------- mappings */

static int read_pairs(struct reading *r, yaml_node_t *map, struct http_web_pair *out, size_t *ret_n)
{
	if (map->type == YAML_SCALAR_NODE && !map->data.scalar.length)
		return 0;
	if (map->type != YAML_MAPPING_NODE)
		return fail(r, map, "expected a mapping of names to values");
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		int err = *ret_n < HTTP_WEB_LIST_MAX
				  ? 0
				  : fail(r, map, "more than %d entries", HTTP_WEB_LIST_MAX);

		if (!err)
			err = text_of(r, libyaml.document_get_node(&r->doc, p->key), &out[*ret_n].name);
		if (!err)
			err = text_of(r, libyaml.document_get_node(&r->doc, p->value), &out[*ret_n].value);
		if (err)
			return err;
		++*ret_n;
	}
	return 0;
}

static int read_users(struct reading *r, yaml_node_t *map)
{
	int err = read_pairs(r, map, r->web->users, &r->web->n_users);

	for (size_t i = 0; !err && i < r->web->n_users; i++) {
		const char *h = r->web->users[i].value;

		if (strlen(h) != 60 || h[0] != '$' || h[1] != '2' || !strchr("aby", h[2]) || h[3] != '$')
			err = fail(r, map,
				   "the password of \"%.60s\" is no bcrypt hash, expected $2y$ or alike",
				   r->web->users[i].name);
	}
	return err;
}

static int read_headers(struct reading *r, yaml_node_t *map)
{
	static const char *const allowed[] = {"Content-Security-Policy", "Strict-Transport-Security",
					      "X-Content-Type-Options", "X-Frame-Options",
					      "X-XSS-Protection"};
	int err = read_pairs(r, map, r->web->headers, &r->web->n_headers);

	for (size_t i = 0; !err && i < r->web->n_headers; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(allowed) && strcmp(allowed[k], r->web->headers[i].name))
			k++;
		if (k == ARRAY_LEN(allowed))
			err = fail(r, map, "header \"%.60s\" cannot be set, expected one of %s ... %s",
				   r->web->headers[i].name, allowed[0], allowed[ARRAY_LEN(allowed) - 1]);
	}
	return err;
}

static int read_keys(struct reading *r, yaml_node_t *map, const struct key *keys, size_t n)
{
	if (map->type == YAML_SCALAR_NODE && !map->data.scalar.length)
		return 0; /* a name without anything below it */
	if (map->type != YAML_MAPPING_NODE)
		return fail(r, map, "expected a mapping");
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		yaml_node_t *k = libyaml.document_get_node(&r->doc, p->key);
		size_t i = 0;
		int err;
		const char *name = scalar(r, k, &err);

		while (!err && i < n && strcmp(keys[i].name, name))
			i++;
		if (!err && i == n)
			err = fail(r, k, "unknown setting \"%.60s\", expected one of %s ... %s", name,
				   keys[0].name, keys[n - 1].name);
		if (!err)
			err = keys[i].read(r, libyaml.document_get_node(&r->doc, p->value));
		if (err)
			return err;
	}
	return 0;
}

static int read_tls(struct reading *r, yaml_node_t *map)
{
	static const struct key keys[] = {
		{"cert_file", read_cert_file},
		{"cert", read_cert},
		{"key_file", read_key_file},
		{"key", read_key},
		{"client_ca_file", read_ca_file},
		{"client_ca", read_ca},
		{"client_auth_type", read_client_auth},
		{"client_allowed_sans", refuse},
		{"cipher_suites", refuse},
		{"curve_preferences", refuse},
		{"prefer_server_cipher_suites", read_server_order},
		{"min_version", read_min},
		{"max_version", read_max},
	};
	struct http_web *w = r->web;
	int err = read_keys(r, map, keys, ARRAY_LEN(keys));

	if (err)
		return err;
	if (!w->cert != !w->key || (!w->cert && map->type == YAML_MAPPING_NODE))
		return fail(r, map, "expected a certificate and a key (cert_file and key_file)");
	if ((w->auth == HTTP_CLIENT_IF_GIVEN || w->auth == HTTP_CLIENT_VERIFIED) && !w->ca)
		return fail(r, map, "client_auth_type verifies clients, expected client_ca_file");
	if (w->ca && w->auth != HTTP_CLIENT_IF_GIVEN && w->auth != HTTP_CLIENT_VERIFIED)
		return fail(r, map, "client_ca_file is given, expected a client_auth_type that verifies");
	if (r->min_version > r->max_version)
		return fail(r, map, "min_version is above max_version");
	return 0;
}

static int read_http(struct reading *r, yaml_node_t *map)
{
	static const struct key keys[] = {{"http2", read_http2}, {"headers", read_headers}};

	return read_keys(r, map, keys, ARRAY_LEN(keys));
}

static int read_root(struct reading *r)
{
	static const struct key keys[] = {{"tls_server_config", read_tls},
					  {"http_server_config", read_http},
					  {"basic_auth_users", read_users},
					  {"rate_limit", refuse}};
	yaml_node_t *root = libyaml.document_get_root_node(&r->doc);

	return root ? read_keys(r, root, keys, ARRAY_LEN(keys)) : 0;
}

/* ---------------------------------------------------------------- the whole */

static void set_priorities(struct reading *r)
{
	char *p = r->web->priorities;
	size_t n = sizeof(r->web->priorities);
	int at = snprintf(p, n, "NORMAL:-VERS-ALL");

	for (int v = r->min_version; v <= r->max_version; v++)
		at += snprintf(p + at, n - (size_t)at, ":+VERS-TLS1.%d", v - 10);
	(void)snprintf(p + at, n - (size_t)at, "%s", r->server_order ? ":%SERVER_PRECEDENCE" : "");
}

static uint64_t mix(uint64_t h, const char *text)
{
	const struct hash_key k = {h ^ 0x77656263666full, h};

	return text ? hash_bytes(&k, text, strlen(text) + 1) : h + 1;
}

static uint64_t print_of(const struct http_web *w)
{
	uint64_t h = mix(mix(mix(mix((uint64_t)w->auth, w->cert), w->key), w->ca), w->priorities);

	for (size_t i = 0; i < w->n_users; i++)
		h = mix(mix(h, w->users[i].name), w->users[i].value);
	for (size_t i = 0; i < w->n_headers; i++)
		h = mix(mix(h + 1, w->headers[i].name), w->headers[i].value);
	return h;
}

static int parse(struct reading *r, const char *text)
{
	yaml_parser_t parser;
	int err;

	if (!libyaml.parser_initialize(&parser))
		return -ENOMEM;
	libyaml.parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
	if (!libyaml.parser_load(&parser, &r->doc)) {
		(void)snprintf(r->why, HTTP_WEB_ERROR_MAX, "%s:%zu: no YAML: %s", r->path,
			       parser.problem_mark.line + 1,
			       parser.problem ? parser.problem : "out of memory");
		libyaml.parser_delete(&parser);
		return ERR_SYNTAX;
	}
	err = read_root(r);
	libyaml.document_delete(&r->doc);
	libyaml.parser_delete(&parser);
	return err;
}

/* For this file, and for what http_auth.c does by it. */
static struct library *const libraries[] = {&libyaml_library, &libgnutls_library, &libcrypt_library, NULL};

int http_web_load(const char *path, struct http_web **ret, char why[HTTP_WEB_ERROR_MAX])
{
	struct reading r = {
		.path = path, .why = why, .min_version = 12, .max_version = 13, .server_order = true};
	char *text = read_file(path);
	const char *missing;
	int err;

	if (!text) {
		err = -errno;
		(void)snprintf(why, HTTP_WEB_ERROR_MAX, "%.400s: %s", path, strerror(-err));
		return err;
	}
	if (library_load_all(libraries, &missing)) {
		(void)snprintf(why, HTTP_WEB_ERROR_MAX, "needs %s", missing);
		free(text);
		return ERR_LIMIT;
	}
	(void)snprintf(why, HTTP_WEB_ERROR_MAX, "out of memory");
	r.web = calloc(1, sizeof(*r.web));
	err = r.web ? parse(&r, text) : -ENOMEM;
	free(text);
	if (err) {
		if (r.web)
			r.web->refs = 1;
		http_web_put(r.web);
		return err;
	}
	r.web->refs = 1;
	set_priorities(&r);
	r.web->print = print_of(r.web);
	*ret = r.web;
	return 0;
}

struct http_web *http_web_get(struct http_web *w)
{
	if (w)
		__atomic_fetch_add(&w->refs, 1, __ATOMIC_RELAXED);
	return w;
}

static void free_pairs(struct http_web_pair *v)
{
	for (size_t i = 0; i < HTTP_WEB_LIST_MAX; i++) {
		free(v[i].name);
		free(v[i].value);
	}
}

void http_web_put(struct http_web *w)
{
	if (!w || __atomic_sub_fetch(&w->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(w->cert);
	free(w->key);
	free(w->ca);
	free_pairs(w->users);
	free_pairs(w->headers);
	free(w);
}

bool http_web_same(const struct http_web *a, const struct http_web *b)
{
	return a == b || (a && b && a->print == b->print);
}
