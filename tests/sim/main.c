// SPDX-License-Identifier: Apache-2.0
/* sim --seeds FROM-TO [-j N]    run them; a failing one tells its story
 * sim --seed N [-v]             run one
 * With --stop the first failing one is the last. */
#include "scenario.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	STORIES_MAX = 3, /* of failing seeds, told whole */
	TWICE_EVERY = 50, /* so many seeds, one is run again: it must be the same */
	JOBS_MAX = 64,
	POISON = 0xa5, /* what freed memory is filled with */
	SEED_S = 30, /* of the real clock: a seed that takes so long never ends */
};

struct options {
	uint64_t from, to;
	unsigned jobs, stories;
	bool verbose, stop;
};

struct totals {
	uint64_t n, questions, asked;
	unsigned failed, twice;
	double worst;
	uint64_t worst_seed;
};

/* ---------------------------------------------------------------- seeds that crash or never end */

static volatile uint64_t running;

static void crashed(int sig)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "seed %llu: %s\n", (unsigned long long)running,
			 sig == SIGALRM   ? "never ends"
			 : sig == SIGABRT ? "aborts"
					  : "crashes");

	(void)!write(STDOUT_FILENO, text, (size_t)n); /* nobody is left to be told */
	if (sig == SIGALRM)
		_exit(3);
}

static void watch_signals(void)
{
	const struct sigaction sa = {.sa_handler = crashed, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGABRT, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
#ifndef __SANITIZE_ADDRESS__
	sigaction(SIGSEGV, &sa, NULL);
#endif
}

/* ---------------------------------------------------------------- running */

static void add(struct totals *t, uint64_t seed, const struct scenario_result *r)
{
	t->n++;
	t->questions += r->n_questions;
	t->asked += r->n_asked;
	if (r->asked_per_question > t->worst) {
		t->worst = r->asked_per_question;
		t->worst_seed = seed;
	}
	if (r->twice > t->twice)
		t->twice = r->twice;
}

/* Run it again and compare. */
static bool replays(uint64_t seed, const struct scenario_result *first, bool telling)
{
	struct scenario_result again;

	if (telling)
		printf("---- the story of seed %llu; again: sim --seed %llu -v\n", (unsigned long long)seed,
		       (unsigned long long)seed);
	scenario_run(seed, telling, &again);
	if (again.digest == first->digest && again.n_wrong == first->n_wrong)
		return true;
	printf("seed %llu does not replay: %016llx, then %016llx\n", (unsigned long long)seed,
	       (unsigned long long)first->digest, (unsigned long long)again.digest);
	return false;
}

static void run_one(const struct options *o, uint64_t seed, struct totals *t)
{
	struct scenario_result r;
	bool good;

	running = seed;
	alarm(SEED_S);
	scenario_run(seed, o->verbose, &r);
	add(t, seed, &r);
	good = !r.n_wrong;
	if (!good && !o->verbose && t->failed < o->stories)
		good &= replays(seed, &r, true);
	else if (seed % TWICE_EVERY == 0 && !o->verbose)
		good &= replays(seed, &r, false);
	t->failed += !good;
}

static unsigned run_share(const struct options *o, unsigned share)
{
	struct totals t = {0};

	for (uint64_t seed = o->from + share; seed <= o->to && !(o->stop && t.failed); seed += o->jobs)
		run_one(o, seed, &t);
	printf("%llu seeds, %u failed; %llu questions, %llu to upstreams; at most %.1f for one (seed %llu), "
	       "%u asked twice at once\n",
	       (unsigned long long)t.n, t.failed, (unsigned long long)t.questions,
	       (unsigned long long)t.asked, t.worst, (unsigned long long)t.worst_seed, t.twice);
	return t.failed;
}

static int run_all(const struct options *o)
{
	pid_t pids[JOBS_MAX];
	int status, failed = 0;

	watch_signals();
	if (o->jobs == 1)
		return run_share(o, 0) != 0;
	for (unsigned i = 0; i < o->jobs; i++) {
		(void)fflush(stdout);
		pids[i] = fork();
		if (pids[i] == -1)
			return 2;
		if (pids[i] == 0)
			exit(run_share(o, i) != 0);
	}
	for (unsigned i = 0; i < o->jobs; i++)
		failed |= waitpid(pids[i], &status, 0) == -1 || status != 0;
	return failed;
}

static int usage(void)
{
	fputs("usage: sim --seeds FROM-TO [-j JOBS] [--stories N] [--stop] | sim --seed N [-v]\n", stderr);
	return 2;
}

static bool read_range(const char *text, struct options *o)
{
	char *end;

	o->from = strtoull(text, &end, 10);
	if (*end != '-')
		return false;
	o->to = strtoull(end + 1, &end, 10);
	return *end == '\0' && o->to >= o->from;
}

int main(int argc, char **argv)
{
	struct options o = {.to = UINT64_MAX, .jobs = 1, .stories = STORIES_MAX};
	bool given = false;

	(void)mallopt(M_PERTURB, POISON); /* where it is not known, less is found */
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "-v") || !strcmp(argv[i], "--stop")) {
			o.verbose |= argv[i][1] == 'v';
			o.stop |= argv[i][1] == '-';
			continue;
		}
		i++;
		if (!strcmp(argv[i - 1], "--seeds") && read_range(value, &o))
			given = true;
		else if (!strcmp(argv[i - 1], "--seed") && *value)
			given = true, o.from = o.to = strtoull(value, NULL, 10);
		else if (!strcmp(argv[i - 1], "-j") && *value)
			o.jobs = (unsigned)atoi(value);
		else if (!strcmp(argv[i - 1], "--stories") && *value)
			o.stories = (unsigned)atoi(value);
		else
			return usage();
	}
	if (!given || o.jobs < 1 || o.jobs > JOBS_MAX)
		return usage();
	return run_all(&o);
}
