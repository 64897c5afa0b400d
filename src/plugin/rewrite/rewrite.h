// SPDX-License-Identifier: Apache-2.0
/* rewrite: changes questions on their way down and puts everything right on the way up.
 *
 *   setup*.c                  words of a rule -> struct rewrite_rule
 *   rewrite.c                 the hooks: which rules apply, the client's question put back
 *   match.c                   names: exact, prefix, suffix, substring, regex
 *   apply.c                   what a rule does to the question; option.c: to the EDNS options
 *   undo.c                    what it does to the answer; cname.c: other targets for CNAMEs
 *
 * Rules are frozen once read.  What was done to a query is noted in its arena, newest first, which is the order of undoing. */
#pragma once

#include "base/compiler.h"
#include "server/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metadata_label;
struct pattern;
struct pattern_match;
struct setup;

enum {
	REWRITE_WORDS_MAX = 64, /* of one rule */
	REWRITE_TEXT_MAX = 2 * WIRE_NAME_TEXT_MAX, /* a name while it is put together */
};

enum rewrite_kind { MATCH_EXACT, MATCH_PREFIX, MATCH_SUFFIX, MATCH_SUBSTRING, MATCH_REGEX };

/* Names that it is about, and what becomes of them. */
struct rewrite_match {
	enum rewrite_kind kind;
	const uint8_t *name, *to_name; /* MATCH_EXACT: wire, lower case; to_name may be NULL (ttl, rcode) */
	const char *from, *to;         /* others: text, lower case */
	size_t from_len, to_len;
	struct pattern *pattern;       /* MATCH_REGEX; in `to`, {N} stands for group N */
};

enum rewrite_field { FIELD_NAME, FIELD_TYPE, FIELD_CLASS, FIELD_EDNS0, FIELD_TTL, FIELD_RCODE, FIELD_CNAME };

/* answer name RE TO, answer value RE TO */
struct rewrite_answer {
	struct rewrite_answer *next;
	bool value;
	struct rewrite_match match;
};

enum rewrite_action { ACTION_SET, ACTION_REPLACE, ACTION_APPEND, ACTION_UNSET };

enum rewrite_data { DATA_BYTES, DATA_QNAME, DATA_QTYPE, DATA_CLIENT_IP, DATA_CLIENT_PORT, DATA_PROTOCOL, DATA_SERVER_IP,
		    DATA_SERVER_PORT, DATA_LABEL, DATA_SUBNET };

struct rewrite_option {
	enum rewrite_action action;
	enum rewrite_data data;
	uint16_t code, len;
	const uint8_t *bytes;                /* DATA_BYTES */
	const struct metadata_label *label;  /* DATA_LABEL */
	uint8_t bits[2];                     /* DATA_SUBNET: of IPv4, of IPv6 */
};

struct rewrite_rule {
	struct rewrite_rule *next;
	enum rewrite_field field;
	bool goes_on;                   /* continue */
	struct rewrite_match match;     /* name, ttl, rcode, cname */
	uint16_t from, to;              /* type, class, rcode */
	bool automatic;                 /* the answer's names are turned back */
	struct rewrite_answer *answers; /* the last of the rule first */
	uint32_t ttl_min_s, ttl_max_s;
	struct rewrite_option option;
};

struct rewrite {
	struct rewrite_rule *rules, **last; /* in file order */
	struct pattern_list *patterns;      /* all of them, to be freed */
	bool needs_match;                   /* some rule has an expression */
};

/* What a rule has done that the answer must know. */
struct rewrite_step {
	struct rewrite_step *before;
	const struct rewrite_rule *rule;
	const uint8_t *from, *to; /* name rules: the name before and after; wire, lower case */
};

/* The client's question, and what was made of it. */
struct rewrite_done {
	const uint8_t *question; /* as it came */
	uint16_t question_len;
	const uint8_t *options;
	uint16_t options_len;
	uint64_t hop_options;
	bool renamed;            /* has another name below */
	uint16_t asked_type;     /* below */
	struct rewrite_step *steps; /* newest first */
};

/* Per query. */
struct rewrite_scratch {
	struct rewrite_done *done; /* NULL: untouched, or put right again */
	const struct rewrite_done *waiting; /* cname: what goes on when the new target is known */
	struct pattern_match *room;         /* the worker's */
};

int rewrite_setup(struct setup *s, struct rewrite *ret) MUST_USE;
void rewrite_free(struct rewrite *r);

/* setup_fields.c, setup_option.c: the words behind the field.  0, or ERR_SYNTAX with the error recorded. */
int rewrite_parse_field(struct setup *s, struct rewrite *r, struct rewrite_rule *rule, const char *const *words,
			size_t n) MUST_USE;
int rewrite_parse_option(struct setup *s, struct rewrite_option *o, const char *const *words, size_t n) MUST_USE;

/* ---------------------------------------------------------------- match.c */

/* Make a match of a kind.  `to` NULL: it only matches.  0, or ERR_SYNTAX with the error recorded. */
int rewrite_match_new(struct setup *s, struct rewrite *r, struct rewrite_match *ret, enum rewrite_kind kind, const char *from,
		      const char *to) MUST_USE;
/* "exact" ...; -1: none of them. */
int rewrite_kind_of(const char *word);
/* 1: matches; 0: not; ERR_LIMIT: its expression takes too long for this name. */
int rewrite_matches(const struct rewrite_match *m, struct pattern_match *room, const uint8_t *name) MUST_USE;
/* The same, with the new name in `ret` (WIRE_NAME_MAX bytes); -EINVAL: what comes out is no name. */
int rewrite_rename(const struct rewrite_match *m, struct pattern_match *room, const uint8_t *name, uint8_t *ret) MUST_USE;

/* ---------------------------------------------------------------- apply.c, option.c */

/* 1: the rule has applied; 0: it is not about this query; < 0: it cannot be applied (-EINVAL: no name comes out; ERR_LIMIT,
 * -ENOMEM). */
int rewrite_apply(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s, struct pattern_match *room) MUST_USE;
int rewrite_apply_option(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s) MUST_USE;
/* The notes of this query, made with the first change.  NULL: no memory. */
struct rewrite_done *rewrite_note(struct query *q, struct rewrite_scratch *s);

/* ---------------------------------------------------------------- undo.c, cname.c */

/* The answer's names and values, TTLs and rcode, as the steps want them; or the reply is a SERVFAIL. */
void rewrite_undo(struct query *q, const struct rewrite_done *d, struct pattern_match *room);
/* Another target for a CNAME of the answer, where a cname rule says so.  WAIT: what it leads to is asked for. */
enum step rewrite_cname(struct query *q, struct rewrite_scratch *s, const struct rewrite_done *d);
