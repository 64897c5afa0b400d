// SPDX-License-Identifier: Apache-2.0
/* loadbalance: which address of an answer comes first.
 *
 *   setup.c         the grammar              loadbalance.c  the hook: what must be done for this answer
 *   order.c         records into order       weights.c      one file's weights, looked up
 *   weights_file.c  reading the file, again and again
 *
 * The usual answer, one RRset of addresses in wire form, is not touched: it is marked, and turned while it is written
 * for its client (wire/answer.h).  Others, and the policies that choose, take the record form. */
#pragma once

#include "base/compiler.h"
#include "net/cidr.h"
#include "server/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct background_task;
struct weights;

enum loadbalance_policy { LOADBALANCE_ROUND_ROBIN, LOADBALANCE_WEIGHTED };

struct loadbalance {
	enum loadbalance_policy policy;
	const struct net_cidr *prefer;
	size_t n_prefer;
	const char *file;
	uint64_t reload_ns;       /* 0: never */
	struct weights *weights;  /* rcu */
	uint64_t seen;            /* fingerprint of what was read last (setup, then background) */
	bool failing;             /* the last reading failed, and was told */
	struct background_task *task;
};

/* setup.c */
int loadbalance_setup(struct setup *s, void *state);

/* order.c */
/* Put the section's records into the policy's order; RRsets stay in one piece, and signed sections keep the order of
 * their RRsets.  Without memory it stays as it is. */
void order_shuffled(struct query *q, enum wire_section s);
void order_weighted(struct query *q, enum wire_section s, const struct weights *w);
void order_preferred(struct query *q, enum wire_section s, const struct loadbalance *lb);

/* weights.c */
enum { WEIGHT_DEFAULT = 1, WEIGHT_MAX = 255, WEIGHTS_TEXT_MAX = 16 << 20 };

/* Read a file's text.  0; -EINVAL: what is wrong with which line is in `ret_error` (of `size`); -ENOMEM. */
int weights_parse(const char *text, size_t len, struct weights **ret, char *ret_error, size_t size) MUST_USE;
/* A free_later function too; NULL is left alone. */
void weights_free(void *w);
/* 1 to 255; WEIGHT_DEFAULT for what is not listed, and everything where `w` is NULL.  `owner`: any case. */
unsigned weights_of(const struct weights *w, const uint8_t *owner, const struct reply_rr *rr);

/* weights_file.c */
/* Read lb->file.  0; -errno and -EINVAL with a text. */
int weights_file_read(struct loadbalance *lb, struct weights **ret, char *ret_error, size_t size) MUST_USE;
/* Look again every reload_ns until stopped.  0 or -ENOMEM. */
int weights_file_watch(struct loadbalance *lb) MUST_USE;
