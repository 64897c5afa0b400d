// SPDX-License-Identifier: Apache-2.0
/* Looking into the documents of libyaml: kubeconfig files, ConfigMaps.  What is asked for is NULL when it is not there, or is
 * not of that kind; so questions can be put one into the other. */
#pragma once

#include "base/compiler.h"
#include "foreign/yaml.h"

#include <string.h>

static inline const char *yaml_text(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

/* The value of `key`. */
static inline yaml_node_t *yaml_value(yaml_document_t *doc, const yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const char *k = yaml_text(libyaml.document_get_node(doc, p->key));

		if (k && strcmp(k, key) == 0)
			return libyaml.document_get_node(doc, p->value);
	}
	return NULL;
}
