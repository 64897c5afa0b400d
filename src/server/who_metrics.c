// SPDX-License-Identifier: Apache-2.0
#include "server/who_metrics.h"

#include "base/metrics.h"
#include "server/who_report.h"

#include <pthread.h>
#include <stdio.h>

enum { RANKS = 3 };

static const struct metric_desc share_desc = {
	.name = "binnacle_top_share",
	.help = "Part of the last minute's questions that the most frequent clients, names and zones have, by rank.",
	.kind = METRIC_GAUGE,
	.labels = "of,rank",
};
static const struct metric_desc client_desc = {
	.name = "binnacle_top_client_queries",
	.help = "Questions of the most frequent clients in the last minute, with their pods where they are known.",
	.kind = METRIC_GAUGE,
	.labels = "client,owner",
};
static const struct metric_desc name_desc = {
	.name = "binnacle_top_name_queries",
	.help = "Questions for the most frequent names in the last minute.",
	.kind = METRIC_GAUGE,
	.labels = "name",
};
static const struct metric_desc zone_desc = {
	.name = "binnacle_top_zone_queries",
	.help = "Questions in the most frequent zones in the last minute.",
	.kind = METRIC_GAUGE,
	.labels = "zone",
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static double shares[WHO_N_KINDS][RANKS];
static struct who_report *latest; /* while somebody wants names */
static unsigned wants[WHO_TOP + 1]; /* how many want so many */

/* ---------------------------------------------------------------- before a scrape */

static unsigned wanted(void)
{
	unsigned n = WHO_TOP;

	while (n && !wants[n])
		n--;
	return n;
}

static void note_shares(const struct who_report *r)
{
	for (int k = 0; k < WHO_N_KINDS; k++) {
		const struct who_list *l = &r->minute.top[k];

		for (unsigned i = 0; i < RANKS; i++)
			shares[k][i] = i < l->n ? (double)l->items[i].at_least / (double)r->minute.questions : 0;
	}
}

static void refresh(void)
{
	struct who_report *r = who_report_take();

	if (!r)
		return; /* what was there stays */
	pthread_mutex_lock(&lock);
	note_shares(r);
	if (wanted()) {
		struct who_report *old = latest;

		latest = r;
		r = old;
	}
	pthread_mutex_unlock(&lock);
	who_report_free(r);
}

/* ---------------------------------------------------------------- the metrics */

static double read_share(void *arg)
{
	double v;

	pthread_mutex_lock(&lock);
	v = *(const double *)arg;
	pthread_mutex_unlock(&lock);
	return v;
}

static void tell(struct metrics_live *to, enum who_kind kind)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = latest ? wanted() : 0;
	for (unsigned i = 0; i < n && i < latest->minute.top[kind].n; i++) {
		const struct who_item *item = &latest->minute.top[kind].items[i];
		bool owned = item->owner.kind != WHO_OWNER_NONE;
		char owner[WHO_OWNER_MAX + 16];

		(void)snprintf(owner, sizeof(owner), "%s%s%s", who_owner_kind_text(item->owner.kind), owned ? " " : "",
			       owned ? item->owner.text : "");
		metrics_live_put(to, (const char *const[]){item->text, owner}, (double)item->at_least);
	}
	pthread_mutex_unlock(&lock);
}

static void tell_clients(struct metrics_live *to)
{
	tell(to, WHO_CLIENT);
}

static void tell_names(struct metrics_live *to)
{
	tell(to, WHO_NAME);
}

static void tell_zones(struct metrics_live *to)
{
	tell(to, WHO_ZONE);
}

static void show_names(bool yes)
{
	metrics_live(&client_desc, yes ? tell_clients : NULL);
	metrics_live(&name_desc, yes ? tell_names : NULL);
	metrics_live(&zone_desc, yes ? tell_zones : NULL);
}

void who_metrics_want(unsigned n)
{
	pthread_mutex_lock(&lock);
	wants[n]++;
	pthread_mutex_unlock(&lock);
	show_names(true);
}

void who_metrics_unwant(unsigned n)
{
	struct who_report *old = NULL;
	bool last;

	pthread_mutex_lock(&lock);
	wants[n]--;
	last = !wanted();
	if (last) {
		old = latest;
		latest = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (last)
		show_names(false);
	who_report_free(old);
}

void who_metrics_start(void)
{
	static const char *const kinds[WHO_N_KINDS] = {"client", "name", "zone"};

	for (int k = 0; k < WHO_N_KINDS; k++) {
		for (unsigned i = 0; i < RANKS; i++) {
			char rank[12];

			(void)snprintf(rank, sizeof(rank), "%u", i + 1);
			metrics_reader(&share_desc, (const char *const[]){kinds[k], rank}, read_share, &shares[k][i]);
		}
	}
	metrics_before_scrape(refresh);
}
