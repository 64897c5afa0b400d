// SPDX-License-Identifier: Apache-2.0
#include "plugin_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_nothing(struct setup *s, const void *data, size_t len)
{
	(void)s;
	(void)data;
	(void)len;
}

int plugin_reading_run(struct plugin_reading *r, const struct plugin *p, void *state, const char *lines)
{
	struct arena text_arena; /* goes when it has been read, as in the server: nothing may point to it */
	struct corefile cf;
	struct cf_cursor in;
	int err;
	struct setup s = {.in = &in, .arena = &r->a,
			  .block = &r->block, .gen = &r->gen, .note_content = note_nothing};
	char text[16384];
	int n = snprintf(text, sizeof(text), ". {\n%s\n}\n", lines);

	memset(r, 0, sizeof(*r));
	arena_init(&r->a, NULL, 0, NULL);
	cf_errors_init(&r->errs, &r->a);
	arena_init(&text_arena, NULL, 0, NULL);
	if (corefile_parse(&text_arena, "Corefile", text, (size_t)n, &cf_source_system, &r->errs, &cf) ||
	    cf_cursor_init(&in, &r->a, &cf.blocks[0], p->name, &r->errs))
		abort();
	err = p->setup(&s, state);
	memset(text, 0, sizeof(text));
	arena_fini(&text_arena);
	return err;
}

const char *plugin_reading_error(const struct plugin_reading *r)
{
	return r->errs.first ? r->errs.first->text : "";
}

void plugin_reading_end(struct plugin_reading *r)
{
	arena_fini(&r->a);
}
