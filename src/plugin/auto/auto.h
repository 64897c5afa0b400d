// SPDX-License-Identifier: Apache-2.0
/* auto: the zone files of a folder, each a zone whose name its file name gives.
 *
 *   setup.c   the grammar, first reading      walk.c     which files there are
 *   load.c    zones that come, change and go  origin.c   a file name -> the zone's name
 *   auto.c    which zone a question is for
 *
 * A zone and its file are those of `file` (plugin/file/file.h).  A folder is looked at by one thread at a time: the builder
 * at setup, the background thread after that; workers read `set`. */
#pragma once

#include "corefile/corefile.h"
#include "plugin/file/file.h"
#include "server/plugin.h"
#include "server/zone_list.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct pattern;
struct pattern_match;

enum {
	AUTO_ZONES_MAX = 65536, /* of one folder */
	AUTO_DEPTH_MAX = 32,    /* folders in folders */
};

/* A file and its zone; file.zone is NULL while the file has never been right. */
struct auto_zone {
	struct file_zone file;
	uint8_t origin[WIRE_NAME_MAX];
	char text[WIRE_NAME_TEXT_MAX];
	bool kept; /* by the set that is being made */
	char path[];
};

/* Sorted by name (auto_compare); frozen. */
struct auto_set {
	size_t n;
	struct auto_zone *v[];
};

/* One directive. */
struct auto_folder {
	struct auto_folder *next;
	const struct block *block;  /* frozen, like all up to `set` */
	struct zone_list zones;     /* which names it answers */
	const char *path;           /* NULL: nothing is loaded */
	const char *template;
	struct pattern *pattern;
	const struct cf_token *at;  /* the directive, while it is set up */
	uint64_t reload_ms;         /* 0: never */
	struct auto_set *set;       /* rcu; NULL: empty */
	struct pattern_match *match; /* rule: the looking thread, like all below */
	bool missing;               /* has been told */
	unsigned doubles, nameless; /* files left out, so many of which have been told */
	struct background_task *task;
};

struct auto_plugin {
	struct auto_folder *folders, **last;
};

int auto_setup(struct setup *s, struct auto_plugin *ret) MUST_USE;

/* ---- origin.c */

/* The zone's name that the template makes of the last match; lower case, wire.  Its length; -EINVAL: that is no name. */
int auto_origin(const struct auto_folder *f, const char *file_name, uint8_t *out) MUST_USE;

/* ---- walk.c */

struct auto_found {
	char *path;                 /* malloc'ed */
	uint8_t origin[WIRE_NAME_MAX];
	uint8_t origin_len;
};
struct auto_list {
	struct auto_found *v;       /* malloc'ed; in the order of their paths */
	size_t n, cap;
	unsigned nameless;
};

/* All files of the folder whose names match.  0; -errno: the folder itself cannot be read; -ENOMEM. */
int auto_walk(struct auto_folder *f, struct auto_list *ret) MUST_USE;
void auto_list_free(struct auto_list *l);

/* ---- load.c */

/* Look at the folder: the first time with `s`, whose warnings and content it becomes; then without.  0 or -errno: the folder cannot
 * be read (what is served stays). */
int auto_look(struct auto_folder *f, struct setup *s);
/* Nobody reads any more. */
void auto_set_free(struct auto_set *s);
int auto_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
