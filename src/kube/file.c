// SPDX-License-Identifier: Apache-2.0
/* Files, memory files, base64: what auth reads from. */
#include "kube/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t read_all(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while (len < cap && (n = read(fd, buf + len, cap - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SIZE_MAX;
		len += (size_t)n;
	}
	return len;
}

char *kube_file_read(const char *path, size_t max, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *buf = fd < 0 ? NULL : malloc(max + 2), *fit;
	size_t len;

	if (!buf) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	len = read_all(fd, buf, max + 1);
	close(fd);
	if (len > max) {
		errno = len == SIZE_MAX ? errno : EFBIG;
		free(buf);
		return NULL;
	}
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	fit = realloc(buf, len + 1);
	return fit ? fit : buf;
}

char *kube_auth_path(const struct kube_auth *a, const char *name)
{
	size_t len = strlen(name) + (a->base_dir ? strlen(a->base_dir) : 0) + 2;
	char *path = name[0] == '/' || !a->base_dir ? strdup(name) : malloc(len);

	if (path && name[0] != '/' && a->base_dir)
		snprintf(path, len, "%s/%s", a->base_dir, name);
	return path;
}

char *kube_auth_memory_file(struct kube_auth *a, const void *data, size_t len)
{
	char name[40];
	int fd;

	if (a->n_memory_files == ARRAY_LEN(a->memory_files))
		return NULL;
	fd = memfd_create("kube", MFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	a->memory_files[a->n_memory_files++] = fd;
	if (write(fd, data, len) != (ssize_t)len)
		return NULL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return strdup(name);
}

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

uint8_t *kube_base64_decode(const char *text, size_t *ret_len)
{
	uint8_t *out = malloc(strlen(text) / 4 * 3 + 4);
	unsigned bits = 0, n_bits = 0;
	size_t len = 0;

	for (; out && *text && *text != '='; text++) {
		int d = digit(*text);

		if (*text == '\n' || *text == '\r' || *text == ' ')
			continue;
		if (d < 0) {
			free(out);
			return NULL;
		}
		bits = bits << 6 | (unsigned)d;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[len++] = (uint8_t)(bits >> n_bits);
		}
	}
	if (out)
		out[len] = '\0';
	*ret_len = len;
	return out;
}
