// SPDX-License-Identifier: Apache-2.0
#include "cli/admin_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 108, REPLY_WAIT_S = 10 };

/* The abstract sockets @binnacle/... that listen here; their number, the first one's name. */
static unsigned find_servers(char first[NAME_MAX_LEN])
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
			(void)snprintf(first, NAME_MAX_LEN, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
		else
			fprintf(stderr, "%s%.*s\n", n == 2 ? "several servers run here, choose one with -admin:\n" : "",
				(int)strcspn(at + 2, "\n"), at + 2);
	}
	if (f)
		(void)fclose(f); /* read only */
	if (n > 1)
		fprintf(stderr, "%s\n", first);
	else if (n == 0)
		fprintf(stderr, "no running server found here (its -admin may have another name)\n");
	return n;
}

static int fail(int fd, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

int admin_ask(const char *name, const char *request, char reply[ADMIN_REPLY_MAX])
{
	const struct timeval wait = {.tv_sec = REPLY_WAIT_S};
	char found[NAME_MAX_LEN];
	struct sockaddr_un at;
	socklen_t len;
	ssize_t n;
	int fd;

	if (!name && find_servers(found) != 1)
		return -1;
	len = admin_address(name ? name : found, &at);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1 || !len || connect(fd, (struct sockaddr *)&at, len) == -1)
		return fail(fd, name ? name : found);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == -1)
		return fail(fd, "asking the server");
	n = send(fd, request, strlen(request), MSG_NOSIGNAL);
	if (n != -1)
		n = recv(fd, reply, ADMIN_REPLY_MAX - 1, 0);
	if (n == 0 || (n == -1 && (errno == EPIPE || errno == ECONNRESET)))
		errno = EPERM; /* the server closes on a user that is neither its own nor root */
	if (n <= 0)
		return fail(fd, "asking the server");
	reply[n] = '\0';
	close(fd);
	return 0;
}
