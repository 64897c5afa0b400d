// SPDX-License-Identifier: Apache-2.0
/* The ConfigMap kube-dns: YAML or JSON, whose values are JSON texts. */
#include "cli/convert_kube_dns.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "kube/yaml_doc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

struct reader {
	struct arena *a;
	const char *file;
	struct cf_errors *errs;
	struct kube_dns *to;
	yaml_document_t doc;
};

/* ---------------------------------------------------------------- the values */

static int wrong(struct reader *r, const char *key, const char *expected)
{
	return cf_error(r->errs, r->file, 0, "%s: expected %s", key, expected);
}

/* Kept, since the JSON text's tree goes. */
static const char *text_of(struct reader *r, const cJSON *item)
{
	return arena_strdup(r->a, item->valuestring);
}

static int read_upstreams(struct reader *r, const cJSON *list)
{
	const cJSON *item;
	int err = 0;

	if (!cJSON_IsArray(list))
		return wrong(r, "upstreamNameservers", "a JSON array of addresses");
	cJSON_ArrayForEach(item, list)
	{
		const char *text = cJSON_IsString(item) ? text_of(r, item) : "";

		if (!text)
			return -ENOMEM;
		if (kube_dns_add_upstream(r->to, r->file, text, r->errs))
			err = ERR_SYNTAX;
	}
	return err;
}

static int read_stub(struct reader *r, const cJSON *stub)
{
	const char *domain = arena_strdup(r->a, stub->string);
	const cJSON *item;
	int err = 0;

	if (!domain)
		return -ENOMEM;
	if (!cJSON_IsArray(stub) || !cJSON_GetArraySize(stub))
		return cf_error(r->errs, r->file, 0, "stubDomains: %.300s: expected a JSON array of servers",
				domain);
	cJSON_ArrayForEach(item, stub)
	{
		const char *text = cJSON_IsString(item) ? text_of(r, item) : "";

		if (!text)
			return -ENOMEM;
		if (kube_dns_add_server(r->to, r->file, domain, text, r->errs))
			err = ERR_SYNTAX;
	}
	return err;
}

static int read_stubs(struct reader *r, const cJSON *map)
{
	const cJSON *item;
	int err = 0;

	if (!cJSON_IsObject(map))
		return wrong(r, "stubDomains", "a JSON object: {\"DOMAIN\": [\"IP\", ...]}");
	cJSON_ArrayForEach(item, map)
	{
		int e = read_stub(r, item);

		if (e == -ENOMEM)
			return e;
		err = e ? e : err;
	}
	return err;
}

static int read_federations(struct reader *r, const cJSON *map)
{
	cf_warning(r->errs, r->file, 0, "federations: dropped, nothing answers for them any more");
	return 0;
}

static int read_value(struct reader *r, const yaml_node_t *data, const char *key,
		      int (*read)(struct reader *r, const cJSON *json))
{
	const char *text = yaml_text(yaml_value(&r->doc, data, key));
	cJSON *json;
	int err;

	if (!text || !text[strspn(text, " \t\r\n")])
		return 0;
	json = cJSON_Parse(text);
	err = json ? read(r, json) : wrong(r, key, "JSON");
	cJSON_Delete(json);
	return err;
}

static int read_data(struct reader *r, const yaml_node_t *data)
{
	static const struct {
		const char *key;
		int (*read)(struct reader *r, const cJSON *json);
	} keys[] = {{"upstreamNameservers", read_upstreams},
		    {"stubDomains", read_stubs},
		    {"federations", read_federations}};
	int err = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys) && err != -ENOMEM; i++) {
		int e = read_value(r, data, keys[i].key, keys[i].read);

		err = e ? e : err;
	}
	return err;
}

static bool knows_a_key(struct reader *r, const yaml_node_t *root)
{
	return yaml_value(&r->doc, root, "stubDomains") || yaml_value(&r->doc, root, "upstreamNameservers") ||
	       yaml_value(&r->doc, root, "federations");
}

static int read_document(struct reader *r)
{
	const yaml_node_t *root = libyaml.document_get_root_node(&r->doc), *data = yaml_value(&r->doc, root, "data");
	const char *kind = yaml_text(yaml_value(&r->doc, root, "kind"));

	if (data || knows_a_key(r, root))
		return read_data(r, data ? data : root);
	if (kind && strcmp(kind, "ConfigMap") == 0)
		return 0; /* kube-dns with its defaults */
	return cf_error(r->errs, r->file, 0,
			"found neither a ConfigMap nor stubDomains nor upstreamNameservers");
}

int kube_dns_read(struct arena *a, const char *file, const char *text, size_t len, struct cf_errors *errs,
		  struct kube_dns *k)
{
	struct reader r = {.a = a, .file = file, .errs = errs, .to = k};
	yaml_parser_t parser;
	const char *missing;
	int err;

	if (library_load(&libyaml_library, &missing))
		return cf_error(errs, file, 0, "needs %s", missing);
	if (!libyaml.parser_initialize(&parser))
		return -ENOMEM;
	libyaml.parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (libyaml.parser_load(&parser, &r.doc)) {
		err = read_document(&r);
		libyaml.document_delete(&r.doc);
	} else {
		err = cf_error(errs, file, (unsigned)parser.problem_mark.line + 1,
			       "expected YAML or JSON: %s",
			       parser.problem ? parser.problem : "not understood");
	}
	libyaml.parser_delete(&parser);
	return err;
}
