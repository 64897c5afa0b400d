// SPDX-License-Identifier: Apache-2.0
/* hosts: names and addresses of a hosts file and of the Corefile.
 *
 *   setup.c   the grammar            file.c    the file: reading it, and again when it has changed
 *   hosts.c   the answers            table.c   text -> names and addresses       pool.c   what a table is built of */
#pragma once

#include "plugin/hosts/table.h"
#include "server/zone_list.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct background_task;
struct setup;
struct json;

/* What tells one state of a file from another. */
struct hosts_stamp {
	struct timespec mtime, ctime;
	off_t size;
	ino_t inode;
	dev_t device;
};

struct hosts_file {
	const char *path; /* frozen */
	struct hosts_scope scope; /* frozen */
	size_t n_inline; /* entries of the Corefile, for the gauge; frozen */
	struct hosts_table *table; /* rcu; NULL: never read */
	struct hosts_stamp stamp; /* of `table`; rule: the reading thread */
	int error; /* why it could not be read last time, told once; likewise */
	size_t entries; /* of both; atomic */
	struct background_task *task;
};

struct hosts {
	/* frozen */
	struct zone_list zones; /* the block's own where none were given */
	struct hosts_table *inline_table;
	uint32_t ttl_s;
	uint64_t reload_ms; /* 0: never */
	bool has_fallthrough, fallthrough_unsupported;
	struct zone_list fallthrough;
	struct hosts_file *file;
};

/* show.c */
void hosts_show(const void *state, struct json *j);

/* 0, or ERR_SYNTAX with errors recorded. */
int hosts_setup(struct setup *s, struct hosts *ret) MUST_USE;

/* Read the file, and again every `reload_ms` if it has changed.  A file that cannot be read is no error: what was read last
 * stays.  Thread: control. */
void hosts_file_start(struct hosts_file *f, uint64_t reload_ms);
void hosts_file_stop(struct hosts_file *f);
/* Without readers any more. */
void hosts_file_free(struct hosts_file *f);
