// SPDX-License-Identifier: Apache-2.0
/* A generation: all that one Corefile makes (server blocks, plugin instances).  Built and checked whole by the
 * builder, published to the workers by message, retired when its last query has ended.
 *
 *   generation_build (builder) -> listeners opened, plugins started (control) -> each worker: worker_start
 *     -> all workers take it for new queries -> old one: per-worker counts reach zero -> worker_stop -> stop -> freed
 *
 * Thread rule: `frozen` once built. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/heap.h"
#include "corefile/corefile.h"
#include "net/listen.h"
#include "server/listener_settings.h"
#include "server/plugin.h"

#include <stdbool.h>
#include <stdint.h>

struct dns_row;
struct event_command;
struct worker;
struct zone_list;

/* A plugin in a block's chain. */
struct instance {
	const struct plugin *plugin;
	void *state;
	uint32_t local_index;    /* where each worker keeps its worker_start result */
	uint32_t scratch_off;    /* of its query_size bytes in the query's scratch */
	uint64_t fingerprint;    /* of its own tokens and noted contents (adoption) */
};

struct zone_key {
	const uint8_t *zone;     /* wire, lower case */
	uint8_t zone_len, n_labels;
	enum transport transport;
	uint16_t port;
	const char *text;        /* "example.org.:53", "tls://example.org.:853" as in the start-up listing */
	const struct cf_token *token;
};

struct block {
	struct zone_key *keys;   /* after CIDR expansion */
	size_t n_keys;
	struct instance *chain;  /* those with query or reply hooks, in table order */
	size_t n_chain;
	struct instance *all;    /* every directive, in table order */
	size_t n_all;
	uint32_t scratch_size;   /* of all in the chain */
	/* settings that plugins make at setup */
	struct net_addr *binds;  /* addresses without port; none: wildcard */
	size_t n_binds;
	bool bind_set;           /* `bind` was given (an empty list is then an error) */
	bool debug;
	const char *view;        /* name of its `view`; NULL: none */
	const struct instance *filter; /* whose `takes` says which queries it answers; NULL: all of its zones */
	const char *root;        /* base of relative file names (`root`, block_path); NULL: the working directory */
	struct listener_settings settings; /* for the listeners that it is on */
	const struct zone_list *metadata; /* whose queries have it (server/metadata.h); NULL: none */
	bool recursion;          /* some plugin offers it */
	bool all_classes;
	const char *file;        /* while it is built only: the Corefile's text goes after that */
	unsigned line;
	uint64_t identity;       /* keys, binds, view: same block as before? */
};

/* An address, port and transport of this generation and the zones it serves. */
struct listener {
	struct net_addr at;
	enum transport transport;
	bool wildcard;
	const char *text;        /* metrics label: "dns://:53", "dns://127.0.0.1:1053", "dns://[::1]:53" */
	struct zone_entry *zones; /* server/route.h; most labels first */
	size_t n_zones, cap_zones;
	struct zone_index *index; /* NULL for a handful of zones */
	bool all_classes;
	struct dns_row *dropped; /* counts what none of its blocks answers */
	struct listener_settings settings; /* of its blocks */
	uint32_t port_id;        /* of the process-wide open port (server/port.h) that carries it */
};

struct generation {
	uint64_t number;
	uint32_t workers_left;   /* atomic: gen_workers that have not ended */
	void (*ended)(struct generation *g); /* the last one has; called in its worker's thread */
	struct arena arena;
	struct block *blocks;
	size_t n_blocks;
	struct listener *listeners;
	size_t n_listeners;
	uint32_t n_locals;
	struct gen_worker **parts; /* by worker; each entry: worker */
	struct listener **by_port; /* by port_id; NULL where this generation does not listen */
	uint32_t n_by_port;
	/* How long all goes on answering after the order to end (`health { lameduck D }`, the longest of all
	 * blocks); setup writes, control's shutdown reads. */
	uint64_t lameduck_ns;
	struct event_command *commands; /* in file order (server/event.h); setup writes */
	const char *commands_by;   /* the directive of it that runs programs; setup writes; NULL: none does */
	uint32_t reload_every_ms;  /* control looks whether the configuration has changed; 0: only when told to */
	uint32_t reload_jitter_ms; /* that period is off by up to half of this, either way */
};

/* One generation's part on one worker.  Rule: worker, but for what is noted. */
struct gen_worker {
	struct generation *gen;
	struct worker *w;
	bool *started;           /* worker_start has run, by local_index */
	void **locals;           /* what worker_start left, by instance.local_index */
	uint64_t inflight;       /* queries, and whatever else holds it (late exchanges, retiring ports) */
	bool retired;            /* new queries go elsewhere; ends when inflight is 0 */
	bool stopped;            /* worker_stop has run */
	struct timer end;        /* the end comes from the loop, never from within a plugin */
};

struct gen_worker *gen_worker_new(struct worker *w, struct generation *g);
void gen_worker_free(struct gen_worker *gw);
/* Run all plugins' worker_start; the first error ends it (gen_worker_stop undoes). */
int gen_worker_start(struct gen_worker *gw) MUST_USE;
/* Run worker_stop of those that were started; once. */
void gen_worker_stop(struct gen_worker *gw);
/* New queries go elsewhere: it ends, from the loop, when nothing holds it any more. */
void gen_worker_retire(struct gen_worker *gw);
/* Count something that needs the generation, and give it up again. */
void gen_worker_hold(struct gen_worker *gw);
void gen_worker_release(struct gen_worker *gw);

struct generation_options {
	uint16_t dns_port;        /* -dns.port */
	const char *conf_name;    /* for messages: "Corefile" */
};

/* Parse + set up all plugins + find overlaps.  0, or ERR_SYNTAX with errors recorded. */
int generation_build(const struct corefile *cf, const struct generation_options *o, struct cf_errors *errs,
		     struct generation **ret) MUST_USE;
void generation_free(struct generation *g);
/* Drop what its plugins keep of a name, of it and all below (`subtree`), or all (`name` NULL); how many answers went.
 * Thread: builder. */
size_t generation_flush(const struct generation *g, const uint8_t *name, bool subtree);
