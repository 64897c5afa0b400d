// SPDX-License-Identifier: Apache-2.0
#include "server/reloads.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>

static struct {
	pthread_mutex_t lock;
	uint64_t n; /* so many there were */
	struct reload_seen v[RELOADS_KEPT];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

void reloads_note(const char *cause, uint64_t generation, const char *error)
{
	struct reload_seen *r;

	pthread_mutex_lock(&kept.lock);
	r = &kept.v[kept.n++ % RELOADS_KEPT];
	*r = (struct reload_seen){.wall_ns = clock_wall_ns(), .ok = !error, .generation = generation, .cause = cause};
	(void)snprintf(r->error, sizeof(r->error), "%s", error ? error : "");
	pthread_mutex_unlock(&kept.lock);
}

size_t reloads_copy(struct reload_seen out[RELOADS_KEPT])
{
	size_t n = 0;

	pthread_mutex_lock(&kept.lock);
	for (; n < RELOADS_KEPT && n < kept.n; n++)
		out[n] = kept.v[(kept.n - 1 - n) % RELOADS_KEPT];
	pthread_mutex_unlock(&kept.lock);
	return n;
}
