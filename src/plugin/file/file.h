// SPDX-License-Identifier: Apache-2.0
/* file: zones from zone files.
 *
 *   setup.c   the grammar, first reading     load.c         a zone file: reading it, and again when it has changed
 *   file.c    which zone a question is for   zone_reply.c   a zone's answer as a reply (auto and secondary too)
 *                                            zone_transfer.c   a zone given away whole (likewise) */
#pragma once

#include "corefile/corefile.h"
#include "server/plugin.h"
#include "server/zone_list.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct background_task;
struct block;
struct metadata_label;
struct json;
struct zone;

enum {
	FILE_STAMPS_MAX = 16, /* files of one zone that are looked at for changes; a zone of more is read each time */
	FILE_ERROR_MAX = 512,
};

/* What tells one state of a file from another. */
struct file_stamp {
	char *path; /* malloc'ed */
	struct timespec mtime, ctime;
	off_t size;
	ino_t inode;
};

/* A zone and its file. */
struct file_zone {
	struct file_zone *next;
	const char *path, *text;  /* the origin's presentation form; frozen, like all up to `zone` */
	const uint8_t *origin;
	size_t origin_len;
	const struct block *block; /* who is told of changes */
	uint64_t reload_ms;       /* 0: never */
	struct zone *zone;        /* rcu; NULL: never read */
	struct file_stamp stamps[FILE_STAMPS_MAX]; /* rule: the reading thread, like all below */
	unsigned n_stamps;
	bool too_many;
	char told[FILE_ERROR_MAX]; /* the error that was told last, so that it is told once */
	struct background_task *task;
};

/* Read the zone's file.  0, and a zone that is the caller's in *ret; -errno: it cannot be opened; ERR_SYNTAX; `error`
 * (FILE_ERROR_MAX bytes) says what.  `note` (or NULL) is told of the files' bytes.  Thread: builder or background. */
int file_zone_read(struct file_zone *z, void (*note)(void *arg, const void *data, size_t len), void *arg,
		   struct zone **ret, char *error) MUST_USE;
/* Read again if the file has changed (or never was right); another serial is another zone.  `zone`: a struct file_zone.
 * Thread: background. */
void file_zone_look(void *zone);
/* Look for changes from now on.  0 or -ENOMEM.  Thread: control. */
int file_zone_start(struct file_zone *z) MUST_USE;
void file_zone_stop(struct file_zone *z);
/* Without readers any more. */
void file_zone_free(struct file_zone *z);

struct file_plugin {
	struct file_zone *zones, **last; /* in the order of the Corefile; frozen */
	bool falls_through;
	struct zone_list fall;
	const struct metadata_label *wildcard;
};

/* show.c */
void file_show(const void *state, struct json *j);

/* 0, or ERR_SYNTAX with errors recorded. */
int file_setup(struct setup *s, struct file_plugin *ret) MUST_USE;
