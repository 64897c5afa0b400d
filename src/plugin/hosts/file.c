// SPDX-License-Identifier: Apache-2.0
/* The hosts file.  One thread at a time reads it: the one that starts the configuration, then the background thread. */
#include "plugin/hosts/hosts.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rcu.h"
#include "server/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A list of blocked names of some millions of lines; more is a mistake (a log file, a device). */
enum { FILE_BYTES_MAX = 512 << 20 };

static const struct metric_desc entries_desc = {
	.name = "coredns_hosts_entries",
	.help = "Entries of the hosts file and of the Corefile, in both directions.",
	.kind = METRIC_GAUGE,
	.labels = "hostsfile",
};
static const struct metric_desc reloaded_desc = {
	.name = "coredns_hosts_reload_timestamp_seconds",
	.help = "Time of modification of the hosts file that was read last.",
	.kind = METRIC_GAUGE,
	.labels = "",
};
static const struct metric_desc failed_desc = {
	.name = "binnacle_hosts_read_failures_total",
	.help = "Hosts files that could not be read; what was read before stays.",
	.labels = "",
};

static uint64_t last_read_ns; /* atomic; of the process, like its metric */

static double read_entries(void *arg)
{
	struct hosts_file *f = arg;

	return (double)__atomic_load_n(&f->entries, __ATOMIC_RELAXED);
}

static double read_reloaded(void *arg)
{
	return (double)__atomic_load_n(&last_read_ns, __ATOMIC_RELAXED) / NS_PER_S;
}

/* ---------------------------------------------------------------- reading */

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct hosts_stamp *a, const struct hosts_stamp *b)
{
	return same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime) && a->size == b->size &&
	       a->inode == b->inode && a->device == b->device;
}

/* All of it, to the end, whatever its size was said to be; malloc'ed. */
static int read_all(int fd, size_t expected, char **ret, size_t *ret_len)
{
	size_t cap = expected + 4096, len = 0;
	char *text = malloc(cap);

	while (text && len <= FILE_BYTES_MAX) {
		ssize_t n = read(fd, text + len, cap - len);

		if (n == 0) {
			*ret = text;
			*ret_len = len;
			return 0;
		}
		if (n == -1 && errno != EINTR)
			break;
		len += n > 0 ? (size_t)n : 0;
		if (len == cap) {
			char *more = realloc(text, cap * 2);

			if (!more)
				break;
			text = more;
			cap *= 2;
		}
	}
	free(text);
	return !text ? -ENOMEM : len > FILE_BYTES_MAX ? -EFBIG : -EIO;
}

static int stamp_of(int fd, struct hosts_stamp *ret)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > FILE_BYTES_MAX)
		return -EFBIG;
	*ret = (struct hosts_stamp){
		.mtime = st.st_mtim,
		.ctime = st.st_ctim,
		.size = st.st_size,
		.inode = st.st_ino,
		.device = st.st_dev,
	};
	return 0;
}

static void free_table(void *table)
{
	hosts_table_free(table);
}

static void publish(struct hosts_file *f, struct hosts_table *t, const struct hosts_stamp *stamp)
{
	struct hosts_table *old = f->table;
	uint64_t ns = (uint64_t)stamp->mtime.tv_sec * NS_PER_S + (uint64_t)stamp->mtime.tv_nsec;

	rcu_set(&f->table, t);
	f->stamp = *stamp;
	__atomic_store_n(&f->entries, f->n_inline + hosts_table_entries(t), __ATOMIC_RELAXED);
	__atomic_store_n(&last_read_ns, ns, __ATOMIC_RELAXED);
	if (old)
		rcu_free_later(free_table, old);
}

static int read_open(struct hosts_file *f, int fd)
{
	struct hosts_stamp stamp;
	struct hosts_table *t;
	size_t len;
	char *text;
	int err = stamp_of(fd, &stamp);

	if (err || (f->table && same_stamp(&stamp, &f->stamp)))
		return err;
	err = read_all(fd, (size_t)stamp.size, &text, &len);
	if (err)
		return err;
	t = hosts_table_new(text, len, &f->scope);
	free(text);
	if (!t)
		return -ENOMEM;
	publish(f, t, &stamp);
	return 0;
}

/* Each change once.  A missing file at the start was a warning of the setup. */
static void tell(struct hosts_file *f, int err)
{
	bool known = err == f->error || (!f->table && !f->error && err == -ENOENT);

	if (!known && err) {
		metrics_count(metrics_series(&failed_desc, NULL), 1);
		log_line(LOG_WARNING, "plugin/hosts: %s cannot be read: %s; %s", f->path, err_text(err),
			 f->table ? "its last entries stay" : "it has no entries yet");
	}
	if (!err && f->error)
		log_line(LOG_INFO, "plugin/hosts: %s is read again", f->path);
	f->error = err;
}

static void read_file(void *arg)
{
	struct hosts_file *f = arg;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
	int err = fd == -1 ? -errno : read_open(f, fd);

	if (fd != -1)
		close(fd);
	tell(f, err);
}

/* ---------------------------------------------------------------- life */

void hosts_file_start(struct hosts_file *f, uint64_t reload_ms)
{
	f->entries = f->n_inline;
	read_file(f);
	metrics_reader(&entries_desc, &f->path, read_entries, f);
	metrics_reader(&reloaded_desc, NULL, read_reloaded, f);
	if (!reload_ms)
		return;
	f->task = background_every(reload_ms, read_file, f);
	if (!f->task)
		log_line(LOG_ERROR, "plugin/hosts: %s will not be read again: out of memory", f->path);
}

void hosts_file_stop(struct hosts_file *f)
{
	background_stop(f->task);
	f->task = NULL;
	metrics_reader_drop(f);
}

void hosts_file_free(struct hosts_file *f)
{
	hosts_table_free(f->table);
	f->table = NULL;
}
