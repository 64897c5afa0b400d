// SPDX-License-Identifier: Apache-2.0
/* The bounded message queue between threads: many senders, one receiver, intrusive, first in first out.
 *
 * A message is the sender's memory until mpsc_push succeeds, then the receiver's.  A full queue refuses
 * (ERR_LIMIT): the sender counts it and gives its stated answer.  Waking the receiver is the door's
 * work (net/loop.h loop_post). */
#pragma once

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct mpsc_msg {
	struct mpsc_msg *next;
	void (*run)(struct mpsc_msg *m, void *receiver); /* called in the receiver's thread; owns m */
};

struct mpsc {
	_Atomic(struct mpsc_msg *) head; /* newest first; reversed by the receiver */
	atomic_size_t n;
	size_t limit;
};

void mpsc_init(struct mpsc *q, size_t limit);
/* 0, or ERR_LIMIT when full.  `*ret_was_empty`: the receiver needs a wake-up.  Any thread. */
int mpsc_push(struct mpsc *q, struct mpsc_msg *m, bool *ret_was_empty) MUST_USE;
/* Run all that is queued, oldest first.  Receiver's thread. */
void mpsc_run(struct mpsc *q, void *receiver);
