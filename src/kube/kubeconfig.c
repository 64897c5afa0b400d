// SPDX-License-Identifier: Apache-2.0
/* A kubeconfig file: the context, its cluster and its user, read by libyaml.  Errors: FILE: field: what is
 * wrong. */
#include "kube/auth.h"

#include "base/err.h"
#include "kube/exec.h"
#include "kube/yaml_doc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
	yaml_document_t doc;
	const char *path;
	char *error;
	char where[51]; /* "user \"dns\"" */
};

PRINTF(2, 3) static int fail(const struct reader *r, const char *fmt, ...)
{
	char text[240];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(r->error, KUBE_ERROR_MAX, "kubeconfig %.200s: %.50s%s%.239s", r->path, r->where,
		 r->where[0] ? ": " : "", text);
	return ERR_SYNTAX;
}

/* ---------------------------------------------------------------- nodes */

/* NULL when it is not there, empty or null. */
static const char *text(struct reader *r, const yaml_node_t *map, const char *key)
{
	const yaml_node_t *n = yaml_value(&r->doc, map, key);
	const char *s = yaml_text(n);

	if (!s || !*s ||
	    (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!strcmp(s, "null") || !strcmp(s, "~"))))
		return NULL;
	return s;
}

static bool is_true(struct reader *r, const yaml_node_t *map, const char *key)
{
	const char *s = text(r, map, key);

	return s && strcmp(s, "true") == 0;
}

/* The i-th item of a sequence. */
static yaml_node_t *item(struct reader *r, const yaml_node_t *seq, size_t i)
{
	if (!seq || seq->type != YAML_SEQUENCE_NODE ||
	    i >= (size_t)(seq->data.sequence.items.top - seq->data.sequence.items.start))
		return NULL;
	return libyaml.document_get_node(&r->doc, seq->data.sequence.items.start[i]);
}

/* The body `key` of the entry called `name` in the list `list`: clusters/cluster, users/user,
 * contexts/context. */
static yaml_node_t *named(struct reader *r, const char *list, const char *key, const char *name)
{
	const yaml_node_t *seq = yaml_value(&r->doc, libyaml.document_get_root_node(&r->doc), list), *entry;

	for (size_t i = 0; (entry = item(r, seq, i)); i++) {
		const char *n = text(r, entry, "name");

		if (n && strcmp(n, name) == 0)
			return yaml_value(&r->doc, entry, key);
	}
	return NULL;
}

/* ---------------------------------------------------------------- files and data */

/* NAME-data in base64, else the file NAME; *ret stays NULL when neither is there. */
static int pem(struct reader *r, struct kube_auth *a, const yaml_node_t *map, const char *name,
	       const char **ret)
{
	char data_name[64];
	const char *data, *file = text(r, map, name);
	uint8_t *bytes;
	size_t len = 0;

	snprintf(data_name, sizeof(data_name), "%s-data", name);
	data = text(r, map, data_name);
	if (data) {
		bytes = kube_base64_decode(data, &len);
		*ret = bytes && len ? kube_auth_memory_file(a, bytes, len) : NULL;
		if (bytes)
			explicit_bzero(bytes, len);
		free(bytes);
		return *ret ? 0 : fail(r, "%s: not base64 of a PEM text", data_name);
	}
	if (!file)
		return 0;
	*ret = kube_auth_path(a, file);
	if (!*ret)
		return -ENOMEM;
	return access(*ret, R_OK) == 0 ? 0 : fail(r, "%s: open %s: %s", name, *ret, err_text(-errno));
}

/* ---------------------------------------------------------------- cluster */

static int read_cluster(struct reader *r, struct kube_auth *a, const char *name)
{
	const yaml_node_t *c = named(r, "clusters", "cluster", name);
	const char *server, *proxy, *tls_name;
	int err;

	snprintf(r->where, sizeof(r->where), "cluster \"%.32s\"", name);
	if (!c)
		return fail(r, "no such cluster");
	server = text(r, c, "server");
	if (!server || (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0))
		return fail(r, "server: expected a URL such as https://host:port, got \"%.200s\"",
			    server ? server : "");
	a->target.server = strdup(server);
	a->target.insecure = is_true(r, c, "insecure-skip-tls-verify");
	proxy = text(r, c, "proxy-url");
	a->target.proxy = proxy ? strdup(proxy) : NULL;
	tls_name = text(r, c, "tls-server-name");
	a->target.tls_name = tls_name ? strdup(tls_name) : NULL;
	err = pem(r, a, c, "certificate-authority", &a->target.ca);
	if (!err && a->target.insecure && a->target.ca)
		err = fail(
			r,
			"insecure-skip-tls-verify together with certificate-authority: expected one of them");
	return err;
}

/* ---------------------------------------------------------------- exec */

static int add_text(char **list, size_t *n, char *entry)
{
	if (!entry)
		return -ENOMEM;
	if (*n == EXEC_ARGS_MAX) {
		free(entry);
		return ERR_LIMIT;
	}
	list[(*n)++] = entry;
	list[*n] = NULL;
	return 0;
}

static int exec_env(struct reader *r, const yaml_node_t *list, struct kube_exec *e)
{
	const yaml_node_t *entry;
	int err = 0;

	for (size_t i = 0; !err && (entry = item(r, list, i)); i++) {
		const char *name = text(r, entry, "name"), *value = text(r, entry, "value");
		char both[4096];

		if (!name)
			return fail(r, "exec.env[%zu].name: expected a name", i);
		snprintf(both, sizeof(both), "%s=%s", name, value ? value : "");
		err = add_text(e->env, &e->n_env, strdup(both));
	}
	return err;
}

/* KUBERNETES_EXEC_INFO: what the program is told, by the api. */
static char *exec_info(struct reader *r, const yaml_node_t *exec, const struct kube_auth *a,
		       const char *version)
{
	cJSON *info = cJSON_CreateObject(), *spec = cJSON_AddObjectToObject(info, "spec"), *cluster;
	char *json, *entry;
	size_t len;

	cJSON_AddStringToObject(info, "apiVersion", version);
	cJSON_AddStringToObject(info, "kind", "ExecCredential");
	cJSON_AddBoolToObject(spec, "interactive", false);
	if (is_true(r, exec, "provideClusterInfo")) {
		cluster = cJSON_AddObjectToObject(spec, "cluster");
		cJSON_AddStringToObject(cluster, "server", a->target.server);
		if (a->target.tls_name)
			cJSON_AddStringToObject(cluster, "tls-server-name", a->target.tls_name);
		if (a->target.insecure)
			cJSON_AddBoolToObject(cluster, "insecure-skip-tls-verify", true);
		if (a->target.proxy)
			cJSON_AddStringToObject(cluster, "proxy-url", a->target.proxy);
	}
	json = cJSON_PrintUnformatted(info);
	cJSON_Delete(info);
	len = json ? strlen(json) + 30 : 0;
	entry = json ? malloc(len) : NULL;
	if (entry)
		snprintf(entry, len, "KUBERNETES_EXEC_INFO=%s", json);
	cJSON_free(json);
	return entry;
}

static int read_exec(struct reader *r, struct kube_auth *a, const yaml_node_t *exec)
{
	const char *command = text(r, exec, "command"), *version = text(r, exec, "apiVersion");
	const char *mode = text(r, exec, "interactiveMode");
	const yaml_node_t *arg;
	int err;

	if (!command)
		return fail(r, "exec.command: expected a program");
	if (!version || (strcmp(version, "client.authentication.k8s.io/v1") != 0 &&
			 strcmp(version, "client.authentication.k8s.io/v1beta1") != 0))
		return fail(
			r, "exec.apiVersion: expected client.authentication.k8s.io/v1 or v1beta1, got \"%s\"",
			version ? version : "");
	if (mode && strcmp(mode, "Always") == 0)
		return fail(r, "exec.interactiveMode: Always: there is nobody to talk to");
	a->exec = calloc(1, sizeof(*a->exec));
	if (!a->exec)
		return -ENOMEM;
	a->exec->fd = -1;
	/* A name with a slash is relative to the kubeconfig, one without is looked for in PATH. */
	err = add_text(a->exec->argv, &a->exec->n_args,
		       strchr(command, '/') ? kube_auth_path(a, command) : strdup(command));
	for (size_t i = 0; !err && (arg = item(r, yaml_value(&r->doc, exec, "args"), i)); i++)
		err = add_text(a->exec->argv, &a->exec->n_args, strdup(yaml_text(arg) ? yaml_text(arg) : ""));
	if (!err)
		err = exec_env(r, yaml_value(&r->doc, exec, "env"), a->exec);
	if (err)
		return err == ERR_LIMIT ? fail(r, "exec: more than %d arguments or variables", EXEC_ARGS_MAX)
					: err;
	a->exec->api_version = strdup(version);
	a->exec->info = exec_info(r, exec, a, version);
	return a->exec->api_version && a->exec->info ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- user */

static int add_header(struct reader *r, struct kube_auth *a, const char *name, const char *value)
{
	char line[1024];

	if (!value)
		return 0;
	if (a->n_headers + 2 >= AUTH_HEADERS_MAX)
		return fail(r, "as-groups, as-user-extra: more than %d in all", AUTH_HEADERS_MAX - 2);
	if (strpbrk(value, "\r\n"))
		return fail(r, "%s: a line break", name);
	snprintf(line, sizeof(line), "%s: %s", name, value);
	a->headers[a->n_headers] = strdup(line);
	return a->headers[a->n_headers++] ? 0 : -ENOMEM;
}

static int read_extra(struct reader *r, struct kube_auth *a, const yaml_node_t *extra)
{
	int err = 0;

	if (!extra || extra->type != YAML_MAPPING_NODE)
		return 0;
	for (const yaml_node_pair_t *p = extra->data.mapping.pairs.start; p < extra->data.mapping.pairs.top;
	     p++) {
		const char *key = yaml_text(libyaml.document_get_node(&r->doc, p->key));
		const yaml_node_t *values = libyaml.document_get_node(&r->doc, p->value), *v;
		char name[200];

		snprintf(name, sizeof(name), "Impersonate-Extra-%s", key ? key : "");
		for (size_t i = 0; !err && (v = item(r, values, i)); i++)
			err = add_header(r, a, name, yaml_text(v));
	}
	return err;
}

static int read_impersonation(struct reader *r, struct kube_auth *a, const yaml_node_t *u)
{
	const yaml_node_t *group;
	int err = add_header(r, a, "Impersonate-User", text(r, u, "as"));

	if (!err)
		err = add_header(r, a, "Impersonate-Uid", text(r, u, "as-uid"));
	for (size_t i = 0; !err && (group = item(r, yaml_value(&r->doc, u, "as-groups"), i)); i++)
		err = add_header(r, a, "Impersonate-Group", yaml_text(group));
	return err ? err : read_extra(r, a, yaml_value(&r->doc, u, "as-user-extra"));
}

static int read_secrets(struct reader *r, struct kube_auth *a, const yaml_node_t *u)
{
	const char *token = text(r, u, "token"), *file = text(r, u, "tokenFile");
	const char *name = text(r, u, "username"), *password = text(r, u, "password");

	if (file) {
		a->token_file = kube_auth_path(a, file);
		if (access(a->token_file, R_OK))
			return fail(r, "tokenFile: open %s: %s", a->token_file, err_text(-errno));
	} else if (token) {
		if (strpbrk(token, "\r\n"))
			return fail(r, "token: a line break");
		a->token = strdup(token);
	}
	a->target.user = name ? strdup(name) : NULL;
	a->target.password = password ? strdup(password) : NULL;
	return 0;
}

static int read_user(struct reader *r, struct kube_auth *a, const char *name)
{
	const yaml_node_t *u = named(r, "users", "user", name), *exec, *provider;
	int err;

	snprintf(r->where, sizeof(r->where), "user \"%.32s\"", name);
	if (!u)
		return fail(r, "no such user");
	provider = yaml_value(&r->doc, u, "auth-provider");
	if (provider)
		return fail(
			r,
			"auth-provider %s: not supported; expected token, tokenFile, a certificate or exec",
			text(r, provider, "name") ? text(r, provider, "name") : "");
	exec = yaml_value(&r->doc, u, "exec");
	err = pem(r, a, u, "client-certificate", &a->target.cert);
	if (!err)
		err = pem(r, a, u, "client-key", &a->target.key);
	if (!err && !a->target.cert != !a->target.key)
		err = fail(r, "%s: expected client-certificate and client-key together",
			   a->target.cert ? "client-key" : "client-certificate");
	if (!err)
		err = read_secrets(r, a, u);
	if (!err)
		err = read_impersonation(r, a, u);
	if (!err && exec && exec->type == YAML_MAPPING_NODE)
		err = read_exec(r, a, exec);
	return err;
}

/* ---------------------------------------------------------------- the whole */

static int read_document(struct reader *r, struct kube_auth *a, const char *context)
{
	const yaml_node_t *root = libyaml.document_get_root_node(&r->doc), *c;
	const char *cluster, *user;
	int err;

	if (!root || root->type != YAML_MAPPING_NODE)
		return fail(r, "expected a mapping with clusters, contexts and users");
	if (!context || !*context)
		context = text(r, root, "current-context");
	if (!context)
		return fail(r, "current-context: not given; expected it, or a context in the Corefile");
	c = named(r, "contexts", "context", context);
	snprintf(r->where, sizeof(r->where), "context \"%.32s\"", context);
	if (!c)
		return fail(r, "no such context");
	cluster = text(r, c, "cluster");
	user = text(r, c, "user");
	if (!cluster)
		return fail(r, "cluster: expected the name of a cluster");
	err = read_cluster(r, a, cluster);
	return err || !user ? err : read_user(r, a, user);
}

static int parse(struct reader *r, const char *data, size_t len)
{
	yaml_parser_t parser;
	const char *missing;
	int err = 0;

	if (library_load(&libyaml_library, &missing))
		return fail(r, "needs %s", missing);
	if (!libyaml.parser_initialize(&parser))
		return -ENOMEM;
	libyaml.parser_set_input_string(&parser, (const unsigned char *)data, len);
	if (!libyaml.parser_load(&parser, &r->doc))
		err = fail(r, "line %zu: %s", parser.problem_mark.line + 1,
			   parser.problem ? parser.problem : "not YAML");
	libyaml.parser_delete(&parser);
	return err;
}

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int kube_auth_from_kubeconfig(struct kube_auth *a, const char *path, const char *context, char *error)
{
	struct reader r = {.path = path, .error = error};
	struct stat st;
	size_t len = 0;
	char *data;
	int err;

	if (stat(path, &st)) {
		snprintf(error, KUBE_ERROR_MAX, "stat %s: %s", path, err_text(-errno));
		return ERR_SYNTAX;
	}
	data = kube_file_read(path, AUTH_FILE_MAX, &len);
	if (!data)
		return fail(&r, "%s", err_text(-errno));
	a->base_dir = dir_of(path);
	err = parse(&r, data, len);
	if (!err) {
		err = read_document(&r, a, context);
		libyaml.document_delete(&r.doc);
	}
	explicit_bzero(data, len);
	free(data);
	if (err == -ENOMEM)
		snprintf(error, KUBE_ERROR_MAX, "kubeconfig %s: out of memory", path);
	return err;
}
