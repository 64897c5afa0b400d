// SPDX-License-Identifier: Apache-2.0
/* What is known of a set's servers, for people who look. */
#include "upstream/internal.h"

#include "base/json.h"

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

static void show_times(const struct upstream_server *s, struct json *j)
{
	uint64_t ns, n = exchanges(s, &ns);

	json_unsigned(j, "answers", n);
	json_fixed(j, "mean_ms", n ? (double)ns / (double)n / 1e6 : 0, 3);
	json_ms(j, "usual_udp_ms", load(&s->usual_ns[0]), 3);
	json_ms(j, "usual_tcp_ms", load(&s->usual_ns[1]), 3);
	json_fixed(j, "loss", (double)atomic_load_explicit(&s->loss, memory_order_relaxed) / 65536, 4);
}

static void show_tcp(const struct upstream_server *s, struct json *j)
{
	json_unsigned(j, "truncated", metrics_sum(s->series.truncated));
	json_unsigned(j, "completed_over_tcp", metrics_sum(s->series.tcp[TCP_ANSWERED]));
	json_unsigned(j, "tcp_late", metrics_sum(s->series.tcp[TCP_LATE]));
	json_unsigned(j, "tcp_failed", metrics_sum(s->series.tcp[TCP_FAILED]));
	json_unsigned(j, "tcp_not_tried", metrics_sum(s->series.tcp[TCP_NOT_TRIED]));
	json_bool(j, "tcp_known_bad", load(&s->tcp_bad_until_ns) > clock_mono_ns());
}

static void show_failures(const struct upstream_server *s, struct json *j)
{
	json_open(j, "failures", '{');
	json_unsigned(j, "timeout", metrics_sum(s->series.failures[FAIL_TIMEOUT]));
	json_unsigned(j, "refused", metrics_sum(s->series.failures[FAIL_REFUSED]));
	json_unsigned(j, "broken", metrics_sum(s->series.failures[FAIL_BROKEN]));
	json_unsigned(j, "network", metrics_sum(s->series.failures[FAIL_NETWORK]));
	json_close(j, '}');
}

static void show_server(const struct upstream_set *set, const struct upstream_server *s, struct json *j)
{
	json_open(j, NULL, '{');
	json_text(j, "to", s->text);
	json_text(j, "state", state_of(set, s));
	json_unsigned(j, "failed_probes", atomic_load_explicit(&s->fails, memory_order_relaxed));
	show_times(s, j);
	show_tcp(s, j);
	show_failures(s, j);
	json_bool(j, "edns_off", load(&s->edns_off_until_ns) > clock_mono_ns());
	json_close(j, '}');
}

void upstream_show(const struct upstream_set *s, struct json *j)
{
	json_open(j, "upstreams", '[');
	for (unsigned i = 0; i < s->n; i++)
		show_server(s, &s->servers[i], j);
	json_close(j, ']');
}
