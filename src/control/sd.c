// SPDX-License-Identifier: Apache-2.0
#include "control/sd.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/inherited.h"
#include "server/generation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3, NOTIFY_MAX = 512 };

static struct {
	int fd; /* connected to NOTIFY_SOCKET; -1: nobody listens */
	bool complained;
	uint64_t watchdog_us;
} sd = {.fd = -1};

/* A whole decimal number. */
static bool number(const char *text, uint64_t *ret)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !errno && !*end;
}

/* Is that variable absent or our process id? */
static bool for_us(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t pid;

	return !text || (number(text, &pid) && pid == (uint64_t)getpid());
}

/* ---------------------------------------------------------------- sockets */

/* The n-th of the names "a:b:c". */
static const char *name_of(unsigned n, char *out, size_t cap)
{
	const char *names = getenv("LISTEN_FDNAMES");

	for (; names && n; n--) {
		names = strchr(names, ':');
		names = names ? names + 1 : NULL;
	}
	(void)snprintf(out, cap, "%.*s", names ? (int)strcspn(names, ":") : 7, names ? names : "unknown");
	return out;
}

static void take_socket(unsigned n)
{
	int fd = FIRST_FD + (int)n, err = inherited_add(fd);
	char name[64];

	if (!err)
		return;
	log_line(LOG_WARNING, "the given socket %d (%s) cannot be served: %s", fd,
		 name_of(n, name, sizeof(name)),
		 err == -EPROTOTYPE ? "expected a bound UDP or listening TCP socket" : err_text(err));
	close(fd);
}

static void take_sockets(void)
{
	uint64_t n;

	if (getenv("LISTEN_PID") && for_us("LISTEN_PID") && number(getenv("LISTEN_FDS"), &n)) {
		for (unsigned i = 0; i < n && i < INHERITED_MAX; i++)
			take_socket(i);
		if (n > INHERITED_MAX)
			log_line(LOG_WARNING, "of %" PRIu64 " given sockets the first %d are taken", n,
				 INHERITED_MAX);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

void sd_report_unused(void)
{
	char text[NET_ADDR_TEXT_MAX];
	struct net_addr at;
	unsigned cursor = 0;
	int type;

	while (inherited_unused(&cursor, &at, &type))
		log_line(LOG_WARNING, "the given %s socket %s serves nothing: no server block listens there",
			 type == SOCK_DGRAM ? "UDP" : "TCP", net_addr_port_text(&at, text));
}

/* ---------------------------------------------------------------- notification */

/* "/path" or "@abstract" (sd_notify(3)); its length, or 0. */
static socklen_t address(const char *text, struct sockaddr_un *ret)
{
	size_t len = strlen(text);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((*text != '/' && *text != '@') || len < 2 || len >= sizeof(ret->sun_path))
		return 0;
	memcpy(ret->sun_path, text, len);
	if (*text == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*text == '/'));
}

static int connect_to(const char *text)
{
	struct sockaddr_un at;
	socklen_t len = address(text, &at);
	int fd, err;

	if (!len)
		return -EINVAL;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -errno;
	if (connect(fd, (struct sockaddr *)&at, len) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void open_notification(void)
{
	const char *text = getenv("NOTIFY_SOCKET");

	if (!text)
		return;
	sd.fd = connect_to(text);
	if (sd.fd < 0) {
		log_line(LOG_WARNING, "NOTIFY_SOCKET=%s: %s", text, err_text(sd.fd));
		sd.fd = -1;
	}
	if (sd.fd != -1 && for_us("WATCHDOG_PID") && getenv("WATCHDOG_USEC") &&
	    !number(getenv("WATCHDOG_USEC"), &sd.watchdog_us))
		log_line(LOG_WARNING, "WATCHDOG_USEC=%s is no number", getenv("WATCHDOG_USEC"));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void sd_start(void)
{
	take_sockets();
	open_notification();
}

static void send_text(const char *text)
{
	if (sd.fd == -1 || send(sd.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		return;
	if (!sd.complained)
		log_line(LOG_WARNING, "the service manager cannot be notified: %s", err_text(-errno));
	sd.complained = true;
}

void sd_notify(const char *format, ...)
{
	char text[NOTIFY_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* a longer status is cut */
	va_end(args);
	send_text(text);
}

void sd_notify_ready(const struct generation *g, const char *trouble)
{
	size_t n_zones = 0;

	for (size_t i = 0; i < g->n_listeners; i++)
		n_zones += g->listeners[i].n_zones;
	sd_notify("READY=1\nSTATUS=Serving %zu zone%s on %zu port%s%s%.200s", n_zones,
		  n_zones == 1 ? "" : "s", g->n_listeners, g->n_listeners == 1 ? "" : "s",
		  trouble ? "; the last reload failed: " : "", trouble ? trouble : "");
}

void sd_notify_reloading(void)
{
	sd_notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reloading", clock_mono_ns() / 1000);
}

uint64_t sd_watchdog_us(void)
{
	return sd.watchdog_us;
}
