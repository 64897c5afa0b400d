// SPDX-License-Identifier: Apache-2.0
/* The result of captures, for a person and for a program. */
#pragma once

#include "base/text.h"
#include "capture/clock.h"
#include "capture/file.h"
#include "doctor/pcap_report.h"

struct pcap_result {
	struct report *r;
	const struct verdict_list *v;
	const struct capture_file *files;
	const struct capture_clock *clocks;
	unsigned n_files;
	const struct capture_decode_counts *decode;
	const struct capture_fragment_counts *fragments;
	const struct capture_tcp_counts *tcp;
	const struct exchange_counts *exchanges;
	int status;
};

/* The conclusion's two lines, for both. */
void pcap_show_conclusion(const struct pcap_result *p, const char *ret_lines[2]);
void pcap_show_table(struct text *t, const struct pcap_result *p, bool colour);
/* docs/doctor.md describes it. */
void pcap_show_json(struct text *t, const struct pcap_result *p);
