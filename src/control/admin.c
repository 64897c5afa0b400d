// SPDX-License-Identifier: Apache-2.0
#include "control/admin.h"

#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "control/admin_verbs.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CLIENTS_MAX = 8, BACKLOG = 8 };

/* One connection: waits for its request, then for the builder or a thread of its own, then until the client has taken the reply, and is closed. */
struct client {
	struct admin *admin;
	uv_poll_t poll;
	uv_work_t work;
	pthread_t thread;  /* for a request that may take long */
	uv_poll_t ready;   /* it has: of `ready_fd`, which the thread writes to */
	int ready_fd;
	int fd;
	bool working, closing;
	uid_t uid;
	char request[ADMIN_REQUEST_MAX];
	struct text reply;
	size_t sent;
};

struct admin {
	uv_poll_t poll;
	int fd;
	struct client *clients[CLIENTS_MAX]; /* oldest first */
	unsigned n_clients;
	bool stopping;
	unsigned open_handles;
};

socklen_t admin_address(const char *name, struct sockaddr_un *ret)
{
	size_t len = strlen(name);

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (len + 1 > sizeof(ret->sun_path))
		return 0;
	memcpy(ret->sun_path + 1, name, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

/* Builder, or the request's own thread. */
static void serve_request(uv_work_t *w)
{
	struct client *c = container_of(w, struct client, work);

	c->reply.max = ADMIN_REPLY_MAX;
	admin_serve(c->request, c->uid, &c->reply);
	if (!c->reply.failed)
		return;
	free(c->reply.p);
	c->reply = (struct text){0};
	text_put(&c->reply, "error: the answer is larger than %d bytes, or there is no memory", ADMIN_REPLY_MAX);
}

/* ---------------------------------------------------------------- connections (control) */

static void maybe_free(struct admin *a)
{
	if (a->stopping && a->open_handles == 0)
		free(a);
}

static void client_closed(uv_handle_t *h)
{
	struct client *c = h->data;
	struct admin *a = c->admin;

	close(c->fd);
	free(c->reply.p);
	free(c);
	a->open_handles--;
	maybe_free(a);
}

static void client_close(struct client *c)
{
	struct admin *a = c->admin;

	if (c->closing)
		return;
	c->closing = true;
	for (unsigned i = 0; i < a->n_clients; i++) {
		if (a->clients[i] != c)
			continue;
		memmove(&a->clients[i], &a->clients[i + 1], (a->n_clients - i - 1) * sizeof(c));
		a->n_clients--;
		break;
	}
	if (!c->working) /* else request_done does it */
		uv_close((uv_handle_t *)&c->poll, client_closed);
}

/* As many pieces as the client takes; the rest when it has taken them. */
static void client_writable(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;

	(void)events;
	while (!status && c->sent < c->reply.len) {
		size_t left = c->reply.len - c->sent;
		ssize_t n = send(c->fd, c->reply.p + c->sent, left < ADMIN_PIECE_MAX ? left : ADMIN_PIECE_MAX,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1) {
			log_line(LOG_WARNING, "admin: the answer found nobody: %s", strerror(errno));
			break;
		}
		c->sent += (size_t)n;
	}
	client_close(c);
}

static void request_done(uv_work_t *w, int status)
{
	struct client *c = container_of(w, struct client, work);

	(void)status; /* never cancelled */
	c->working = false;
	if (c->closing)
		uv_close((uv_handle_t *)&c->poll, client_closed);
	else
		(void)uv_poll_start(&c->poll, UV_WRITABLE, client_writable); /* fails only while closing */
}

/* ---------------------------------------------------------------- requests that may take long */

static void *serve_apart(void *arg)
{
	struct client *c = arg;

	serve_request(&c->work);
	(void)eventfd_write(c->ready_fd, 1); /* the counter is at 0 */
	return NULL;
}

static void apart_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	close(c->ready_fd);
	c->admin->open_handles--;
	request_done(&c->work, 0);
}

static void apart_ready(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;

	(void)status;
	(void)events;
	pthread_join(c->thread, NULL);
	uv_close((uv_handle_t *)p, apart_closed);
}

/* False: it cannot have a thread of its own now. */
static bool start_apart(struct client *c, uv_loop_t *loop)
{
	c->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->ready_fd == -1)
		return false;
	if (thread_start(&c->thread, serve_apart, c)) {
		close(c->ready_fd);
		return false;
	}
	(void)uv_poll_init(loop, &c->ready, c->ready_fd); /* an eventfd can be polled */
	c->ready.data = c;
	c->admin->open_handles++;
	(void)uv_poll_start(&c->ready, UV_READABLE, apart_ready); /* fails only while closing */
	return true;
}

static void client_readable(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;
	ssize_t n;

	(void)events;
	n = status ? -1 : recv(c->fd, c->request, sizeof(c->request) - 1, MSG_DONTWAIT);
	if (n == -1 && !status && errno == EAGAIN)
		return;
	if (n <= 0) {
		client_close(c);
		return;
	}
	c->request[n] = '\0';
	uv_poll_stop(p);
	c->working = true;
	if (admin_waits(c->request) && start_apart(c, p->loop))
		return;
	(void)uv_queue_work(p->loop, &c->work, serve_request, request_done); /* fails only without a function */
}

/* Its user is ours, or root. */
static bool allowed(int fd, uid_t *ret_uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return false;
	*ret_uid = cred.uid;
	return cred.uid == geteuid() || cred.uid == 0;
}

static void client_new(struct admin *a, uv_loop_t *loop, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c || !allowed(fd, &c->uid) || uv_poll_init(loop, &c->poll, fd)) {
		log_line(LOG_WARNING, "admin: a connection of uid %u was refused", c ? (unsigned)c->uid : 0);
		free(c);
		close(fd);
		return;
	}
	c->admin = a;
	c->fd = fd;
	c->poll.data = c;
	a->open_handles++;
	if (a->n_clients == CLIENTS_MAX) /* who has said nothing for longest makes room */
		client_close(a->clients[0]);
	a->clients[a->n_clients++] = c;
	(void)uv_poll_start(&c->poll, UV_READABLE, client_readable); /* fails only while closing */
}

static void acceptable(uv_poll_t *p, int status, int events)
{
	struct admin *a = p->data;
	int fd;

	(void)events;
	if (status)
		return;
	fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1)
		client_new(a, p->loop, fd);
}

/* ---------------------------------------------------------------- start and stop */

static int open_socket(const char *name)
{
	struct sockaddr_un at;
	socklen_t len = admin_address(name, &at);
	int fd, err;

	if (!len)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -errno;
	if (bind(fd, (struct sockaddr *)&at, len) == -1 || listen(fd, BACKLOG) == -1) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int admin_start(uv_loop_t *loop, const char *name, struct admin **ret)
{
	struct admin *a = calloc(1, sizeof(*a));
	char own[32];

	if (!a)
		return -ENOMEM;
	(void)snprintf(own, sizeof(own), "binnacle/%d", (int)getpid());
	admin_verbs_init();
	a->fd = open_socket(name ? name : own);
	if (a->fd < 0 || uv_poll_init(loop, &a->poll, a->fd)) {
		int err = a->fd < 0 ? a->fd : -ENOMEM;

		free(a);
		return err;
	}
	a->poll.data = a;
	a->open_handles = 1;
	(void)uv_poll_start(&a->poll, UV_READABLE, acceptable); /* fails only while closing */
	*ret = a;
	return 0;
}

static void listener_closed(uv_handle_t *h)
{
	struct admin *a = h->data;

	close(a->fd);
	a->open_handles--;
	maybe_free(a);
}

void admin_stop(struct admin *a)
{
	if (!a)
		return;
	a->stopping = true;
	while (a->n_clients)
		client_close(a->clients[0]);
	uv_close((uv_handle_t *)&a->poll, listener_closed);
}
