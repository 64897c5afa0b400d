// SPDX-License-Identifier: Apache-2.0
#include "server/server_metrics.h"

struct server_metrics server_metrics;

static const struct {
	struct metric_desc desc;
	metric_id *id;
} table[] = {
	{{"binnacle_malformed_queries_total", "Messages that were no well-formed query.", METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.malformed},
	{{"binnacle_refused_queries_total", "Queries whose name or class no server block serves.", METRIC_COUNTER, "",
	  NULL, 0, 0},
	 &server_metrics.not_routed},
	{{"binnacle_fit_cut_answers_total", "Answers sent with TC because the client takes no more over UDP.",
	  METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.cut_answers},
	{{"binnacle_fit_subset_answers_total", "Cut answers sent without TC by `fit subset`.", METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.subset_answers},
	{{"binnacle_client_gone_total", "Answers whose client had closed its connection.", METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.client_gone},
	{{"binnacle_queries_shed_total", "Queries given up because the in-flight memory is limited.", METRIC_COUNTER, "",
	  NULL, 0, 0},
	 &server_metrics.shed},
	{{"binnacle_queries_deadline_total", "Queries answered SERVFAIL at the deadline.", METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.deadline},
	{{"binnacle_sub_queries_total", "Queries that plugins asked the server itself.", METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.sub_queries},
	{{"coredns_panics_total", "Always 0: nothing here panics and goes on.", METRIC_COUNTER, "", NULL, 0, 0},
	 &server_metrics.panics},
};

/* What the peer shows at 0 from the start, whatever is configured: an alert on a rate needs the 0 to begin with. */
static const double health_buckets[] = {0.00025, 0.0025, 0.025, 0.25, 2.5};
static const struct metric_desc always[] = {
	{.name = "coredns_forward_healthcheck_broken_total", .help = "Queries that found every upstream down.", .labels = ""},
	{.name = "coredns_forward_max_concurrent_rejects_total",
	 .help = "Queries refused because max_concurrent was reached.",
	 .labels = ""},
	{.name = "coredns_health_request_duration_seconds",
	 .help = "Time that the request took with which the server looks whether it answers.",
	 .kind = METRIC_HISTOGRAM,
	 .labels = "",
	 .buckets = health_buckets,
	 .n_buckets = ARRAY_LEN(health_buckets),
	 .scale = 1e9},
	{.name = "coredns_health_request_failures_total", .help = "Requests to itself that failed.", .labels = ""},
	{.name = "coredns_hosts_reload_timestamp_seconds",
	 .help = "Time of modification of the hosts file that was read last.",
	 .kind = METRIC_GAUGE,
	 .labels = ""},
	{.name = "coredns_local_localhost_requests_total",
	 .help = "Questions for names below localhost and names that begin with it.",
	 .labels = ""},
	{.name = "coredns_reload_failed_total", .help = "Failed reloads by the reload plugin.", .labels = ""},
};

void server_metrics_init(void)
{
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		(void)metrics_series(&always[i], NULL);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		*table[i].id = metrics_series(&table[i].desc, NULL);
}

/* ---------------------------------------------------------------- build info */

static const struct metric_desc coredns_build_desc = {
	.name = "coredns_build_info",
	.help = "Always 1; which version this is, under the name that dashboards look for.",
	.kind = METRIC_GAUGE,
	.labels = "version,revision,goversion",
};
static const struct metric_desc build_desc = {
	.name = "binnacle_build_info",
	.help = "Always 1; which version this is, from which commit, by which compiler.",
	.kind = METRIC_GAUGE,
	.labels = "version,revision,compiler",
};

static double one(void *arg)
{
	return 1;
}

void server_metrics_build(const char *version, const char *revision, const char *compiler)
{
	static char anybody;

	/* No Go was involved. */
	metrics_reader(&coredns_build_desc, (const char *const[]){version, revision, "none"}, one, &anybody);
	metrics_reader(&build_desc, (const char *const[]){version, revision, compiler}, one, &anybody);
}
