// SPDX-License-Identifier: Apache-2.0
/* Zone files, and questions to what was read.  Input: a file's text; it may include itself. */
#include "base/arena.h"
#include "fuzz.h"
#include "wire/name.h"
#include "zone/zone.h"

#include <string.h>

struct text {
	const uint8_t *data;
	size_t size;
	unsigned times;
};

static int read_text(void *arg, const char *path, char **ret_text, size_t *ret_len)
{
	struct text *t = arg;

	if (t->times++ > 20)
		return -1;
	*ret_text = malloc(t->size + 1);
	if (!*ret_text)
		abort();
	memcpy(*ret_text, t->data, t->size);
	*ret_len = t->size;
	return 0;
}

static void ask(const struct zone *z, const uint8_t *name, size_t len, uint16_t type)
{
	struct zone_answer answer;
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	FUZZ_CHECK(zone_lookup(z, name, len, type, true, &a, &answer) == 0);
	for (const struct zone_part *p = answer.parts; p; p = p->next)
		FUZZ_CHECK(p->set && p->set->n && (unsigned)p->section < 3);
	arena_fini(&a);
}

/* Each name, a name below it and one beside it. */
static void ask_all(const struct zone *z)
{
	static const uint16_t types[] = {TYPE_A, TYPE_CNAME, TYPE_DS, TYPE_RRSIG, TYPE_MX};
	const struct zone_node *const *nodes;
	size_t n = zone_nodes(z, &nodes);

	for (size_t i = 0; i < n && i < 200; i++) {
		uint8_t below[WIRE_NAME_MAX + 2] = "\1q";
		size_t len = nodes[i]->name_len;

		FUZZ_CHECK(zone_find(z, nodes[i]->name, len) == nodes[i]);
		FUZZ_CHECK(!i || zone_compare_keys(nodes[i - 1]->key, nodes[i - 1]->key_len, nodes[i]->key, nodes[i]->key_len) < 0);
		memcpy(below + 2, nodes[i]->name, len);
		for (size_t t = 0; t < ARRAY_LEN(types); t++) {
			ask(z, nodes[i]->name, len, types[t]);
			if (len + 2 <= WIRE_NAME_MAX)
				ask(z, below, len + 2, types[t]);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\7example\3org";
	struct text t = {data, size, 0};
	struct zone_reader r = {.origin = origin, .to = zone_builder_new(origin), .read = read_text, .arg = &t};
	struct zone *z = NULL;

	if (!r.to)
		abort();
	if (size < 4096 && zone_read_file(&r, "/db") == 0 && zone_build(r.to, &z) == 0)
		ask_all(z);
	zone_builder_free(r.to);
	zone_free(z);
	return 0;
}
