// SPDX-License-Identifier: Apache-2.0
/* IP fragments put together: 256 datagrams at once, each of at most 64 KiB, for 5 seconds of the capture's time.
 *
 * With a snap length each fragment is cut too: what counts as arrived is what was sent, and the bytes that are there reach
 * to the first that is not.  Of bytes that come twice the first are kept.  Thread: one. */
#pragma once

#include "capture/packet.h"

struct capture_fragments;

/* A datagram's payload. */
struct capture_datagram {
	struct capture_end src, dst;
	uint8_t protocol, hop_limit;
	const uint8_t *bytes; /* until the next call */
	size_t captured, len;
	unsigned n_fragments;
	bool lost; /* not all fragments came; `len` is what is known of it */
	/* of the first fragment that came */
	unsigned file;
	uint32_t number, ifindex;
	int64_t time_ns; /* of the last one */
};

/* NULL: no memory. */
struct capture_fragments *capture_fragments_new(void);
void capture_fragments_free(struct capture_fragments *f);

/* Add a fragment.  True: with it a datagram is whole. */
bool capture_fragments_add(struct capture_fragments *f, const struct capture_frame *frame, uint32_t ifindex,
			   const struct capture_ip *ip, struct capture_datagram *ret);

/* A datagram whose rest did not come within 5 s before now_ns (INT64_MAX: any), with what there is from its beginning;
 * false: none.  Those without their beginning are dropped and counted. */
bool capture_fragments_overdue(struct capture_fragments *f, int64_t now_ns, struct capture_datagram *ret);

struct capture_fragment_counts {
	uint64_t fragments, whole, lost, overlapping, evicted;
	/* Other than the first, by file: a capture filter for a port matches first fragments only. */
	uint64_t later[CAPTURE_FILES_MAX];
};
const struct capture_fragment_counts *capture_fragments_counts(const struct capture_fragments *f);
