// SPDX-License-Identifier: Apache-2.0
/* trace: a query's way through the plugins as spans, to Zipkin or Datadog over HTTP.
 *
 *   trace.c    which queries; their trail (server/trail.h) into the worker's ring
 *   spans.c    a trail as JSON, in the sender's thread
 *   sender.c   the thread: batches, posts            setup.c   the grammar */
#pragma once

#include "base/frame_ring.h"
#include "net/addr.h"
#include "server/plugin.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct metadata_label;
struct trace_sender;

enum trace_kind { TRACE_ZIPKIN, TRACE_DATADOG };

struct trace_config {
	enum trace_kind kind;
	const char *url, *service;
	uint32_t every;         /* one query in so many; 0: none */
	double analytics_rate;  /* Datadog; below 0: not given */
	uint32_t backlog, batch_size; /* spans */
	uint64_t interval_ns;
};

/* Frozen but for what start() sets. */
struct trace {
	struct trace_config config;
	bool given;
	const struct metadata_label *id_label;
	struct trace_sender *sender;
};

int trace_setup(struct setup *s, void *state);

/* ---------------------------------------------------------------- frames */

struct trace_span {
	const char *plugin;    /* static */
	uint64_t enter_ns, leave_ns;
	int16_t parent;        /* index; -1: the root */
	bool answered;
};

/* One query, as it lies in a ring. */
struct trace_frame {
	uint64_t id, arrived_ns, done_ns, wall_ns; /* monotonic; the wall clock at done_ns */
	struct net_addr remote;
	uint16_t qtype, rcode, n;
	bool stream, answered;
	uint8_t name_len;
	uint8_t name[WIRE_NAME_MAX];               /* lower case */
	struct trace_span spans[];
};

/* Write its spans as JSON objects with commas between, the first without one; returns how many (n + 1). */
unsigned trace_spans_write(const struct trace_config *c, const struct trace_frame *f, FILE *out);

/* ---------------------------------------------------------------- the sender */

/* The process's sender of this configuration.  NULL: no memory or thread.  Thread: control. */
struct trace_sender *trace_sender_get(const struct trace_config *c);
/* The last one posts what waits and ends. */
void trace_sender_put(struct trace_sender *s);
/* Worker `index`'s ring.  NULL: no memory. */
struct frame_ring *trace_sender_ring(struct trace_sender *s, unsigned index);
