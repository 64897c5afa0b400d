// SPDX-License-Identifier: Apache-2.0
#include "control/pidfile.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void pidfile_write(const char *path)
{
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd == -1 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		log_line(LOG_ERROR, "could not write pidfile %s: %s", path, err_text(-errno));
	if (fd != -1)
		close(fd);
}

void pidfile_remove(const char *path)
{
	if (path && unlink(path) == -1 && errno != ENOENT)
		log_line(LOG_ERROR, "could not remove pidfile %s: %s", path, err_text(-errno));
}
