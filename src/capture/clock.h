// SPDX-License-Identifier: Apache-2.0
/* How much the clocks of several captures differ, from messages that stand in two of them.
 *
 * A question is seen later further away from its client, an answer earlier: the difference of the clocks is the middle between
 * the differences of both, whatever the network's delay (if it is the same both ways).  Medians, so that single packets do
 * not matter.  Up to 50,000 messages a file are compared, from where the last of the files begins.  Thread: one. */
#pragma once

#include "capture/decode.h"
#include "capture/file.h"

struct capture_clock {
	bool known; /* enough messages stand in this file and in another one */
	unsigned n_common; /* messages compared */
	int64_t ahead_ns; /* this file's clock before the first file's */
};

/* Compare files, which are read from their beginning; ret: one for each path.  0 or -ENOMEM. */
int capture_clocks(const char *const *paths, unsigned n, const uint16_t ports[CAPTURE_PORTS_MAX],
		   const struct hash_key *key, struct capture_clock ret[]) MUST_USE;

enum { CLOCK_MESSAGES_MAX = 50000 };

/* The calculation alone: messages of two files, told by their digests. */
struct capture_mark {
	uint64_t digest;
	int64_t time_ns;
	bool answer;
};
/* Sorts both.  Messages that a file has more than once within a second are copies: the first counts.  False: fewer than 3 in
 * common. */
bool capture_clock_compare(struct capture_mark *a, size_t n_a, struct capture_mark *b, size_t n_b,
			   struct capture_clock *ret);
