// SPDX-License-Identifier: Apache-2.0
/* A zone file: reading it, and again when it has changed. */
#include "base/err.h"
#include "base/log.h"
#include "base/rcu.h"
#include "plugin/file/file.h"
#include "server/background.h"
#include "server/transfer.h"
#include "zone/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------- stamps */

static void set_stamp(struct file_stamp *s, const struct stat *st)
{
	s->mtime = st->st_mtim;
	s->ctime = st->st_ctim;
	s->size = st->st_size;
	s->inode = st->st_ino;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool unchanged(const struct file_stamp *s)
{
	struct stat st;

	return stat(s->path, &st) == 0 && same_time(&s->mtime, &st.st_mtim) && same_time(&s->ctime, &st.st_ctim) &&
	       s->size == st.st_size && s->inode == st.st_ino;
}

static void forget_stamps(struct file_zone *z)
{
	for (unsigned i = 0; i < z->n_stamps; i++)
		free(z->stamps[i].path);
	z->n_stamps = 0;
	z->too_many = false;
}

/* Taken before the file is read: what changes while it is read is seen next time. */
static void take_stamp(struct file_zone *z, const char *path)
{
	struct file_stamp *s = &z->stamps[z->n_stamps];
	struct stat st;

	if (z->n_stamps == FILE_STAMPS_MAX || stat(path, &st) || !(s->path = strdup(path))) {
		z->too_many = true;
		return;
	}
	set_stamp(s, &st);
	z->n_stamps++;
}

static bool changed(const struct file_zone *z)
{
	if (z->too_many || !z->n_stamps)
		return true;
	for (unsigned i = 0; i < z->n_stamps; i++) {
		if (!unchanged(&z->stamps[i]))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- reading */

struct reading {
	struct file_zone *z;
	void (*note)(void *arg, const void *data, size_t len);
	void *arg;
};

static int read_one(void *arg, const char *path, char **ret_text, size_t *ret_len)
{
	struct reading *r = arg;
	int err;

	take_stamp(r->z, path);
	err = zone_read_text(path, ret_text, ret_len);
	if (!err && r->note)
		r->note(r->arg, *ret_text, *ret_len);
	return err;
}

static int build(struct zone_builder *b, const struct file_zone *z, struct zone **ret, char *error)
{
	int err = zone_build(b, ret);

	if (err == -ENOENT) {
		snprintf(error, FILE_ERROR_MAX, "file \"%s\" has no SOA record for origin %s", z->path, z->text);
		return ERR_SYNTAX;
	}
	if (err)
		snprintf(error, FILE_ERROR_MAX, "%s: %s", z->path, err_text(err));
	return err;
}

int file_zone_read(struct file_zone *z, void (*note)(void *arg, const void *data, size_t len), void *arg,
		   struct zone **ret, char *error)
{
	struct reading reading = {z, note, arg};
	struct zone_builder *b = zone_builder_new(z->origin);
	struct zone_reader r = {.origin = z->origin, .to = b, .read = read_one, .arg = &reading};
	int err = b ? 0 : -ENOMEM;

	forget_stamps(z);
	if (b)
		err = zone_read_file(&r, z->path);
	if (err == ERR_SYNTAX)
		snprintf(error, FILE_ERROR_MAX, "%s", r.error);
	else if (err)
		snprintf(error, FILE_ERROR_MAX, "Failed to open \"%s\": %s", z->path, err_text(err));
	else
		err = build(b, z, ret, error);
	zone_builder_free(b);
	return err;
}

/* ---------------------------------------------------------------- reading again */

static void free_old(void *arg)
{
	zone_free(arg);
}

/* Another serial is another zone, whichever is greater; the same one is none, whatever the file says. */
static void take(struct file_zone *z, struct zone *fresh)
{
	struct zone *old = z->zone;

	if (old && zone_serial(old) == zone_serial(fresh)) {
		zone_free(fresh);
		return;
	}
	rcu_set(&z->zone, fresh);
	log_line(LOG_INFO, "plugin/file: Successfully reloaded zone \"%s\" in \"%s\" with %u SOA serial", z->text, z->path,
		 zone_serial(fresh));
	if (old)
		rcu_free_later(free_old, old);
	transfer_zone_changed(z->block, z->origin);
}

static void tell(struct file_zone *z, const char *error)
{
	if (!strcmp(z->told, error))
		return;
	log_line(LOG_WARNING, "plugin/file: %s; what is served stays, trying again", error);
	snprintf(z->told, sizeof(z->told), "%s", error);
}

void file_zone_look(void *arg)
{
	struct file_zone *z = arg;
	char error[FILE_ERROR_MAX];
	struct zone *fresh;

	if (!changed(z))
		return;
	if (file_zone_read(z, NULL, NULL, &fresh, error)) {
		tell(z, error);
		return;
	}
	z->told[0] = '\0';
	take(z, fresh);
}

int file_zone_start(struct file_zone *z)
{
	if (z->zone)
		transfer_zone_changed(z->block, z->origin);
	if (!z->reload_ms)
		return 0;
	z->task = background_every(z->reload_ms, file_zone_look, z);
	return z->task ? 0 : -ENOMEM;
}

void file_zone_stop(struct file_zone *z)
{
	background_stop(z->task);
	z->task = NULL;
}

void file_zone_free(struct file_zone *z)
{
	zone_free(z->zone);
	z->zone = NULL;
	forget_stamps(z);
}
