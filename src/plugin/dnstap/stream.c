// SPDX-License-Identifier: Apache-2.0
/* Connections to collectors: a socket, TLS on it perhaps, Frame Streams on that (bidirectional: READY, ACCEPT, START).  The
 * library does the frames; what it writes is gathered here, so that a frame is no system call.  Thread: the sender's. */
#include "plugin/dnstap/dnstap.h"

#include "foreign/fstrm.h"
#include "plugin/dnstap/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 4000, GATHER = 64 * 1024, BACKLOG = 8 };

static const char content_type[] = "protobuf:dnstap.Dnstap";

struct dnstap_stream {
	int fd;
	struct dnstap_tls *tls; /* NULL: none */
	struct fstrm_writer *writer;
	size_t len;
	uint8_t out[GATHER];
};

/* ---------------------------------------------------------------- bytes */

static bool write_all(struct dnstap_stream *s, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = s->tls ? dnstap_tls_write(s->tls, p, len) : send(s->fd, p, len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool dnstap_stream_flush(struct dnstap_stream *s)
{
	size_t len = s->len;

	s->len = 0;
	return write_all(s, s->out, len);
}

static bool gather(struct dnstap_stream *s, const void *data, size_t len)
{
	if (len > sizeof(s->out) - s->len && !dnstap_stream_flush(s))
		return false;
	if (len > sizeof(s->out))
		return write_all(s, data, len);
	memcpy(s->out + s->len, data, len);
	s->len += len;
	return true;
}

static fstrm_res op_write(void *obj, const struct iovec *iov, int n)
{
	for (int i = 0; i < n; i++) {
		if (!gather(obj, iov[i].iov_base, iov[i].iov_len))
			return fstrm_res_failure;
	}
	return fstrm_res_success;
}

static fstrm_res op_read(void *obj, void *data, size_t len)
{
	struct dnstap_stream *s = obj;
	uint8_t *p = data;

	if (!dnstap_stream_flush(s))
		return fstrm_res_failure;
	while (len) {
		ssize_t n = s->tls ? dnstap_tls_read(s->tls, p, len) : recv(s->fd, p, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? fstrm_res_failure : fstrm_res_stop;
		p += n;
		len -= (size_t)n;
	}
	return fstrm_res_success;
}

static fstrm_res op_nothing(void *obj)
{
	return fstrm_res_success;
}

/* ---------------------------------------------------------------- sockets */

static void set_times(int fd, const struct dnstap_config *c)
{
	const struct timeval t = {PATIENCE_MS / 1000, PATIENCE_MS % 1000 * 1000};
	int bytes = (int)(c->buffer_mib << 20), one = 1;

	/* Each may fail where the kernel has its own view; then its defaults hold. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (c->transport != DNSTAP_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* 0 or -errno, within our patience. */
static int connect_within(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int err = 0;
	socklen_t n = sizeof(err);

	if (connect(fd, sa, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, PATIENCE_MS) != 1)
		return -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) == -1 ? -errno : -err;
}

static int unix_address(const struct dnstap_config *c, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(c->path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, c->path, strlen(c->path));
	return 0;
}

/* Makes a socket for an address: connected, or bound and listening.  fd or -errno. */
typedef int (*use_fn)(const struct sockaddr *sa, socklen_t len);

static int use_connect(const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd == -1 ? -errno : connect_within(fd, sa, len);

	if (!err && fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	if (!err)
		err = -errno;
	if (fd != -1)
		close(fd);
	return err;
}

static int use_listen(const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, err;

	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, sa, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The first of a host's addresses that works. */
static int use_host(const struct dnstap_config *c, use_fn use, char *why, size_t cap)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = c->listen ? AI_PASSIVE : 0};
	struct addrinfo *all;
	int err = getaddrinfo(*c->host ? c->host : NULL, c->port, &hints, &all), fd = -ENOENT;

	if (err) {
		(void)snprintf(why, cap, "%s", gai_strerror(err));
		return -1;
	}
	for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
		fd = use(a->ai_addr, a->ai_addrlen);
	freeaddrinfo(all);
	if (fd < 0)
		(void)snprintf(why, cap, "%s", strerror(-fd));
	return fd < 0 ? -1 : fd;
}

static int use_path(const struct dnstap_config *c, use_fn use, char *why, size_t cap)
{
	struct sockaddr_un sa;
	int fd = unix_address(c, &sa);

	if (!fd)
		fd = use((const struct sockaddr *)&sa, sizeof(sa));
	if (fd < 0)
		(void)snprintf(why, cap, "%s", strerror(-fd));
	return fd < 0 ? -1 : fd;
}

/* ---------------------------------------------------------------- streams */

static struct fstrm_writer *writer_of(struct dnstap_stream *s)
{
	struct fstrm_writer_options *o = libfstrm.writer_options_init();
	struct fstrm_rdwr *rdwr = libfstrm.rdwr_init(s);
	struct fstrm_writer *w = NULL;

	if (o && rdwr) {
		libfstrm.rdwr_set_open(rdwr, op_nothing);
		libfstrm.rdwr_set_close(rdwr, op_nothing);
		libfstrm.rdwr_set_read(rdwr, op_read);
		libfstrm.rdwr_set_write(rdwr, op_write);
		(void)libfstrm.writer_options_add_content_type(o, content_type, sizeof(content_type) - 1);
		w = libfstrm.writer_init(o, &rdwr);
	}
	if (rdwr)
		libfstrm.rdwr_destroy(&rdwr);
	if (o)
		libfstrm.writer_options_destroy(&o);
	return w;
}

/* Takes the descriptor over. */
static struct dnstap_stream *begin(const struct dnstap_config *c, int fd, char *why, size_t cap)
{
	struct dnstap_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		close(fd);
		(void)snprintf(why, cap, "out of memory");
		return NULL;
	}
	s->fd = fd;
	set_times(fd, c);
	if (c->transport == DNSTAP_TLS) {
		s->tls = dnstap_tls_begin(c, fd, why, cap);
		if (!s->tls) {
			dnstap_stream_close(s, false);
			return NULL;
		}
	}
	s->writer = writer_of(s);
	if (s->writer && libfstrm.writer_open(s->writer) == fstrm_res_success && dnstap_stream_flush(s))
		return s;
	(void)snprintf(why, cap, "the other side does not take dnstap frames");
	dnstap_stream_close(s, false);
	return NULL;
}

struct dnstap_stream *dnstap_stream_connect(const struct dnstap_config *c, char *why, size_t cap)
{
	int fd = c->transport == DNSTAP_UNIX ? use_path(c, use_connect, why, cap) : use_host(c, use_connect, why, cap);

	return fd == -1 ? NULL : begin(c, fd, why, cap);
}

/* A socket that an earlier process left behind is in the way; anything else is not ours to remove. */
static void remove_old_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
}

int dnstap_stream_listen(const struct dnstap_config *c, char *why, size_t cap)
{
	if (c->transport != DNSTAP_UNIX)
		return use_host(c, use_listen, why, cap);
	remove_old_socket(c->path);
	return use_path(c, use_listen, why, cap);
}

struct dnstap_stream *dnstap_stream_accept(const struct dnstap_config *c, int fd, char *why, size_t cap)
{
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	*why = '\0';
	return conn == -1 ? NULL : begin(c, conn, why, cap);
}

bool dnstap_stream_write(struct dnstap_stream *s, const uint8_t *frame, size_t len)
{
	return libfstrm.writer_write(s->writer, frame, len) == fstrm_res_success;
}

void dnstap_stream_close(struct dnstap_stream *s, bool orderly)
{
	if (!s)
		return;
	/* Destroying the writer says STOP and waits for FINISH where the stream is open and still works. */
	if (!orderly)
		(void)shutdown(s->fd, SHUT_RDWR);
	if (s->writer)
		libfstrm.writer_destroy(&s->writer);
	dnstap_tls_end(s->tls);
	close(s->fd);
	free(s);
}
