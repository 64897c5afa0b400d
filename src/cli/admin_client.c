// SPDX-License-Identifier: Apache-2.0
#include "cli/admin_client.h"

#include "base/text.h"
#include "control/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { REPLY_WAIT_S = 10 };

/* The abstract sockets @binnacle/... that listen here; their number, the first one's name.  `tell`: say so on stderr unless it
 * is one. */
static unsigned find_servers(char first[ADMIN_NAME_MAX], bool tell)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[512];
	unsigned n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, " @binnacle/");
		unsigned flags = 0;

		/* 00010000: it listens (an accepted connection bears the name, too) */
		if (!at || sscanf(line, "%*s %*s %*s %x", &flags) != 1 || !(flags & 0x10000))
			continue;
		if (n++ == 0)
			(void)snprintf(first, ADMIN_NAME_MAX, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
		else if (tell)
			fprintf(stderr, "%s%.*s\n", n == 2 ? "several servers run here, choose one with -admin:\n" : "",
				(int)strcspn(at + 2, "\n"), at + 2);
	}
	if (f)
		(void)fclose(f); /* read only */
	if (n > 1 && tell)
		fprintf(stderr, "%s\n", first);
	else if (n == 0 && tell)
		fprintf(stderr, "no running server found here (its -admin may have another name)\n");
	return n;
}

static int fail(int fd, const char *what, bool tell)
{
	if (tell)
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

/* A connection that was asked; -1: told, if so wished. */
static int ask(const char *name, const char *request, bool tell)
{
	const struct timeval wait = {.tv_sec = REPLY_WAIT_S};
	struct sockaddr_un at;
	socklen_t len = admin_address(name, &at);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd == -1 || !len || connect(fd, (struct sockaddr *)&at, len) == -1)
		return fail(fd, name, tell);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == -1)
		return fail(fd, "asking the server", tell);
	/* Refused already: what is read next tells so too. */
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) == -1 && errno != EPIPE)
		return fail(fd, "asking the server", tell);
	return fd;
}

/* All pieces up to the end of the connection.  0 or -1 (errno). */
static int read_reply(int fd, struct text *t)
{
	ssize_t n;

	while (text_room(t, ADMIN_PIECE_MAX)) {
		n = recv(fd, t->p + t->len, ADMIN_PIECE_MAX, 0);
		if (n == -1 && errno != ECONNRESET)
			return -1;
		if (n <= 0)
			break;
		t->len += (size_t)n;
		t->p[t->len] = '\0';
	}
	errno = t->failed ? ENOMEM : EPERM; /* the server closes on a user that is neither its own nor root */
	return t->failed || !t->len ? -1 : 0;
}

int admin_find(const char *name, char ret[ADMIN_NAME_MAX])
{
	if (!name)
		return find_servers(ret, true) == 1 ? 0 : -1;
	(void)snprintf(ret, ADMIN_NAME_MAX, "%s", name);
	return 0;
}

static char *ask_whole(const char *name, const char *request, bool tell)
{
	struct text t = {0};
	int fd = ask(name, request, tell);

	if (fd == -1)
		return NULL;
	if (read_reply(fd, &t)) {
		(void)fail(fd, "asking the server", tell);
		free(t.p);
		return NULL;
	}
	close(fd);
	return t.p;
}

char *admin_ask(const char *name, const char *request)
{
	char found[ADMIN_NAME_MAX];

	if (!name && find_servers(found, true) != 1)
		return NULL;
	return ask_whole(name ? name : found, request, true);
}

char *admin_try(const char *request, char ret_name[ADMIN_NAME_MAX])
{
	return find_servers(ret_name, false) == 1 ? ask_whole(ret_name, request, false) : NULL;
}
