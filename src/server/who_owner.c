// SPDX-License-Identifier: Apache-2.0
#include "server/who_owner.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	who_owner_fn fn;
	void *arg;
} sources[WHO_OWNER_SOURCES_MAX]; /* under the lock, oldest first */
static unsigned n_sources;

void who_owner_add(who_owner_fn fn, void *arg)
{
	pthread_mutex_lock(&lock);
	if (n_sources < WHO_OWNER_SOURCES_MAX) {
		sources[n_sources].fn = fn;
		sources[n_sources++].arg = arg;
	}
	pthread_mutex_unlock(&lock);
}

void who_owner_drop(void *arg)
{
	unsigned kept = 0;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < n_sources; i++) {
		if (sources[i].arg != arg)
			sources[kept++] = sources[i];
	}
	n_sources = kept;
	pthread_mutex_unlock(&lock);
}

void who_owner_find(const uint8_t *addr, size_t len, struct who_owner *ret)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (unsigned i = n_sources; i > 0 && !found; i--) {
		memset(ret, 0, sizeof(*ret));
		found = sources[i - 1].fn(sources[i - 1].arg, addr, len, ret);
	}
	pthread_mutex_unlock(&lock);
	if (!found)
		ret->kind = WHO_OWNER_NONE;
}

const char *who_owner_kind_text(enum who_owner_kind kind)
{
	static const char *const texts[] = {"", "pod", "service", "namespace"};

	return texts[kind];
}
