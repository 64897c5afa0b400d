// SPDX-License-Identifier: Apache-2.0
/* What all workers have counted (server/who.h), put together: for the admin socket, the status page and metrics.
 *
 *   struct who_report *r = who_report_take();
 *   who_report_json(r, json);             "questions": .., "minute": {..}, "total": {..}
 *   who_report_free(r);
 *
 * Each worker is asked by a message and copies what it has in its own turn; those that do not come to it within 100 ms are missing
 * (`workers_missing`).  Names are bytes of clients: who_item.text is their presentation form (printable ASCII), for HTML it is to be
 * escaped all the same.
 * Thread: any but a worker's; one report is taken at a time. */
#pragma once

#include "server/who.h"
#include "server/who_owner.h"

struct json;

enum { WHO_TOP = 20, WHO_TEXT_MAX = 4 * WHO_NAME_MAX + 8 };

/* One of the most frequent.  Sampling aside, it was between at_least and at_most; ordered by at_least. */
struct who_item {
	char text[WHO_TEXT_MAX];
	struct who_owner owner;      /* of clients */
	uint64_t at_least, at_most;
	uint64_t sampling_error;     /* one standard error of `at_least` that comes from sampling; 0: all were looked at */
};

struct who_list {
	unsigned n;
	struct who_item items[WHO_TOP];
};

struct who_named {
	const char *name;            /* of a plugin; "server" for the server itself */
	uint64_t count;
};

/* Counts of a span of time: `total` since the start, `minute` the last 60 to 70 s. */
struct who_span {
	double seconds;
	uint64_t asked;              /* questions, exact */
	uint64_t questions, samples; /* what the samples stand for, and how many they are */
	uint64_t squares;            /* of what each sample stands for */
	uint64_t rcodes[WHO_RCODES], transports[WHO_N_TRANSPORTS], delays[WHO_DELAYS];
	struct who_named plugins[WHO_PLUGINS + 1];
	unsigned n_plugins;
	struct who_list top[WHO_N_KINDS];
};

struct who_report {
	uint64_t questions;          /* since the start, exact */
	unsigned workers, workers_missing;
	struct who_span minute, total;
};

/* NULL: no memory. */
struct who_report *who_report_take(void);
void who_report_free(struct who_report *r);
/* Its members, into the object that is open. */
void who_report_json(const struct who_report *r, struct json *j);

/* Seconds that `part` (0..1) of the answers took at most; 0 without any. */
double who_delay_part_s(const struct who_span *s, double part);
/* "udp", "tcp", "tls", "https", "https3", "grpc", "quic". */
const char *who_transport_text(enum who_transport t);

/* Workers begin and end to answer reports.  Control, between server_start and the end of the threads. */
void who_report_start(void);
void who_report_stop(void);
