// SPDX-License-Identifier: Apache-2.0
#include "hostfile.h"

#include "config.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATES_MAX = 12, ADDRESSES_MAX = 6, TEXT_MAX = 4096, LATE_MS = 20 };

struct state {
	struct timer timer;
	uint64_t at_ns; /* written; 0: not yet */
	uint8_t n[TRUTHS_MAX]; /* addresses of each name */
};

static struct state states[STATES_MAX];
static unsigned n_states;
static int fd = -1; /* of this process, for all worlds */
static char path[32];

/* ---------------------------------------------------------------- writing */

static size_t compose(const struct state *s, char *out)
{
	unsigned version = (unsigned)(s - states);
	size_t len = 0;

	for (unsigned i = 0; i < n_truths; i++) {
		for (unsigned k = 0; k < s->n[i]; k++)
			len += (size_t)snprintf(out + len, TEXT_MAX - len, "%u.%u.%u.%u n%u.example.org\n", TRUTH_HOSTS, i,
						version, k, i);
	}
	return len;
}

static void write_file(const struct state *s)
{
	char text[TEXT_MAX];
	size_t len = compose(s, text);
	uint64_t ns = clock_wall_ns();
	const struct timespec at = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, len, 0) != (ssize_t)len ||
	    futimens(fd, (const struct timespec[2]){at, at}) == -1)
		abort();
}

static void change(struct timer *t)
{
	struct state *s = container_of(t, struct state, timer);

	s->at_ns = world.now_ns;
	write_file(s);
	world_tell("the hosts file is of state %u", (unsigned)(s - states));
}

/* ---------------------------------------------------------------- drawing */

static void open_file(void)
{
	if (fd != -1)
		return;
	fd = memfd_create("hosts", MFD_CLOEXEC);
	if (fd == -1)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

static void draw_state(struct state *s)
{
	*s = (struct state){.timer.fire = change};
	for (unsigned i = 0; i < n_truths; i++)
		s->n[i] = world_percent(i < 2 ? 80 : 40) ? (uint8_t)(1 + world_below(ADDRESSES_MAX)) : 0;
}

/* Some follow at once on the one before. */
void hostfile_draw(uint64_t span_ns)
{
	uint64_t at_ns = 0;

	open_file();
	n_states = 1 + (world_percent(80) ? 1 + world_below(STATES_MAX - 1) : 0);
	for (unsigned i = 0; i < n_states; i++)
		draw_state(&states[i]);
	change(&states[0].timer);
	for (unsigned i = 1; i < n_states; i++) {
		at_ns += world_between(1, world_percent(20) ? 20 * NS_PER_MS : 2 * span_ns / n_states);
		world_after(&states[i].timer, at_ns);
	}
}

const char *hostfile_path(void)
{
	return path;
}

/* ---------------------------------------------------------------- what is right */

unsigned hostfile_count(unsigned state, const struct truth *t)
{
	return state < n_states && states[state].at_ns ? states[state].n[t->index] : 0;
}

/* When the next one was written; UINT64_MAX: there is none yet. */
static uint64_t written_over_ns(unsigned state)
{
	return state + 1 < n_states && states[state + 1].at_ns ? states[state + 1].at_ns : UINT64_MAX;
}

/* Until it must have read the next one. */
static uint64_t known_until_ns(const struct config *c, unsigned state)
{
	uint64_t over_ns = written_over_ns(state), until_ns;

	if (over_ns == UINT64_MAX)
		return over_ns;
	until_ns = over_ns + (c->hosts_reload_ms + LATE_MS) * NS_PER_MS;
	/* It has read the file itself when it started; what it took over from the one before is not newer. */
	return over_ns < c->begin_ns && c->done_ns && c->done_ns < until_ns ? c->done_ns : until_ns;
}

bool hostfile_served(const struct config *c, unsigned state, uint64_t from_ns, uint64_t to_ns)
{
	if (state >= n_states || !states[state].at_ns)
		return false;
	if (c->hosts_reload_ms)
		return states[state].at_ns <= to_ns && known_until_ns(c, state) >= from_ns;
	return states[state].at_ns <= (c->done_ns ? c->done_ns : to_ns) && written_over_ns(state) >= c->begin_ns;
}

static bool some_state(const struct config *c, const struct truth *t, bool has, uint64_t from_ns, uint64_t to_ns)
{
	for (unsigned i = 0; i < n_states; i++) {
		if (!hostfile_count(i, t) == !has && hostfile_served(c, i, from_ns, to_ns))
			return true;
	}
	return false;
}

bool hostfile_had(const struct config *c, const struct truth *t, uint64_t from_ns, uint64_t to_ns)
{
	return some_state(c, t, true, from_ns, to_ns);
}

bool hostfile_lacked(const struct config *c, const struct truth *t, uint64_t from_ns, uint64_t to_ns)
{
	return some_state(c, t, false, from_ns, to_ns);
}
