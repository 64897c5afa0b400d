// SPDX-License-Identifier: Apache-2.0
/* Hosts tables.  Input: the text of a hosts file; each of its words is looked up again as a name. */
#include "fuzz.h"
#include "plugin/hosts/table.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <string.h>

struct seen {
	const uint8_t *name;
	size_t len;
	bool found;
};

static int is_it(void *arg, const uint8_t *name, size_t len)
{
	struct seen *s = arg;

	FUZZ_CHECK(len >= 1 && len <= WIRE_NAME_MAX && wire_name_len(name) == len);
	s->found |= len == s->len && !memcmp(name, s->name, len);
	return 0;
}

/* Each address of a name leads back to it, but for wildcards. */
static void check_name(const struct hosts_table *t, const struct hosts_name *n, const uint8_t *name, size_t len,
		       enum hosts_family f)
{
	size_t size = f == HOSTS_V4 ? 4 : 16, count = hosts_name_count(n, f);
	uint8_t *addrs = malloc(count * size + 1);

	FUZZ_CHECK(addrs && hosts_name_copy(t, n, f, addrs, count) == count);
	for (size_t i = 0; i < count; i++) {
		struct seen s = {name, len, false};

		FUZZ_CHECK(!hosts_table_names(t, addrs + i * size, f, is_it, &s));
		FUZZ_CHECK(s.found == !(name[0] == 1 && name[1] == '*'));
	}
	free(addrs);
}

static void check_word(const struct hosts_table *t, const char *word)
{
	uint8_t name[WIRE_NAME_MAX];
	int len = wire_name_from_text(word, name);
	const struct hosts_name *n;

	if (len <= 0)
		return;
	wire_name_lower(name, name, (size_t)len);
	n = hosts_table_find(t, name, (size_t)len);
	if (!n)
		return;
	FUZZ_CHECK(hosts_name_count(n, HOSTS_V4) + hosts_name_count(n, HOSTS_V6) > 0);
	check_name(t, n, name, (size_t)len, HOSTS_V4);
	check_name(t, n, name, (size_t)len, HOSTS_V6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_key root = {.zone = (const uint8_t *)"", .zone_len = 1};
	struct cf_keys zones = {.v = &root, .n = 1, .cap = 1};
	const struct hosts_scope scope = {&zones, true};
	char *text = malloc(size + 1), *save, *word;
	struct hosts_table *t;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	t = hosts_table_new(text, size, &scope);
	FUZZ_CHECK(t);
	for (word = strtok_r(text, " \t\n\v\f\r#", &save); word; word = strtok_r(NULL, " \t\n\v\f\r#", &save))
		check_word(t, word);
	hosts_table_free(t);
	free(text);
	return 0;
}
