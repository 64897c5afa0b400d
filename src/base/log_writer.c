// SPDX-License-Identifier: Apache-2.0
/* The writer's day: empty all rings into one buffer, write it, and when nothing is left first doze a few
 * milliseconds (only a half-full ring wakes it), then sleep until somebody logs.
 *
 *   BUSY --rings empty--> DOZING --nothing came--> ASLEEP
 *     ^---- half-full ring ---'                       |
 *     ^---- any record -------------------------------'
 *
 * So a lone line is written at once, a steady stream costs its threads no system call, an idle server's
 * writer never runs, and the writer is the only thread that a blocked descriptor can hold up. */
#include "base/log_writer.h"

#include "base/clock.h"
#include "base/log_rings.h"
#include "base/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OUT_SIZE = 64 * 1024 };
enum { DOZE_MS = 5, REPORT_MS = 1000 };
/* A line with its newline, also one that a formatter made longer than the record. */
enum { LINE_MAX_LEN = 4096 };

enum { BUSY, DOZING, ASLEEP };

struct writer {
	pthread_t thread;
	int fd;
	_Atomic uint32_t state; /* BUSY, DOZING, ASLEEP; the futex that it waits on */
	_Atomic bool stopping;
	_Atomic uint32_t finished; /* futex */
	uint64_t reported;         /* drops told so far (writer) */
	uint64_t reported_at_ns;
	size_t len, n_lines; /* what stands in out (writer) */
	char out[OUT_SIZE];
};

static struct writer w;

static void futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
			      .tv_nsec = (long)(timeout_ns % NS_PER_S)};

	/* Interrupted, timed out or changed: the callers look again in any case. */
	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns == UINT64_MAX ? NULL : &ts,
		      NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* Of several that see it sleep, the one that changes the state makes the call. */
static void wake(uint32_t seen)
{
	if (atomic_compare_exchange_strong(&w.state, &seen, BUSY))
		futex_wake(&w.state);
}

void log_writer_put(log_format_fn format, const void *record, size_t len)
{
	struct log_ring *r = log_rings_mine();
	size_t waiting = r ? log_ring_put(r, format, record, len) : 0;
	uint32_t state = atomic_load_explicit(&w.state, memory_order_seq_cst);

	if (state == ASLEEP || (state == DOZING && waiting > RING_SIZE / 2))
		wake(state);
}

bool log_write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n == -1 && errno == EAGAIN) {
			struct pollfd pfd = {.fd = fd, .events = POLLOUT};

			(void)poll(&pfd, 1, -1);
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static void flush(void)
{
	if (w.len && !log_write_all(w.fd, w.out, w.len))
		log_rings_lost(w.n_lines);
	w.len = w.n_lines = 0;
}

static void end_line(size_t len)
{
	w.len += len;
	w.out[w.len++] = '\n';
}

static void empty_ring(struct log_ring *r)
{
	size_t len;

	for (;;) {
		if (OUT_SIZE - w.len < LINE_MAX_LEN)
			flush();
		if (!log_ring_take(r, w.out + w.len, LINE_MAX_LEN - 1, &len))
			return;
		end_line(len);
		w.n_lines++;
	}
}

/* Not counted among the lines that can be lost: with a closed descriptor each report would call for the next. */
static void report_drops(uint64_t now_ns)
{
	uint64_t dropped = log_rings_dropped();
	int len;

	if (dropped == w.reported || now_ns - w.reported_at_ns < REPORT_MS * NS_PER_MS)
		return;
	if (OUT_SIZE - w.len < LINE_MAX_LEN)
		flush();
	len = snprintf(w.out + w.len, LINE_MAX_LEN, "[WARNING] log: %" PRIu64 " lines dropped",
		       dropped - w.reported);
	end_line((size_t)len);
	w.reported = dropped;
	w.reported_at_ns = now_ns;
}

static void empty_all(void)
{
	for (size_t i = 0; i < log_rings_count(); i++)
		empty_ring(log_rings_at(i));
	report_drops(clock_mono_ns());
	flush();
}

static bool all_empty(void)
{
	for (size_t i = 0; i < log_rings_count(); i++) {
		if (!log_ring_empty(log_rings_at(i)))
			return false;
	}
	return true;
}

/* Announce `state`, then look once more, then wait: whoever logged before the look is seen by it, whoever logs
 * after it sees the state and wakes us. */
static void rest(uint32_t state, uint64_t timeout_ns)
{
	atomic_store_explicit(&w.state, state, memory_order_seq_cst);
	if ((state == DOZING || all_empty()) && !atomic_load(&w.stopping))
		futex_wait(&w.state, state, timeout_ns);
	atomic_store(&w.state, BUSY);
}

static void *run(void *unused)
{
	while (!atomic_load(&w.stopping)) {
		empty_all();
		rest(DOZING, DOZE_MS * NS_PER_MS);
		if (all_empty())
			rest(ASLEEP, log_rings_dropped() == w.reported ? UINT64_MAX : REPORT_MS * NS_PER_MS);
	}
	empty_all();
	atomic_store(&w.finished, 1);
	futex_wake(&w.finished);
	return NULL;
}

int log_writer_start(int fd)
{
	int err;

	atomic_store(&w.stopping, false);
	atomic_store(&w.finished, 0);
	atomic_store(&w.state, BUSY);
	w.fd = fd;
	w.len = w.n_lines = 0;
	w.reported = log_rings_dropped();
	w.reported_at_ns = 0;
	err = thread_start(&w.thread, run, NULL);
	if (err == 0)
		(void)pthread_setname_np(w.thread, "log");
	return err;
}

static bool wait_finished(unsigned timeout_ms)
{
	uint64_t deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;

	while (!atomic_load(&w.finished)) {
		uint64_t now_ns = clock_mono_ns();

		if (now_ns >= deadline_ns)
			return false;
		futex_wait(&w.finished, 0, deadline_ns - now_ns);
	}
	return true;
}

int log_writer_stop(unsigned timeout_ms)
{
	atomic_store(&w.stopping, true);
	atomic_store(&w.state, BUSY);
	futex_wake(&w.state);
	if (!wait_finished(timeout_ms)) {
		(void)pthread_detach(w.thread);
		return -ETIMEDOUT;
	}
	(void)pthread_join(w.thread, NULL);
	return 0;
}
