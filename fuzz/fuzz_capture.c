// SPDX-License-Identifier: Apache-2.0
/* Captures: from the link layer to the verdicts.  Input: a byte that chooses the link type, then frames, each as
 * captured (2), missing (2), milliseconds since the last one (2), file (1), bytes. */
#include "doctor/pcap_report.h"
#include "fuzz.h"

#include <string.h>

enum { FRAME_HEAD = 7, FILES = 2 };

struct run {
	struct report report;
	struct exchange_window *window;
};

static void on_message(void *arg, const struct capture_message *m)
{
	struct run *r = arg;

	FUZZ_CHECK(m->captured >= WIRE_HEADER_LEN && m->captured <= m->len);
	FUZZ_CHECK(m->targets_len <= sizeof(m->targets) && m->last_target <= m->targets_len);
	FUZZ_CHECK(m->n_cname + m->n_address + m->n_other <= m->n_records[1]);
	FUZZ_CHECK(!m->question_known || (m->name_len && !m->name_cut));
	report_message(&r->report, m);
	exchange_window_message(r->window, m);
}

static void on_connection(void *arg, const struct capture_connection_event *e)
{
	struct run *r = arg;

	exchange_window_connection(r->window, e);
}

static void add_frames(struct capture_decoder *d, const uint8_t *data, size_t size)
{
	static const int types[] = {LINK_NULL,   LINK_ETHERNET, LINK_RAW,  LINK_LOOP,
				    LINK_COOKED, LINK_COOKED_2, LINK_IPV4, 105};
	int link_type = types[*data % (sizeof(types) / sizeof(types[0]))];
	int64_t now_ns = 1000000000000;
	uint32_t number = 0;

	for (size_t at = 1; size - at >= FRAME_HEAD;) {
		size_t captured = wire_u16(data + at), missing = wire_u16(data + at + 2);
		now_ns += wire_u16(data + at + 4) * 1000000ll;
		unsigned file = data[at + 6] % FILES;
		at += FRAME_HEAD;
		captured = captured < size - at ? captured : size - at;
		capture_decoder_add(d, &(struct capture_frame){data + at, captured, captured + missing,
							       now_ns, file, ++number, link_type});
		at += captured;
	}
}

static void check_sums(struct run *r, const struct capture_decoder *d)
{
	const struct capture_decode_counts *c = capture_decoder_counts(d);
	const struct exchange_counts *x = exchange_window_counts(r->window);
	struct verdict_list v;

	FUZZ_CHECK(r->report.questions <= c->messages);
	FUZZ_CHECK(r->report.answered + r->report.unanswered + r->report.at_the_end == r->report.questions);
	FUZZ_CHECK(x->no_memory == 0 && x->early == 0);
	FUZZ_CHECK(report_judge(&r->report, &v) == 0 && v.n > 0);
	for (unsigned i = 0; i < v.n; i++) {
		for (const char *s = v.v[i].summary; *s; s++)
			FUZZ_CHECK(*s >= ' ' && *s <= '~');
		for (unsigned k = 0; k < v.v[i].n_evidence; k++) {
			for (const char *s = v.v[i].evidence[k].text; *s; s++)
				FUZZ_CHECK((*s >= ' ' && *s <= '~') || *s == '\n');
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[FILES] = {"a", "b"};
	static const uint16_t ports[CAPTURE_PORTS_MAX] = {53};
	struct run r = {0};

	if (!size)
		return 0;
	FUZZ_CHECK(report_init(&r.report, paths, FILES) == 0);
	const struct exchange_sink exchanges = {report_exchange, &r.report};
	const struct capture_sink messages = {on_message, on_connection, &r};
	const struct hash_key key = {1, 2}; /* the same for each run */
	r.report.key = key;
	r.window = exchange_window_new(&key, &exchanges);
	struct capture_decoder *d = capture_decoder_new(ports, &key, &messages);
	FUZZ_CHECK(r.window && d);
	r.report.w = r.window;
	r.report.fragments = capture_decoder_fragments(d);
	add_frames(d, data, size);
	capture_decoder_finish(d);
	exchange_window_finish(r.window);
	report_finish(&r.report);
	check_sums(&r, d);
	exchange_window_free(r.window);
	capture_decoder_free(d);
	report_fini(&r.report);
	return 0;
}
