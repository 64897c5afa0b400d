// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ECMA-48, and xterm's private modes that all of today's know. */
#define OTHER_SCREEN "\x1b[?1049h"
#define FIRST_SCREEN "\x1b[?1049l"
#define HIDE_CURSOR  "\x1b[?25l"
#define SHOW_CURSOR  "\x1b[?25h"
#define HOME         "\x1b[H"
#define REST_OF_LINE "\x1b[K"
#define REST_BELOW   "\x1b[J"
#define BOLD         "\x1b[1m"
#define PLAIN        "\x1b[0m"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};

static struct termios before;
static bool drawing;
static sigset_t outside; /* the mask while waiting: they come there alone */
static volatile sig_atomic_t came[64];

static void note(int signum)
{
	came[signum] = 1;
}

static bool take(int signum)
{
	bool yes = came[signum];

	came[signum] = 0;
	return yes;
}

bool terminal_there(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && (!kind || strcmp(kind, "dumb") != 0);
}

/* The terminal may have gone: then there is nobody to tell. */
static void say(const char *s, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, s, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		s += n;
		len -= (size_t)n;
	}
}

static int enter(void)
{
	struct termios t = before;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == -1)
		return -errno;
	drawing = true;
	say(OTHER_SCREEN HIDE_CURSOR, strlen(OTHER_SCREEN HIDE_CURSOR));
	return 0;
}

static void leave(void)
{
	if (!drawing)
		return;
	drawing = false;
	say(SHOW_CURSOR FIRST_SCREEN, strlen(SHOW_CURSOR FIRST_SCREEN));
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

int terminal_begin(void)
{
	sigset_t ours;

	if (tcgetattr(STDIN_FILENO, &before) == -1)
		return -errno;
	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, &outside);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction a = {.sa_handler = note};

		sigaction(signals[i], &a, NULL);
		sigdelset(&outside, signals[i]);
	}
	return enter();
}

void terminal_end(void)
{
	leave();
}

/* Somebody has typed Ctrl-Z: the shell finds its terminal as it was, and so do we on return. */
static void stop(void)
{
	leave();
	raise(SIGSTOP);
	(void)take(SIGCONT);
	(void)enter();
}

void terminal_size(unsigned *ret_rows, unsigned *ret_cols)
{
	struct winsize w;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col;

	*ret_rows = known ? w.ws_row : 24;
	*ret_cols = known ? w.ws_col : 80;
}

static bool ends(void)
{
	bool ended = take(SIGINT);

	ended = take(SIGTERM) || ended;
	return take(SIGHUP) || ended;
}

enum terminal_event terminal_wait(unsigned ms, char *ret_key)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	int n = ppoll(&in, 1, &t, &outside);

	if (ends())
		return TERMINAL_END;
	if (take(SIGTSTP)) {
		stop();
		return TERMINAL_REDRAW;
	}
	if (take(SIGWINCH) || take(SIGCONT) || n == -1)
		return TERMINAL_REDRAW;
	if (n == 0)
		return TERMINAL_TIME;
	return read(STDIN_FILENO, ret_key, 1) == 1 ? TERMINAL_KEY : TERMINAL_END;
}

void terminal_draw(const char *lines, char heading)
{
	char *picture = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&picture, &len);

	if (!f)
		return; /* the next one may have memory */
	fputs(HOME, f);
	for (const char *at = lines; *at;) {
		size_t n = strcspn(at, "\n");
		bool bold = *at == heading;

		fprintf(f, "%s%.*s%s" REST_OF_LINE, bold ? BOLD : "", (int)(n - bold), at + bold, bold ? PLAIN : "");
		at += n + (at[n] == '\n');
		fputs(*at ? "\r\n" : "", f); /* after the last one it would scroll */
	}
	fputs(REST_BELOW, f);
	if (fclose(f) == 0)
		say(picture, len);
	free(picture);
}
