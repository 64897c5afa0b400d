// SPDX-License-Identifier: Apache-2.0
/* What a hit costs while other threads look up too.
 *   bench_cache_threads [LOOKUPS [THREADS...]]    CPU nanoseconds a lookup of each thread, and its ratio to one thread alone
 *
 * 10,000 names; one lookup in five is for the same one, as in a cluster where all ask for one service: then all threads
 * want that name's shard.  CPU time of the thread itself, so more threads than cores wait, but do not count it; what is
 * left is what sharing costs: cache lines that move, and locks that are held.  Build with optimization. */
#include "base/clock.h"
#include "cache/cache.h"
#include "wire/build.h"
#include "wire/name.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAMES = 10000, LOOKUPS = 2000000, HOT = 5, THREADS_MAX = 64, NAME_LEN = 32, ARENA = 4096 };

struct name {
	uint8_t wire[NAME_LEN];
	uint8_t len;
};

static struct name names[NAMES];
static struct cache *cache;
static unsigned long lookups = LOOKUPS;

struct looker {
	pthread_t thread;
	uint64_t seed, cpu_ns;
	unsigned long hits;
	_Alignas(64) uint8_t room[ARENA];
};

static struct looker lookers[THREADS_MAX];

static void name_init(struct name *n, unsigned i)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "svc-%u.bench.example.", i);
	n->len = (uint8_t)wire_name_from_text(text, n->wire);
}

static void fill(void)
{
	struct wire_builder *b = wire_builder_new();
	const uint8_t address[4] = {192, 0, 2, 1};

	for (unsigned i = 0; i < NAMES; i++) {
		struct cache_key k;
		struct cache_store how = {.ttl_s = 3600, .keep_s = 3600, .now_ns = clock_mono_ns(), .ede = -1};
		uint8_t question[NAME_LEN + 4];
		struct arena a;

		name_init(&names[i], i);
		arena_init(&a, NULL, 0, NULL);
		memcpy(question, names[i].wire, names[i].len);
		wire_put_u16(question + names[i].len, TYPE_A);
		wire_put_u16(question + names[i].len + 2, CLASS_IN);
		wire_build_begin(b, question, (uint16_t)(names[i].len + 4), FLAG_RA);
		(void)wire_build_rr(b, SECTION_ANSWER, true, question, TYPE_A, CLASS_IN, 300, address, 4);
		k = cache_key(cache, names[i].wire, names[i].len, TYPE_A, CLASS_IN, 0);
		if (!cache_store(cache, &k, wire_build_end(b, &a, RCODE_NOERROR), &how, NULL))
			abort();
		arena_fini(&a);
	}
	wire_builder_free(b);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void *look(void *arg)
{
	struct looker *l = arg;
	uint64_t begin = thread_cpu_ns(), now = clock_mono_ns();

	for (unsigned long i = 0; i < lookups; i++) {
		uint32_t r = next(&l->seed);
		const struct name *n = &names[r % HOT ? r / HOT % NAMES : 0];
		struct cache_key k = cache_key(cache, n->wire, n->len, TYPE_A, CLASS_IN, 0);
		struct cache_hit hit;
		struct arena a;

		arena_init(&a, l->room, sizeof(l->room), NULL);
		l->hits += cache_find(cache, &k, now, &a, NULL, &hit) == CACHE_HIT;
		arena_fini(&a);
	}
	l->cpu_ns = thread_cpu_ns() - begin;
	return NULL;
}

/* CPU nanoseconds a lookup, the mean over `n` threads. */
static double measure(unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		lookers[i].seed = i + 1;
		lookers[i].hits = 0;
		if (pthread_create(&lookers[i].thread, NULL, look, &lookers[i]))
			abort();
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(lookers[i].thread, NULL);
		if (lookers[i].hits != lookups)
			abort();
		sum += lookers[i].cpu_ns;
	}
	return (double)sum / (double)n / (double)lookups;
}

int main(int argc, char **argv)
{
	static const unsigned usual[] = {1, 2, 4, 8, 16};
	const struct cache_config cfg = {{NAMES * 2, 64}, SIZE_MAX, 0};
	double alone;

	if (argc > 1)
		lookups = strtoul(argv[1], NULL, 10);
	cache = cache_new(&cfg);
	if (!cache || !lookups)
		return 1;
	fill();
	alone = measure(1);
	for (int i = 0; i < (argc > 2 ? argc - 2 : 5); i++) {
		unsigned n = argc > 2 ? (unsigned)strtoul(argv[i + 2], NULL, 10) : usual[i];
		double ns = n && n <= THREADS_MAX ? measure(n) : 0;

		printf("%2u threads: %6.1f ns a hit, %4.2f of one thread alone\n", n, ns, ns / alone);
	}
	cache_put(cache);
	return 0;
}
