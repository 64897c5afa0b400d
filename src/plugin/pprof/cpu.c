// SPDX-License-Identifier: Apache-2.0
/* /debug/pprof/profile: each thread has a timer on its own CPU time, which asks it for its stack 100 times
 * a second. */
#include "base/clock.h"
#include "base/err.h"
#include "plugin/pprof/pprof.h"
#include "plugin/pprof/profile_stacks.h"
#include "plugin/pprof/sampler.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { PERIOD_NS = 10000000, HTTP_OK = 200, HTTP_UNAVAILABLE = 503 };

static const struct profile_kind kind = {{"samples", "cpu"}, {"count", "nanoseconds"}, PERIOD_NS};

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* The clock of another thread's CPU time: how the kernel numbers them (include/linux/posix-timers.h). */
static clockid_t cpu_clock(pid_t tid)
{
	return (clockid_t)(~(unsigned)tid << 3 | 4 /* of a thread */ | 2 /* as scheduled */);
}

static bool start_timer(pid_t tid, timer_t *ret)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
	const struct itimerspec every = {.it_interval = {.tv_nsec = PERIOD_NS},
					 .it_value = {.tv_nsec = PERIOD_NS}};

	ev.sigev_notify_thread_id = tid;
	if (timer_create(cpu_clock(tid), &ev, ret))
		return false; /* it has ended */
	if (timer_settime(*ret, 0, &every, NULL) == 0)
		return true;
	timer_delete(*ret);
	return false;
}

static void sample(const struct http_request *r, const struct profile_threads *t, unsigned seconds)
{
	timer_t timers[SAMPLER_TASKS_MAX];
	const pid_t *tid;
	size_t n = profile_threads_list(t, &tid), started = 0;

	for (size_t i = 0; i < n; i++)
		started += start_timer(tid[i], &timers[started]);
	(void)http_sleep(r, seconds * NS_PER_S); /* the endpoint goes: what there is so far */
	for (size_t i = 0; i < started; i++)
		timer_delete(timers[i]);
}

void pprof_cpu(void *arg, const struct http_request *r, struct http_reply *ret)
{
	unsigned seconds = pprof_seconds(r, PPROF_SECONDS_DEFAULT, ret);
	uint64_t began = clock_wall_ns(), began_mono = clock_mono_ns();
	struct profile_threads *t;
	int err;

	if (!seconds)
		return;
	err = sampler_begin();
	if (err) {
		http_reply_text(ret, HTTP_UNAVAILABLE, "another profile is being taken\n");
		return;
	}
	t = profile_threads_new();
	if (t)
		sample(r, t, seconds);
	sampler_end();
	ret->type = "application/octet-stream";
	ret->download = true;
	if (t)
		ret->body = profile_stacks(&kind, t, began, clock_mono_ns() - began_mono, &ret->len);
	sampler_free();
	free(t);
}
