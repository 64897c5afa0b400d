// SPDX-License-Identifier: Apache-2.0
/* Setting up the plugins of all blocks.
 *
 * Per directive across all blocks (all `root` first, then all `metadata` ...), as the peer does it: a later
 * plugin of a block can rely on what an earlier one has set. */

#include "base/hash.h"
#include "base/library.h"
#include "base/log.h"
#include "server/build.h"

#include <string.h>

/* Fingerprints are compared within one process only. */
static const struct hash_key fingerprint_key = {0x62696e6e61636c65ull, 0x636f6e66ull};

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const struct hash_key k = {fingerprint_key.k0 ^ h, fingerprint_key.k1 + h};

	return hash_bytes(&k, data, len);
}

struct setup_run {
	struct setup s;
	uint64_t fingerprint;
};

static void note_content(struct setup *s, const void *data, size_t len)
{
	struct setup_run *r = container_of(s, struct setup_run, s);

	r->fingerprint = mix(r->fingerprint, data, len);
}

static uint64_t fingerprint_tokens(const struct cf_block *cf, const char *name)
{
	uint64_t h = 0;

	for (size_t d = 0; d < cf->n_directives; d++) {
		const struct cf_directive *dir = &cf->directives[d];

		if (strcmp(dir->tokens[0].text, name) != 0)
			continue;
		for (size_t t = 0; t < dir->n; t++)
			h = mix(h, dir->tokens[t].text, strlen(dir->tokens[t].text) + 1);
	}
	return h;
}

static const struct cf_token *first_of(const struct cf_block *cf, const char *name)
{
	for (size_t d = 0; d < cf->n_directives; d++) {
		if (strcmp(cf->directives[d].tokens[0].text, name) == 0)
			return &cf->directives[d].tokens[0];
	}
	return NULL;
}

static void setup_one(struct build *b, size_t block, const struct plugin_slot *slot, const struct cf_token *at)
{
	struct block *bl = &b->g->blocks[block];
	struct cf_cursor in;
	struct setup_run r = {.s = {.in = &in, .arena = b->arena, .block = bl, .gen = b->g, .note_content = note_content}};
	struct instance *inst = &bl->all[bl->n_all];
	unsigned errors_before;
	const char *why;

	if (!slot->plugin) {
		cf_error(b->errs, at->file, at->line, "plugin \"%s\" is not in this build", slot->name);
		return;
	}
	if (cf_cursor_init(&in, b->arena, &b->cf->blocks[block], slot->name, b->errs)) {
		cf_error(b->errs, at->file, at->line, "out of memory");
		return;
	}
	inst->plugin = slot->plugin;
	inst->state = arena_zalloc(b->arena, slot->plugin->state_size + 1);
	r.fingerprint = fingerprint_tokens(&b->cf->blocks[block], slot->name);
	if (!inst->state) {
		cf_error(b->errs, at->file, at->line, "out of memory");
		return;
	}
	if (library_load_all(slot->plugin->libraries, &why)) {
		cf_error(b->errs, at->file, at->line, "plugin %s needs %s", slot->name, why);
		return;
	}
	errors_before = b->errs->n_errors;
	if (slot->plugin->setup(&r.s, inst->state) && b->errs->n_errors == errors_before)
		cf_error(b->errs, at->file, at->line, "plugin %s cannot be set up: out of memory", slot->name);
	inst->fingerprint = r.fingerprint;
	inst->local_index = b->g->n_locals++;
	bl->recursion |= slot->plugin->recursion;
	bl->all_classes |= slot->plugin->serves_all_classes;
	bl->n_all++;
}

static void make_chain(struct build *b, struct block *bl)
{
	bl->chain = arena_zalloc(b->arena, (bl->n_all + 1) * sizeof(*bl->chain));
	if (!bl->chain)
		return;
	for (size_t i = 0; i < bl->n_all; i++) {
		struct instance *in = &bl->all[i];

		if (in->plugin->takes)
			bl->filter = in;
		if (!in->plugin->query && !in->plugin->reply)
			continue;
		in->scratch_off = bl->scratch_size;
		bl->scratch_size += (uint32_t)((in->plugin->query_size + 7) & ~(size_t)7);
		bl->chain[bl->n_chain++] = *in;
	}
}

static uint64_t identity_of(const struct block *bl)
{
	uint64_t h = 0;

	for (size_t i = 0; i < bl->n_keys; i++) {
		const struct zone_key *k = &bl->keys[i];

		h = mix(h, k->zone, k->zone_len);
		h = mix(h, &k->port, sizeof(k->port));
		h = mix(h, &k->transport, sizeof(k->transport));
	}
	for (size_t i = 0; i < bl->n_binds; i++) {
		char text[NET_ADDR_TEXT_MAX];

		net_addr_text(&bl->binds[i], text);
		h = mix(h, text, strlen(text) + 1);
	}
	if (bl->view)
		h = mix(h, bl->view, strlen(bl->view) + 1);
	return h;
}

void build_plugins(struct build *b)
{
	for (size_t i = 0; i < b->g->n_blocks; i++) {
		struct block *bl = &b->g->blocks[i];

		bl->all = arena_zalloc(b->arena, (b->cf->blocks[i].n_directives + 1) * sizeof(*bl->all));
		if (!bl->all)
			return;
	}
	for (size_t p = 0; p < plugin_table_len; p++) {
		for (size_t i = 0; i < b->g->n_blocks; i++) {
			const struct cf_token *at = first_of(&b->cf->blocks[i], plugin_table[p].name);

			if (at)
				setup_one(b, i, &plugin_table[p], at);
		}
	}
	for (size_t i = 0; i < b->g->n_blocks; i++) {
		make_chain(b, &b->g->blocks[i]);
		b->g->blocks[i].identity = identity_of(&b->g->blocks[i]);
	}
}

int plugin_index(const char *name)
{
	for (size_t i = 0; i < plugin_table_len; i++) {
		if (strcmp(plugin_table[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}
