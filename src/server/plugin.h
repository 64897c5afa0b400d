// SPDX-License-Identifier: Apache-2.0
/* What a plugin is.  One const descriptor a plugin; one line in plugin/plugin.list puts it in its place.
 *
 * A query goes down the chain: each plugin's query() says NEXT, DONE or WAIT, until one is DONE.  Then
 * up: reply() of those that were passed on the way down (the one that is DONE included), in reverse order.
 * Who goes on (`enum step`), whether there is a reply (q->reply.form) and its rcode are three facts in three places. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct block;
struct cf_cursor;
struct generation;
struct library;
struct metadata_label;
struct query;
struct json;
struct transfer;
struct worker;

enum step {
	STEP_NEXT, /* not mine (query), or nothing to wait for (reply): go on */
	STEP_DONE, /* q->reply holds the answer, or no answer shall be sent (REPLY_NONE with q->dropped) */
	STEP_WAIT, /* a handle was kept; query_resume continues */
};

/* What setup() is given beside its own state. */
struct setup {
	struct cf_cursor *in;     /* its directives */
	struct arena *arena;      /* the generation's: what state points to lives here */
	struct block *block;      /* zones, listeners, other settings of the server block */
	struct generation *gen;
	/* Anything read at setup that makes answers (files, resolved names) is mixed in here; see adopt. */
	void (*note_content)(struct setup *s, const void *data, size_t len);
};

/* A file name of the Corefile as a path that lives as long as the generation: a relative one counts from the
 * block's `root`, whatever the order of lines, or from the working directory where there is none.  Noted as content, so
 * that another `root` is another configuration.  NULL: no memory, recorded.  Thread: builder. */
const char *block_path(struct setup *s, const char *name);

struct plugin {
	const char *name;         /* the directive */
	size_t state_size;        /* zeroed state per server block and directive name, in the generation's arena; const while serving */
	size_t query_size;        /* zeroed scratch per query, given to query() and reply() */

	/* Loaded before setup, or the configuration is refused at the directive; up to a NULL.  NULL: none (base/library.h). */
	struct library *const *libraries;

	/* Parse all occurrences of the directive in one block.  0, or ERR_SYNTAX with errors recorded through
	 * the cursor.  No side effects outside `state` and the arena (check runs it too).  Thread: builder. */
	int (*setup)(struct setup *s, void *state);

	/* Give back what setup took outside the arena (a store, compiled expressions); also when the generation never served.
	 * Thread: any, after all workers' parts have gone. */
	void (*free)(void *state);

	/* A generation begins and ends to serve: open what is shared by all workers.  0 or -errno (then the
	 * generation does not come up; the plugin has logged why).  Thread: control. */
	int (*start)(struct generation *gen, void *state);
	void (*stop)(void *state);

	/* Per worker: open sockets, make tables.  `ret_local` is given back by worker_local().  Thread: worker. */
	int (*worker_start)(struct worker *w, void *state, void **ret_local);
	/* All queries of this generation on this worker have ended. */
	void (*worker_stop)(struct worker *w, void *state, void *local);

	/* Take over the predecessor's state (same directive, same block keys): called before start when the
	 * block is the same as before in everything that makes answers (design: Adoption).  Thread: control. */
	void (*adopt)(void *state, void *old_state);

	/* Does the block take this query at all?  Asked by route, with q->block set, before the chain; of a block's plugins at most one
	 * has it (view).  `local`: what its worker_start left.  Thread: worker. */
	bool (*takes)(const void *state, struct query *q, void *local);

	/* On the way down.  `scratch`: query_size zeroed bytes.  Thread: worker. */
	enum step (*query)(const void *state, struct query *q, void *scratch);
	/* On the way up: look at or change q->reply.  May WAIT. */
	enum step (*reply)(const void *state, struct query *q, void *scratch);

	/* Drop what is kept of a name, of it and all below (`subtree`), or all (`name` NULL); how many answers went.
	 * Thread: builder. */
	size_t (*flush)(void *state, const uint8_t *name, bool subtree);

	/* For the ready endpoint; NULL: always. */
	bool (*ready)(const void *state);

	/* What it is doing now, for people who look: members of the JSON object that is open (base/json.h);
	 * started and not stopped.  Must not block.  Thread: any but workers'; show_hold is held. */
	void (*show)(const void *state, struct json *out);

	/* All records of a zone that is this plugin's (its name exactly, lower case), the SOA first and once, through transfer_rr,
	 * whose result other than 0 is passed on at once (server/transfer.h).  0; ERR_GONE: it is not.  Thread: worker. */
	int (*transfer)(const void *state, const uint8_t *zone, struct transfer *t);
	/* A zone of a plugin of the same block (its name, lower case) has come or changed (transfer_zone_changed).
	 * Thread: control, background. */
	void (*zone_changed)(void *state, const uint8_t *zone);

	/* The value of a label that this plugin knows, in the query's arena or frozen; NULL: not mine, or none
	 * (server/metadata.h).  May come before the chain has begun.  Thread: worker. */
	const char *(*metadata)(const void *state, struct query *q, const struct metadata_label *label);

	/* The block-level settings that act outside the chain (bind, bufsize's listener part, debug): applied to
	 * the block after all setups.  Usually NULL. */
	bool serves_all_classes;  /* lets classes other than IN into the listener (forward, chaos) */
	bool makes_answers;       /* its configuration decides what answers say (adoption of `cache` above it) */
	bool recursion;           /* offers recursion: RA on local answers of the block (forward) */
};

/* The order table, generated from plugin/plugin.list: every plugin CoreDNS knows, in its order.
 * `plugin` is NULL for those that are not in this build. */
struct plugin_slot {
	const char *name;
	const struct plugin *plugin;
};
extern const struct plugin_slot plugin_table[];
extern const size_t plugin_table_len;
/* Index in plugin_table or -1. */
int plugin_index(const char *name);
