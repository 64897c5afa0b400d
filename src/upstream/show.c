// SPDX-License-Identifier: Apache-2.0
/* What is known of a set's servers, for people who look. */
#include "upstream/internal.h"

#include "base/text.h"

static uint64_t load(const atomic_uint_least64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static const char *state_of(const struct upstream_set *set, const struct upstream_server *s)
{
	if (upstream_down(set, s))
		return "down";
	return upstream_lossy(s) ? "losing" : "up";
}

/* Exchanges by their histogram: how many, and how long all took together. */
static uint64_t exchanges(const struct upstream_server *s, uint64_t *ret_ns)
{
	const size_t n_buckets = upstream_duration_desc.n_buckets + 1;
	uint64_t n = 0;

	*ret_ns = 0;
	for (unsigned r = 0; r < N_RCODE_SERIES; r++) {
		for (size_t b = 0; b < n_buckets; b++)
			n += metrics_sum(s->series.duration[r] + (metric_id)b);
		*ret_ns += metrics_sum(s->series.duration[r] + (metric_id)n_buckets);
	}
	return n;
}

static void show_times(const struct upstream_server *s, struct text *t)
{
	uint64_t ns, n = exchanges(s, &ns);

	text_put(t, ",\"answers\":%llu,\"mean_ms\":%.3f,\"usual_udp_ms\":%.3f,\"usual_tcp_ms\":%.3f,\"loss\":%.4f",
		 (unsigned long long)n, n ? (double)ns / (double)n / 1e6 : 0.0, (double)load(&s->usual_ns[0]) / 1e6,
		 (double)load(&s->usual_ns[1]) / 1e6,
		 (double)atomic_load_explicit(&s->loss, memory_order_relaxed) / 65536);
}

static void show_tcp(const struct upstream_server *s, struct text *t)
{
	text_put(t, ",\"truncated\":%llu,\"completed_over_tcp\":%llu,\"tcp_late\":%llu,\"tcp_failed\":%llu,\"tcp_not_tried\":%llu",
		 (unsigned long long)metrics_sum(s->series.truncated),
		 (unsigned long long)metrics_sum(s->series.tcp[TCP_ANSWERED]),
		 (unsigned long long)metrics_sum(s->series.tcp[TCP_LATE]),
		 (unsigned long long)metrics_sum(s->series.tcp[TCP_FAILED]),
		 (unsigned long long)metrics_sum(s->series.tcp[TCP_NOT_TRIED]));
	text_put(t, ",\"tcp_known_bad\":%s",
		 load(&s->tcp_bad_until_ns) > clock_mono_ns() ? "true" : "false");
}

static void show_server(const struct upstream_set *set, const struct upstream_server *s, struct text *t)
{
	text_put(t, "{\"to\":");
	text_json(t, s->text);
	text_put(t, ",\"state\":\"%s\",\"failed_probes\":%u", state_of(set, s),
		 atomic_load_explicit(&s->fails, memory_order_relaxed));
	show_times(s, t);
	show_tcp(s, t);
	text_put(t, ",\"failures\":{\"timeout\":%llu,\"refused\":%llu,\"broken\":%llu,\"network\":%llu},\"edns_off\":%s}",
		 (unsigned long long)metrics_sum(s->series.failures[FAIL_TIMEOUT]),
		 (unsigned long long)metrics_sum(s->series.failures[FAIL_REFUSED]),
		 (unsigned long long)metrics_sum(s->series.failures[FAIL_BROKEN]),
		 (unsigned long long)metrics_sum(s->series.failures[FAIL_NETWORK]),
		 load(&s->edns_off_until_ns) > clock_mono_ns() ? "true" : "false");
}

void upstream_show(const struct upstream_set *s, struct text *t)
{
	text_put(t, "[");
	for (unsigned i = 0; i < s->n; i++) {
		text_put(t, "%s", i ? "," : "");
		show_server(s, &s->servers[i], t);
	}
	text_put(t, "]");
}
