// SPDX-License-Identifier: Apache-2.0
#include "doctor/pcap.h"

#include "base/clock.h"
#include "base/text.h"
#include "capture/clock.h"
#include "capture/file.h"
#include "doctor/pcap_report.h"
#include "doctor/pcap_show.h"
#include "doctor/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_FAILED = 3, BAR_WIDTH = 40, BAR_EVERY = 4096 };

/* Captures whose clocks could not be compared: what belongs together may seem to be apart by so much. */
static const int64_t UNKNOWN_SLACK_NS = (int64_t)NS_PER_S;

struct run {
	const struct pcap_options *o;
	struct capture_files files;
	struct capture_clock clocks[CAPTURE_FILES_MAX];
	struct report report;
	struct exchange_window *window;
	struct capture_decoder *decoder;
	uint64_t n_packets;
	int percent; /* shown last; -1: no bar */
};

static void on_message(void *arg, const struct capture_message *m)
{
	struct run *r = arg;

	report_message(&r->report, m);
	exchange_window_message(r->window, m);
}

static void on_connection(void *arg, const struct capture_connection_event *e)
{
	struct run *r = arg;

	exchange_window_connection(r->window, e);
}

/* ---------------------------------------------------------------- progress */

static void show_bar(struct run *r)
{
	uint64_t size = 0, at = 0;
	char bar[BAR_WIDTH + 1];
	int percent;

	for (unsigned i = 0; i < r->files.n; i++) {
		const struct capture_file *f = &r->files.f[i];
		size += f->size;
		at += f->pcap ? capture_file_at(f) : f->size;
	}
	percent = size ? (int)(at * 100 / size) : 0;
	if (percent == r->percent)
		return;
	r->percent = percent;
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t)(percent < 100 ? percent : 100) * BAR_WIDTH / 100);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3d%%, %llu packets", bar, percent, (unsigned long long)r->n_packets);
	fflush(stderr);
}

static void clear_bar(const struct run *r)
{
	if (r->percent >= 0)
		fprintf(stderr, "\r\033[K");
}

/* ---------------------------------------------------------------- reading */

static void open_files(struct run *r)
{
	r->files.n = r->o->n_files;
	for (unsigned i = 0; i < r->files.n; i++) {
		struct capture_file *f = &r->files.f[i];
		if (capture_file_open(f, r->o->files[i], i))
			r->report.unread = report_text(&r->report, "%s could not be read: %s",
						       r->report.labels[i], f->error);
		f->ahead_ns = r->clocks[i].ahead_ns;
	}
}

static int compare_clocks(struct run *r, const uint16_t *ports)
{
	bool known = true;
	int err;

	if (r->o->n_files < 2)
		return 0;
	err = capture_clocks(r->o->files, r->o->n_files, ports, &r->report.key, r->clocks);
	for (unsigned i = 1; i < r->o->n_files; i++)
		known &= r->clocks[i].known;
	exchange_window_set_slack(r->window, known ? 0 : UNKNOWN_SLACK_NS);
	return err;
}

static int set_up(struct run *r)
{
	static const uint16_t usual[CAPTURE_PORTS_MAX] = {53};
	const uint16_t *ports = r->o->ports[0] ? r->o->ports : usual;
	const struct exchange_sink exchanges = {report_exchange, &r->report};
	const struct capture_sink messages = {on_message, on_connection, r};
	int err = report_init(&r->report, r->o->files, r->o->n_files);

	if (err)
		return err;
	r->window = exchange_window_new(&r->report.key, &exchanges);
	r->decoder = capture_decoder_new(ports, &r->report.key, &messages);
	if (!r->window || !r->decoder)
		return -ENOMEM;
	r->report.w = r->window;
	r->report.fragments = capture_decoder_fragments(r->decoder);
	return compare_clocks(r, ports);
}

static void read_all(struct run *r)
{
	struct capture_frame frame;

	while (capture_files_next(&r->files, &frame)) {
		capture_decoder_add(r->decoder, &frame);
		if (r->n_packets++ % BAR_EVERY == 0 && r->o->progress)
			show_bar(r);
	}
	capture_decoder_finish(r->decoder);
	exchange_window_finish(r->window);
	report_finish(&r->report);
	clear_bar(r);
	for (unsigned i = 0; i < r->files.n; i++) {
		const struct capture_file *f = &r->files.f[i];
		if (f->broken && f->n_packets)
			fprintf(stderr, "%s: broken after packet %u: %s; what is before is used\n",
				r->report.labels[i], f->n_packets, f->error);
		else if (f->broken)
			fprintf(stderr, "%s: %s\n", r->report.labels[i], f->error);
	}
}

/* ---------------------------------------------------------------- the result */

static int print(struct run *r, const struct verdict_list *v, FILE *out)
{
	struct pcap_result p = {&r->report,
				v,
				r->files.f,
				r->clocks,
				r->files.n,
				capture_decoder_counts(r->decoder),
				capture_decoder_fragments(r->decoder),
				capture_decoder_tcp(r->decoder),
				exchange_window_counts(r->window),
				doctor_exit_status(v)};
	struct text t = {0};

	if (r->o->json)
		pcap_show_json(&t, &p);
	else
		pcap_show_table(&t, &p, r->o->colour);
	if (t.failed || fwrite(t.p, 1, t.len, out) != t.len || fflush(out)) {
		fputs("the result could not be written\n", stderr);
		p.status = STATUS_FAILED;
	}
	free(t.p);
	return p.status;
}

static int run(struct run *r, FILE *out)
{
	struct verdict_list v;

	if (set_up(r))
		return -ENOMEM;
	open_files(r);
	read_all(r);
	if (report_judge(&r->report, &v))
		return -ENOMEM;
	return print(r, &v, out);
}

int doctor_pcap(const struct pcap_options *o, FILE *out)
{
	struct run *r = calloc(1, sizeof(*r));
	int status = -ENOMEM;

	if (r) {
		r->o = o;
		r->percent = -1;
		status = run(r, out);
		for (unsigned i = 0; i < r->files.n; i++)
			capture_file_close(&r->files.f[i]);
		exchange_window_free(r->window);
		capture_decoder_free(r->decoder);
		report_fini(&r->report);
		free(r);
	}
	if (status < 0) {
		fputs("no memory\n", stderr);
		status = STATUS_FAILED;
	}
	return status;
}
