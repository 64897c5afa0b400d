// SPDX-License-Identifier: Apache-2.0
/* template: answers made of the question, by templates in the Corefile.
 *
 *   template.c   the hook: which template answers     setup.c    the grammar
 *   render.c     templates -> records of the reply    follow.c   CNAMEs looked up through the server
 *   data.c       what a template can ask for          counters.c the metrics
 *   gotmpl_*.c   the language (gotmpl.h)
 *
 * All of `struct templates` is frozen after setup (the counters after start). */
#pragma once

#include "base/metrics.h"
#include "corefile/corefile.h"
#include "plugin/template/gotmpl.h"
#include "server/pattern.h"
#include "server/query.h"
#include "server/zone_list.h"

enum {
	TEMPLATE_TYPES = 12, /* values of the `type` label of a template for ANY; counters.c */
	TEMPLATE_CLASSES = 2,
	TEMPLATE_OUT_MAX = 65535,
	TEMPLATE_SCRATCH = 64 << 10,
};

/* A zone of a template, with what is counted for it. */
struct template_zone {
	const struct cf_key *key;
	const char *text;
	metric_id *matches[TEMPLATE_CLASSES][TEMPLATE_TYPES]; /* by listener */
};

/* A key of .Group and its group. */
struct template_group {
	const char *name;
	unsigned group;
};

struct template_pattern {
	struct template_pattern *next;
	const char *text;
	struct pattern *pattern; /* NULL: ".*", which needs no looking */
	const struct template_group *groups; /* by name, ascending */
	unsigned n_groups; /* names */
};

struct template_record {
	struct template_record *next;
	const char *text;
	const struct gotmpl *tmpl;
	metric_id **template_failures, **rr_failures; /* by zone, by listener */
};

/* A label that .Meta asks for. */
struct template_label {
	struct template_label *next;
	const char *text;
	const struct metadata_label *label;
};

struct template {
	struct template *next;
	uint16_t qclass, qtype;
	struct template_zone *zones;
	size_t n_zones;
	struct cf_keys keys; /* of `zones`, when they were given */
	struct template_pattern *patterns;
	struct template_record *records[3]; /* by enum wire_section */
	uint16_t rcode;
	int32_t ede;
	const char *ede_text;
	bool falls_through;
	struct zone_list fall;
};

struct templates {
	const struct block *block;
	struct template *first;
	struct template_label *labels;
	unsigned groups_max; /* of all patterns */
};

/* One worker's room for a run; nothing in it survives the run. */
struct template_local {
	struct pattern_match *match;
	char out[TEMPLATE_OUT_MAX];
	uint8_t rdata[65535];
	uint64_t scratch[TEMPLATE_SCRATCH / sizeof(uint64_t)];
};

/* The question in front of one template. */
struct template_data {
	struct query *q;
	const struct templates *all;
	const struct template *t;
	struct template_zone *zone;
	const struct template_pattern *pattern;
	const struct pattern_match *match;
	const char *name;
	size_t name_len;
	char class_text[16], type_text[16], remote[NET_ADDR_TEXT_MAX]; /* set when they are asked for */
	char question_name[WIRE_NAME_TEXT_MAX];
};

/* 0, or ERR_SYNTAX with errors recorded. */
int template_setup(struct setup *s, struct templates *ret) MUST_USE;

/* The `dot` of a template; `d` is run->host. */
struct gt_value template_dot(const struct template_data *d);

/* Make the reply.  STEP_DONE: it is in q->reply, a failure too. */
enum step template_render(const struct template_data *d, struct template_local *l);

/* The query's scratch: which CNAME's target is being looked up. */
struct template_following {
	struct reply_rr *at;
};
/* Look up the targets of the CNAMEs that the templates made.  STEP_DONE, or STEP_WAIT until all are known. */
enum step template_follow(struct query *q, struct template_following *f);

/* Resolve the counters; 0 or -ENOMEM. */
int template_counters_start(struct templates *all, struct generation *gen) MUST_USE;
void template_count_match(const struct template_data *d);
/* A template that could not be run, or (`rr`) did not make a record. */
void template_count_failure(const struct template_data *d, const struct template_record *r, bool rr);
