// SPDX-License-Identifier: Apache-2.0
#include "capture/file.h"

#include "foreign/pcap.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static const int64_t SECOND_NS = 1000000000;
static const int64_t SECONDS_MAX = 1ll << 33; /* beyond any clock; keeps sums of nanoseconds in bounds */

/* libpcap's texts repeat what stands in the file. */
static void set_error(struct capture_file *f, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < sizeof(f->error); text++)
		f->error[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
	f->error[n] = '\0';
}

static int open_stream(struct capture_file *f)
{
	struct stat st;

	f->stream = strcmp(f->path, "-") == 0 ? stdin : fopen(f->path, "rbe");
	if (!f->stream) {
		set_error(f, strerror(errno));
		return -errno;
	}
	if (fstat(fileno(f->stream), &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			set_error(f, "it is a directory");
			return -EISDIR;
		}
		f->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	}
	return 0;
}

static int open_pcap(struct capture_file *f)
{
	char error[PCAP_ERRBUF_SIZE] = "";

	f->pcap = libpcap.fopen_offline_with_tstamp_precision(f->stream, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!f->pcap) {
		set_error(f, error);
		return -EBADMSG;
	}
	f->link_type = libpcap.datalink(f->pcap);
	f->snap_len = (unsigned)libpcap.snapshot(f->pcap);
	if (!capture_link_known(f->link_type)) {
		const char *name = libpcap.datalink_val_to_name(f->link_type);
		snprintf(f->error, sizeof(f->error), "its link type, %s (%d), is not known here",
			 name ? name : "?", f->link_type);
		return -ENOTSUP;
	}
	return 0;
}

int capture_file_open(struct capture_file *f, const char *path, unsigned index)
{
	const char *why;
	int err;

	*f = (struct capture_file){.path = path, .index = index};
	err = library_load(&libpcap_library, &why);
	if (err)
		set_error(f, why);
	else
		err = open_stream(f);
	if (!err)
		err = open_pcap(f);
	if (err) {
		capture_file_close(f);
		f->broken = true;
	}
	return err;
}

void capture_file_close(struct capture_file *f)
{
	if (f->pcap)
		libpcap.close(f->pcap); /* and the stream with it */
	else if (f->stream && f->stream != stdin)
		fclose(f->stream);
	f->pcap = NULL;
	f->stream = NULL;
}

uint64_t capture_file_at(const struct capture_file *f)
{
	off_t at = f->stream ? ftello(f->stream) : -1;

	return at > 0 ? (uint64_t)at : 0;
}

bool capture_file_next(struct capture_file *f, struct capture_frame *ret)
{
	struct pcap_pkthdr *h;
	const unsigned char *bytes;
	int r = f->pcap ? libpcap.next_ex(f->pcap, &h, &bytes) : PCAP_ERROR_BREAK;

	if (r == PCAP_ERROR) {
		f->broken = true;
		set_error(f, libpcap.geterr(f->pcap));
	}
	if (r != 1) {
		if (f->pcap)
			capture_file_close(f);
		return false;
	}
	int64_t seconds = h->ts.tv_sec >= 0 && h->ts.tv_sec < SECONDS_MAX ? h->ts.tv_sec : 0;
	int64_t part = h->ts.tv_usec >= 0 && h->ts.tv_usec < SECOND_NS ? h->ts.tv_usec
								       : 0; /* nanoseconds, as asked for */
	*ret = (struct capture_frame){
		.bytes = bytes,
		.captured = h->caplen < h->len ? h->caplen : h->len,
		.len = h->len,
		.time_ns = seconds * SECOND_NS + part - f->ahead_ns,
		.file = f->index,
		.number = ++f->n_packets,
		.link_type = f->link_type,
	};
	if (!f->first_ns)
		f->first_ns = ret->time_ns;
	f->last_ns = ret->time_ns > f->last_ns ? ret->time_ns : f->last_ns;
	return true;
}

bool capture_files_next(struct capture_files *s, struct capture_frame *ret)
{
	unsigned best = s->n;

	for (unsigned i = 0; i < s->n; i++) {
		if (!s->started || i == s->due)
			s->has_next[i] = capture_file_next(&s->f[i], &s->next[i]);
		if (s->has_next[i] && (best == s->n || s->next[i].time_ns < s->next[best].time_ns))
			best = i;
	}
	s->started = true;
	s->due = best; /* its bytes are libpcap's until the file's next packet is read */
	if (best == s->n)
		return false;
	*ret = s->next[best];
	return true;
}
