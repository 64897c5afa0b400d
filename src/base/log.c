// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/log_rings.h"
#include "base/log_writer.h"
#include "base/metrics.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* DIRECT: to stdout by the caller.  LOST: stdout blocked when the writer ended, so nobody touches it again. */
enum mode { DIRECT, QUEUED, LOST };

static _Atomic int mode = DIRECT;
static _Atomic bool debug;

static const char *const prefix[] = {"[DEBUG] ", "[INFO] ", "[WARNING] ", "[ERROR] ", "[FATAL] "};

static size_t format_text(const void *record, size_t len, char *out, size_t cap)
{
	size_t n = len < cap ? len : cap;

	memcpy(out, record, n);
	return n;
}

/* `line` has room for a newline at `len`. */
static void emit_text(char *line, size_t len)
{
	switch (atomic_load(&mode)) {
	case DIRECT:
		line[len] = '\n';
		if (!log_write_all(STDOUT_FILENO, line, len + 1))
			log_rings_lost(1);
		break;
	case QUEUED:
		log_writer_put(format_text, line, len);
		break;
	default:
		log_rings_lost(1);
	}
}

void log_record(log_format_fn format, const void *record, size_t len)
{
	char line[4096];

	assert(len <= LOG_RECORD_MAX);
	if (likely(atomic_load_explicit(&mode, memory_order_relaxed) == QUEUED))
		log_writer_put(format, record, len);
	else
		emit_text(line, format(record, len, line, sizeof(line) - 1));
}

/* Bytes of a formatted text that was cut at `cap` (with its end marked), or its whole length. */
static size_t cut_length(char *text, int len, size_t cap)
{
	if (len < 0)
		return 0;
	if ((size_t)len < cap)
		return (size_t)len;
	memcpy(text + cap - 4, "...", 3);
	return cap - 1;
}

static PRINTF(2, 0) void emit(const char *head, const char *fmt, va_list ap)
{
	char line[LOG_RECORD_MAX + 1];
	size_t n = strlen(head);

	memcpy(line, head, n);
	n += cut_length(line + n, vsnprintf(line + n, sizeof(line) - n, fmt, ap), sizeof(line) - n);
	emit_text(line, n);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level == LOG_DEBUG && !log_debug_on())
		return;
	va_start(ap, fmt);
	emit(prefix[level], fmt, ap);
	va_end(ap);
}

void log_plain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

void log_set_debug(bool on)
{
	atomic_store_explicit(&debug, on, memory_order_relaxed);
}

bool log_debug_on(void)
{
	return atomic_load_explicit(&debug, memory_order_relaxed);
}

static double read_dropped(void *unused)
{
	return (double)log_dropped();
}

static const struct metric_desc dropped_desc = {
	.name = "binnacle_log_dropped_total",
	.help = "Counter of log lines that were dropped because nobody read them fast enough.",
	.kind = METRIC_COUNTER,
	.labels = "",
};

int log_start(int fd)
{
	int err = atomic_load(&mode) == DIRECT ? log_writer_start(fd) : -EBUSY;

	if (err)
		return err;
	metrics_reader(&dropped_desc, NULL, read_dropped, &mode);
	atomic_store(&mode, QUEUED);
	return 0;
}

void log_stop(unsigned timeout_ms)
{
	if (atomic_load(&mode) != QUEUED)
		return;
	atomic_store(&mode, log_writer_stop(timeout_ms) == 0 ? DIRECT : LOST);
}

uint64_t log_dropped(void)
{
	return log_rings_dropped();
}
