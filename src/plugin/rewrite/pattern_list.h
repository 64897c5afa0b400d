// SPDX-License-Identifier: Apache-2.0
/* Compiled expressions that a generation gives back when it ends. */
#pragma once

#include "base/arena.h"
#include "server/pattern.h"

#include <errno.h>

struct pattern_list {
	struct pattern_list *next;
	struct pattern *pattern;
};

/* Takes the pattern, also on failure.  -ENOMEM. */
static inline int pattern_list_add(struct arena *a, struct pattern_list **list, struct pattern *p)
{
	struct pattern_list *l = arena_alloc(a, sizeof(*l));

	if (!l) {
		pattern_free(p);
		return -ENOMEM;
	}
	*l = (struct pattern_list){*list, p};
	*list = l;
	return 0;
}

static inline void pattern_list_free(struct pattern_list *l)
{
	for (; l; l = l->next)
		pattern_free(l->pattern);
}
