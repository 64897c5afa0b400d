// SPDX-License-Identifier: Apache-2.0
#include "control/config_sum.h"

#include "corefile/corefile.h"
#include "foreign/nettle.h"

#include <stdio.h>
#include <string.h>

static void add_number(struct sha512_ctx *h, uint64_t n)
{
	libnettle.sha512_update(h, sizeof(n), (const uint8_t *)&n);
}

/* With its length, so that the border between two tokens counts; a brace token is not a quoted brace. */
static void add_token(struct sha512_ctx *h, const struct cf_token *t)
{
	size_t len = strlen(t->text);

	add_number(h, len << 9 | (uint64_t)t->starts_line << 8 | (uint8_t)t->brace);
	libnettle.sha512_update(h, len, (const uint8_t *)t->text);
}

static void add_tokens(struct sha512_ctx *h, const struct cf_token *t, size_t n)
{
	add_number(h, n);
	for (size_t i = 0; i < n; i++)
		add_token(h, &t[i]);
}

void config_sum_of(const struct corefile *cf, struct config_sum *ret)
{
	struct sha512_ctx h;

	*ret = (struct config_sum){{0}};
	if (!library_loaded(&libnettle_library))
		return;
	libnettle.sha512_init(&h);
	for (size_t i = 0; i < cf->n_blocks; i++) {
		const struct cf_block *b = &cf->blocks[i];

		add_number(&h, b->n_directives);
		add_number(&h, b->n_keys);
		for (size_t k = 0; k < b->n_keys; k++) {
			const char *text = b->keys[k].text;

			add_number(&h, strlen(text));
			libnettle.sha512_update(&h, strlen(text), (const uint8_t *)text);
		}
		for (size_t d = 0; d < b->n_directives; d++)
			add_tokens(&h, b->directives[d].tokens, b->directives[d].n);
	}
	libnettle.sha512_digest(&h, sizeof(ret->bytes), ret->bytes);
}

bool config_sum_equal(const struct config_sum *a, const struct config_sum *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const char *config_sum_text(const struct config_sum *s, char out[CONFIG_SUM_TEXT_MAX])
{
	for (size_t i = 0; i < sizeof(s->bytes); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", s->bytes[i]);
	return out;
}
