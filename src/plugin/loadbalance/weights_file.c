// SPDX-License-Identifier: Apache-2.0
/* The weights' file: read at setup, and again every so often in the background. */
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rcu.h"
#include "plugin/loadbalance/loadbalance.h"
#include "server/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Contents are compared within one process only. */
static const struct hash_key content_key = {0x6c6f6164, 0x62616c61};

static int read_all(int fd, char **ret, size_t *ret_len)
{
	struct stat st;
	size_t len = 0;
	char *text;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_size > WEIGHTS_TEXT_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n <= 0)
			break; /* shorter than a moment ago: the next look sees it whole */
		len += (size_t)n;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

/* 0 with *ret NULL: as it was. */
static int read_changed(struct loadbalance *lb, struct weights **ret, char *ret_error, size_t size)
{
	int fd = open(lb->file, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;
	uint64_t print;
	int err = fd < 0 ? -errno : read_all(fd, &text, &len);

	*ret = NULL;
	if (fd >= 0)
		close(fd);
	if (err) {
		(void)snprintf(ret_error, size, "%s", err_text(err)); /* fits */
		return err;
	}
	print = hash_bytes(&content_key, text, len) | 1;
	if (print != lb->seen) {
		err = weights_parse(text, len, ret, ret_error, size);
		lb->seen = print; /* a broken file is told once, until it changes */
	}
	free(text);
	return err;
}

int weights_file_read(struct loadbalance *lb, struct weights **ret, char *ret_error, size_t size)
{
	lb->seen = 0;
	return read_changed(lb, ret, ret_error, size);
}

static void look(void *arg)
{
	struct loadbalance *lb = arg;
	struct weights *w, *old = lb->weights;
	char error[256];
	int err = read_changed(lb, &w, error, sizeof(error));

	if (err) {
		/* Why a file cannot be read is told once, what is wrong in it each time that it was changed. */
		if (err == -EINVAL || !lb->failing)
			log_line(LOG_ERROR, "plugin/loadbalance: weights in %s cannot be read, those before stay: %s",
				 lb->file, error);
		lb->failing = true;
		return;
	}
	lb->failing = false;
	if (!w)
		return;
	rcu_set(&lb->weights, w);
	rcu_free_later(weights_free, old);
	log_line(LOG_INFO, "plugin/loadbalance: weights read anew from %s", lb->file);
}

int weights_file_watch(struct loadbalance *lb)
{
	uint64_t ms = lb->reload_ns / NS_PER_MS;

	lb->task = background_every(ms ? ms : 1, look, lb);
	return lb->task ? 0 : -ENOMEM;
}
