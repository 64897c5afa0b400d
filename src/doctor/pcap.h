// SPDX-License-Identifier: Apache-2.0
/* binnacle doctor --pcap: what captures show. */
#pragma once

#include "base/compiler.h"
#include "capture/decode.h"

#include <stdbool.h>
#include <stdio.h>

struct pcap_options {
	const char *const *files;
	unsigned n_files; /* 1..CAPTURE_FILES_MAX */
	uint16_t ports[CAPTURE_PORTS_MAX]; /* of DNS; all 0: 53 */
	bool json, colour, progress; /* the latter: a bar on stderr */
};

/* Read, judge, print to `out`; what cannot be read is said on stderr.  The exit status: 0 healthy, 1 fault found, 2 could
 * not tell, 3 no memory, or the result could not be written. */
int doctor_pcap(const struct pcap_options *o, FILE *out) MUST_USE;
