// SPDX-License-Identifier: Apache-2.0
/* Capture files, pcap and pcapng, read from their beginning to where they end or break.  Several are read side by side, in
 * the order of time.  Memory: a packet and a buffer for each.  Thread: one. */
#pragma once

#include "capture/packet.h"

enum { CAPTURE_ERROR_MAX = 320 };

struct capture_file {
	const char *path; /* the caller's; "-": standard input */
	struct pcap *pcap; /* NULL: closed, or not to be opened */
	void *stream; /* the FILE under it */
	unsigned index;
	int link_type;
	unsigned snap_len;
	int64_t ahead_ns; /* its clock, compared with the first file's: taken off all times */
	uint32_t n_packets; /* read so far */
	uint64_t size; /* bytes; 0: not known */
	int64_t first_ns, last_ns; /* corrected; 0: no packet */
	bool broken; /* it did not end where a file ends */
	char error[CAPTURE_ERROR_MAX]; /* why it could not be opened or read on; safe to print */
};

/* Open.  0; -errno or -ENOENT without libpcap, see f->error.  `path` lives as long as f. */
int capture_file_open(struct capture_file *f, const char *path, unsigned index) MUST_USE;
void capture_file_close(struct capture_file *f);
/* The next packet; its bytes live until the next call.  False: the end, or f->broken. */
bool capture_file_next(struct capture_file *f, struct capture_frame *ret);
/* Bytes read so far. */
uint64_t capture_file_at(const struct capture_file *f);

/* Several files. */
struct capture_files {
	struct capture_file f[CAPTURE_FILES_MAX];
	struct capture_frame next[CAPTURE_FILES_MAX];
	bool has_next[CAPTURE_FILES_MAX];
	unsigned n;
	unsigned due; /* the file whose packet was handed out last: its next one is to be read; n: none */
	bool started;
};

/* The next packet of all of them by its time; false: the end of all. */
bool capture_files_next(struct capture_files *s, struct capture_frame *ret);
