// SPDX-License-Identifier: Apache-2.0
/* The grammar of `kubernetes`. */
#include "plugin/kubernetes/settings.h"

#include "base/clock.h"
#include "base/err.h"
#include "server/plugin.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TTL_DEFAULT = 5, TTL_MAX = 3600, STARTUP_TIMEOUT_S = 5 };

/* An argument that stays: the Corefile's text goes once it has been read. */
static int text_arg(struct cf_cursor *c, const char *what, const char **ret)
{
	const char *text;

	if (cf_arg_text(c, what, &text))
		return ERR_SYNTAX;
	*ret = arena_strdup(c->arena, text);
	return *ret ? 0 : cf_fail(c, "out of memory");
}

static int parse_endpoint(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;
	const struct cf_token *t;

	if (text_arg(c, "URL", &set->endpoint))
		return ERR_SYNTAX;
	if (strncmp(set->endpoint, "http://", 7) && strncmp(set->endpoint, "https://", 8))
		return cf_fail(c, "found \"%.100s\", expected the API server's URL (http:// or https://)",
			       set->endpoint);
	if (cf_arg(c, &t))
		cf_warning(c->errs, t->file, t->line,
			   "plugin kubernetes: more than one endpoint is deprecated, only the first one is "
			   "used");
	return 0;
}

static int parse_tls(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;

	if (text_arg(c, "CERT", &set->cert) || text_arg(c, "KEY", &set->key))
		return ERR_SYNTAX;
	return text_arg(c, "CACERT", &set->ca);
}

static int parse_kubeconfig(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;

	if (text_arg(c, "FILE", &set->kubeconfig))
		return ERR_SYNTAX;
	return cf_args_left(c) ? text_arg(c, "CONTEXT", &set->context) : 0;
}

static int parse_namespaces(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;
	const struct cf_token *t;

	while (cf_arg(c, &t)) {
		struct k8s_namespace *n = arena_zalloc(c->arena, sizeof(*n));
		size_t len = strlen(t->text);

		if (!n)
			return cf_fail(c, "out of memory");
		if (len == 0 || len > 63)
			return cf_fail(c, "\"%.100s\" is no namespace: a name has 1 to 63 characters",
				       t->text);
		*n = (struct k8s_namespace){.next = set->namespaces,
					    .len = (uint8_t)len,
					    .name = arena_strdup(c->arena, t->text)};
		if (!n->name)
			return cf_fail(c, "out of memory");
		set->namespaces = n;
	}
	return 0;
}

/* The arguments, joined by blanks: one selector. */
static int parse_selector(struct cf_cursor *c, const char *option, const char **ret)
{
	const char *text = "", *wrong;
	const struct cf_token *t;

	while (text && cf_arg(c, &t))
		text = arena_printf(c->arena, "%s%s%s", text, *text ? " " : "", t->text);
	if (!text)
		return cf_fail(c, "out of memory");
	wrong = k8s_selector_check(text);
	if (wrong)
		return cf_fail(c, "unable to parse %s selector value: '%.200s': %s", option, text, wrong);
	*ret = text;
	return 0;
}

static int parse_namespace_labels(struct cf_cursor *c, void *state)
{
	return parse_selector(c, "namespace_label", &((struct k8s_settings *)state)->namespace_labels);
}

static int parse_labels(struct cf_cursor *c, void *state)
{
	return parse_selector(c, "label", &((struct k8s_settings *)state)->labels);
}

static int parse_pods(struct cf_cursor *c, void *state)
{
	static const char *const modes[] = {"disabled", "verified", "insecure"};
	struct k8s_settings *set = state;
	const char *text;

	if (cf_arg_text(c, "MODE", &text))
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (!strcmp(text, modes[i])) {
			set->pods = (enum k8s_pods)i;
			return 0;
		}
	}
	return cf_fail(c, "wrong value for pods: %.100s,  must be one of: disabled, verified, insecure",
		       text);
}

static int parse_endpoint_pod_names(struct cf_cursor *c, void *state)
{
	((struct k8s_settings *)state)->endpoint_pod_names = true;
	return 0;
}

static int parse_ttl(struct cf_cursor *c, void *state)
{
	const char *text;
	int64_t n;

	if (cf_arg_text(c, "SECONDS", &text))
		return ERR_SYNTAX;
	if (cf_integer(text, &n))
		return cf_fail(c, "found \"%.100s\", expected SECONDS, an integer from 0 to %d", text,
			       TTL_MAX);
	if (n < 0 || n > TTL_MAX)
		return cf_fail(c, "ttl must be in range [0, %d]: %lld", TTL_MAX, (long long)n);
	((struct k8s_settings *)state)->ttl_s = (uint32_t)n;
	return 0;
}

static int parse_noendpoints(struct cf_cursor *c, void *state)
{
	((struct k8s_settings *)state)->no_endpoints = true;
	return 0;
}

static int parse_zone_list(struct cf_cursor *c, struct zone_list *z)
{
	const struct cf_token *t;

	z->all |= !cf_args_left(c);
	while (cf_arg(c, &t))
		cf_zone_arg(c->arena, t, c->errs, &z->keys);
	return 0;
}

static int parse_fallthrough(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;

	set->has_fallthrough = true;
	return parse_zone_list(c, &set->fallthrough);
}

static int parse_ignore(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;
	const struct cf_token *t;

	while (cf_arg(c, &t)) {
		if (strcmp(t->text, "empty_service"))
			return cf_fail(c, "unable to parse ignore value: '%.100s'", t->text);
		set->ignore_empty = true;
	}
	return 0;
}

static int parse_multicluster(struct cf_cursor *c, void *state)
{
	struct k8s_settings *set = state;

	set->has_multicluster = true;
	return parse_zone_list(c, &set->multicluster);
}

static int parse_zonal(struct cf_cursor *c, void *state)
{
	((struct k8s_settings *)state)->zonal = true;
	return 0;
}

static int parse_startup_timeout(struct cf_cursor *c, void *state)
{
	return cf_arg_duration(c, "startup_timeout", 0, (uint64_t)1 << 62,
			       &((struct k8s_settings *)state)->startup_timeout_ns);
}

static int parse_qps(struct cf_cursor *c, void *state)
{
	const char *text;
	char *end;
	double v;

	if (cf_arg_text(c, "FLOAT", &text))
		return ERR_SYNTAX;
	v = strtod(text, &end);
	if (end == text || *end || isnan(v))
		return cf_fail(c, "invalid apiserver_qps \"%.100s\": expected a number", text);
	if (v < 0)
		return cf_fail(c, "apiserver_qps must be >= 0");
	((struct k8s_settings *)state)->qps = v;
	return 0;
}

static int parse_count(struct cf_cursor *c, const char *option, uint32_t *ret)
{
	const char *text;
	int64_t n;

	if (cf_arg_text(c, "INT", &text))
		return ERR_SYNTAX;
	if (cf_integer(text, &n) || n > INT32_MAX)
		return cf_fail(c, "invalid %s \"%.100s\": expected an integer", option, text);
	if (n < 0)
		return cf_fail(c, "%s must be >= 0", option);
	*ret = (uint32_t)n;
	return 0;
}

static int parse_burst(struct cf_cursor *c, void *state)
{
	return parse_count(c, "apiserver_burst", &((struct k8s_settings *)state)->burst);
}

static int parse_max_inflight(struct cf_cursor *c, void *state)
{
	return parse_count(c, "apiserver_max_inflight", &((struct k8s_settings *)state)->max_inflight);
}

static const struct cf_option_def options[] = {
	{"endpoint", 1, -1, parse_endpoint, "URL"},
	{"tls", 3, 3, parse_tls, "CERT KEY CACERT"},
	{"kubeconfig", 1, 2, parse_kubeconfig, "FILE [CONTEXT]"},
	{"namespaces", 1, -1, parse_namespaces, "NAMESPACE..."},
	{"namespace_labels", 1, -1, parse_namespace_labels, "EXPRESSION"},
	{"labels", 1, -1, parse_labels, "EXPRESSION"},
	{"pods", 1, 1, parse_pods, "disabled|verified|insecure"},
	{"endpoint_pod_names", 0, 0, parse_endpoint_pod_names, ""},
	{"ttl", 1, -1, parse_ttl, "SECONDS"},
	{"noendpoints", 0, 0, parse_noendpoints, ""},
	{"fallthrough", 0, -1, parse_fallthrough, "[ZONE...]"},
	{"ignore", 0, 1, parse_ignore, "empty_service"},
	{"multicluster", 0, -1, parse_multicluster, "[ZONE...]"},
	{"zonal", 0, 0, parse_zonal, ""},
	{"startup_timeout", 1, -1, parse_startup_timeout, "DURATION"},
	{"apiserver_qps", 1, 1, parse_qps, "FLOAT"},
	{"apiserver_burst", 1, 1, parse_burst, "INT"},
	{"apiserver_max_inflight", 1, 1, parse_max_inflight, "INT"},
};

static int check_combinations(struct setup *s, struct k8s_settings *set)
{
	if (set->namespaces && set->namespace_labels)
		return cf_fail(s->in, "namespaces and namespace_labels cannot both be set");
	if (set->zonal && set->no_endpoints)
		return cf_fail(s->in, "zonal requires the endpoint cache; remove noendpoints");
	return k8s_zones_finish(s, set);
}

int k8s_settings_read(struct setup *s, struct k8s_settings *set)
{
	*set = (struct k8s_settings){.ttl_s = TTL_DEFAULT,
				     .startup_timeout_ns = STARTUP_TIMEOUT_S * NS_PER_S};
	if (!cf_directive(s->in))
		return 0;
	if (k8s_zones_read(s, &set->keys) || cf_options(s->in, options, ARRAY_LEN(options), set))
		return ERR_SYNTAX;
	if (check_combinations(s, set))
		return ERR_SYNTAX;
	if (cf_directive(s->in))
		return cf_fail(s->in, "this plugin can only be used once per Server Block");
	return 0;
}
