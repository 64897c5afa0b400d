// SPDX-License-Identifier: Apache-2.0
/* log: what its files share.
 *
 *   log.c      the hook: fill a record      setup.c   the grammar
 *   format.c   formats, and lines by them, in the writer thread      json.c   lines as JSON objects, likewise
 *
 * A worker copies numbers and the name into a record; text is made of it where it is written. */
#pragma once

#include "base/compiler.h"
#include "base/log.h"
#include "corefile/corefile.h"
#include "net/addr.h"
#include "plugin/cache/classify.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_format; /* compiled; lives as long as the process */
struct metadata_label;
struct query;
struct setup;

/* One NAME of a directive. */
struct log_rule {
	struct cf_key zone;
	const char *format_text;
	const struct log_format *format; /* from start on; with json only its labels count */
	bool json;
	uint8_t classes; /* bit per enum response_class */
};
enum { LOG_ALL_CLASSES = 1 << RESPONSE_SUCCESS | 1 << RESPONSE_DENIAL | 1 << RESPONSE_ERROR };

struct log_rules {
	struct log_rule *v; /* frozen */
	size_t n;
	const struct metadata_label *type_label, *class_label; /* from start on */
};

/* 0, or ERR_SYNTAX with errors recorded. */
int log_rules_read(struct setup *s, struct log_rules *ret) MUST_USE;

extern const char log_format_common[], log_format_combined[];

/* Find or make the compiled form; `text` is copied.  NULL: no memory.  Any thread. */
const struct log_format *log_format_get(const char *text);

/* The labels of its {/label} pieces, in their order.  Wanted from then on (server/metadata.h). */
struct metadata_label *const *log_format_labels(const struct log_format *f, size_t *ret_n);

/* What a line is made of.  Behind the name stand the values of the format's labels: a byte with the length + 1 and
 * the text; 0: no value.  What did not fit has none. */
struct log_query {
	const struct log_format *format;
	uint64_t duration_ns;
	uint64_t wall_ns; /* for JSON: when the answer was there */
	struct net_addr peer, local;
	uint16_t id, qtype, qclass, bufsize, request_len;
	uint16_t rcode, flags, answer_len; /* of the answer */
	uint8_t opcode;
	bool do_bit, stream, answered;
	uint8_t name_len;
	uint8_t name[WIRE_NAME_MAX]; /* lower case; the record goes on, see above */
};

/* The longest record that fits the log's rings. */
struct log_query_record {
	union {
		struct log_query query;
		uint8_t bytes[LOG_RECORD_MAX];
	};
};

/* What a line about `q` is made of; returns the record's length.  Also for other plugins that show a format (dnstap); the
 * reply is there on the way up only.  Thread: worker. */
size_t log_query_fill(struct log_query_record *r, const struct log_format *f, struct query *q);

/* Two log_format_fn: by the record's format, and as a JSON object with the labels of its format. */
size_t log_query_format(const void *record, size_t len, char *out, size_t cap);
size_t log_query_json(const void *record, size_t len, char *out, size_t cap);

/* "qr,aa,rd".  Returns `out`. */
enum { LOG_FLAGS_TEXT_MAX = 32 };
const char *log_flags_text(uint16_t flags, char out[LOG_FLAGS_TEXT_MAX]);
