// SPDX-License-Identifier: Apache-2.0
/* The thread "kube" and the clients that live on it.
 *
 * kube_open and kube_close (control, builder) are serialized by `open_lock`; they reach into the thread by
 * calls that it runs between two turns.  The list of clients is changed by the thread alone, under
 * `list_lock`, which the readers of metrics take too. */
#include "kube/client_internal.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/library.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "kube/pace.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { TURN_MAX_MS = 60000, FDS_MAX = 8 };

struct kube_loop kube_loop;

/* A call into the thread. */
struct call {
	struct call *next;
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kube_client *clients; /* read: list_lock or the thread; written: the thread under it */

static struct {
	pthread_t thread;
	bool running, ending;
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct call *calls;
	struct kube_pace pace;
} loop = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

/* ---------------------------------------------------------------- the thread */

static struct call *take_call(void)
{
	struct call *c;

	pthread_mutex_lock(&loop.lock);
	c = loop.calls;
	if (c)
		loop.calls = c->next;
	pthread_mutex_unlock(&loop.lock);
	return c;
}

static void run_calls(void)
{
	struct call *c;

	while ((c = take_call())) {
		c->fn(c->arg);
		pthread_mutex_lock(&loop.lock);
		c->done = true;
		pthread_cond_broadcast(&loop.done);
		pthread_mutex_unlock(&loop.lock);
	}
}

/* Outputs of exec plugins. */
static size_t fds_to_poll(struct pollfd *fds)
{
	size_t n = 0;

	for (struct kube_client *c = clients; c && n < FDS_MAX; c = c->next) {
		int fd = kube_auth_fd(&c->auth);

		if (fd >= 0)
			fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	return n;
}

static int turn_timeout_ms(uint64_t again_ns)
{
	uint64_t now = clock_mono_ns();

	if (again_ns <= now)
		return 0;
	if (again_ns - now > TURN_MAX_MS * NS_PER_MS)
		return TURN_MAX_MS;
	return (int)((again_ns - now) / NS_PER_MS) + 1;
}

/* After a turn that brought so many bytes. */
static void rest(size_t bytes)
{
	struct timespec t = {.tv_nsec = (long)(kube_pace(&loop.pace, clock_mono_ns(), bytes) * NS_PER_MS)};

	if (t.tv_nsec)
		(void)nanosleep(&t, NULL);
}

static void *run(void *arg)
{
	struct pollfd fds[FDS_MAX];

	while (!loop.ending) {
		uint64_t again = UINT64_MAX, t;

		run_calls();
		kube_loop.now_ns = clock_mono_ns();
		for (struct kube_client *c = clients; c; c = c->next) {
			t = kube_client_turn(c);
			again = again < t ? again : t;
		}
		if (!loop.ending)
			rest(kube_http_turn(kube_loop.http, turn_timeout_ms(again), fds, fds_to_poll(fds)));
	}
	return NULL;
}

static int start_thread(void)
{
	int err;

	kube_loop.http = kube_http_new();
	if (!kube_loop.http)
		return -ENOMEM;
	if (!kube_loop.cells)
		kube_loop.cells = metrics_cells_new();
	if (!kube_loop.cells) {
		kube_http_free(kube_loop.http);
		return -ENOMEM;
	}
	rng_init(&kube_loop.rng);
	kube_loop.now_ns = clock_mono_ns();
	kube_metrics_start();
	loop.ending = false;
	err = thread_start(&loop.thread, run, NULL);
	if (err) {
		kube_http_free(kube_loop.http);
		return err;
	}
	(void)pthread_setname_np(loop.thread, "kube"); /* for top and gdb only */
	loop.running = true;
	return 0;
}

/* Run fn(arg) in the thread and wait. */
static void call(void (*fn)(void *arg), void *arg)
{
	struct call c = {.fn = fn, .arg = arg}, **at = &loop.calls;

	pthread_mutex_lock(&loop.lock);
	while (*at)
		at = &(*at)->next;
	*at = &c;
	kube_http_wake(kube_loop.http);
	while (!c.done)
		pthread_cond_wait(&loop.done, &loop.lock);
	pthread_mutex_unlock(&loop.lock);
}

static void end(void *arg)
{
	loop.ending = true;
}

static void stop_thread(void)
{
	call(end, NULL);
	pthread_join(loop.thread, NULL);
	kube_http_free(kube_loop.http);
	kube_loop.http = NULL;
	loop.running = false;
}

/* ---------------------------------------------------------------- options */

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_options(const struct kube_options *a, const struct kube_options *b)
{
	return same_text(a->endpoint, b->endpoint) && same_text(a->cert, b->cert) &&
	       same_text(a->key, b->key) && same_text(a->ca, b->ca) &&
	       same_text(a->kubeconfig, b->kubeconfig) && same_text(a->context, b->context) &&
	       same_text(a->labels, b->labels) && same_text(a->namespace_labels, b->namespace_labels) &&
	       a->no_endpoints == b->no_endpoints && a->pods == b->pods &&
	       a->multicluster == b->multicluster && a->keep == b->keep && a->qps == b->qps &&
	       a->burst == b->burst && a->max_inflight == b->max_inflight && a->check_s == b->check_s &&
	       a->silence_s == b->silence_s;
}

/* What the kubeconfig was when it was read: another one under the same name is another client's. */
static uint64_t stamp_of(const struct kube_options *o)
{
	struct stat st;

	if (!o->kubeconfig || !*o->kubeconfig || stat(o->kubeconfig, &st))
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec +
	       (uint64_t)st.st_ino * 31 + (uint64_t)st.st_size * 7;
}

static const char **text_at(struct kube_options *o, size_t i)
{
	const char **const texts[] = {&o->endpoint,   &o->cert,    &o->key,    &o->ca,
				      &o->kubeconfig, &o->context, &o->labels, &o->namespace_labels};

	return i < ARRAY_LEN(texts) ? texts[i] : NULL;
}

static int copy_options(struct kube_options *to, const struct kube_options *from)
{
	const char **text;
	int err = 0;

	*to = *from;
	for (size_t i = 0; (text = text_at(to, i)); i++) {
		*text = strdup(*text ? *text : "");
		err = *text ? err : -ENOMEM;
	}
	return err;
}

static void free_options(struct kube_options *o)
{
	const char **text;

	for (size_t i = 0; (text = text_at(o, i)); i++)
		free((void *)(uintptr_t)*text);
}

int kube_options_check(const struct kube_options *o, char error[KUBE_ERROR_MAX])
{
	struct kube_auth a;
	int err = kube_auth_load(&a, o, error);

	kube_auth_fini(&a);
	return err;
}

/* ---------------------------------------------------------------- open and close */

static bool watches_kind(const struct kube_options *o, enum kube_kind kind)
{
	switch (kind) {
	case KUBE_SERVICE:
	case KUBE_NAMESPACE:
		return true;
	case KUBE_SLICE:
		return !o->no_endpoints;
	case KUBE_POD:
		return o->pods;
	case KUBE_IMPORT:
	case KUBE_IMPORT_SLICE:
		return o->multicluster;
	case KUBE_N_KINDS:
		break;
	}
	return false;
}

/* In the thread: it begins to list. */
static void add_client(void *arg)
{
	struct kube_client *c = arg;

	c->gate = kube_gate_get(c->auth.target.server);
	kube_metrics_client(c);
	for (enum kube_kind k = 0; k < KUBE_N_KINDS; k++) {
		if (watches_kind(&c->options, k))
			kube_watch_init(&c->watches[c->n_watches++], c, k);
	}
	c->check = kube_check_new(c);
	c->tokens_ns = kube_loop.now_ns;
	c->tokens = 1e9; /* cut to the burst at the first request */
	pthread_mutex_lock(&list_lock);
	c->next = clients;
	clients = c;
	pthread_mutex_unlock(&list_lock);
}

static void remove_client(void *arg)
{
	struct kube_client *c = arg, **at = &clients;

	while (*at != c)
		at = &(*at)->next;
	pthread_mutex_lock(&list_lock);
	*at = c->next;
	pthread_mutex_unlock(&list_lock);
	kube_check_free(c->check);
	for (size_t i = 0; i < c->n_watches; i++)
		kube_watch_fini(&c->watches[i]);
	kube_gate_put(c->gate);
}

static void free_client(struct kube_client *c)
{
	kube_auth_fini(&c->auth);
	free_options(&c->options);
	free(c);
}

static int load_libraries(char *error)
{
	const char *why;

	if (!library_load_all(kube_libraries, &why))
		return 0;
	snprintf(error, KUBE_ERROR_MAX, "needs %s", why);
	return ERR_SYNTAX;
}

static int new_client(const struct kube_options *o, struct kube_client **ret, char *error)
{
	struct kube_client *c = calloc(1, sizeof(*c));
	unsigned watched = 0;
	int err = c ? copy_options(&c->options, o) : -ENOMEM;

	if (c)
		c->stamp = stamp_of(o); /* before it is read: a change in between shows at the next reload */
	for (enum kube_kind k = 0; k < KUBE_N_KINDS; k++)
		watched |= watches_kind(o, k) ? 1u << k : 0;
	if (!err)
		err = load_libraries(error);
	if (!err)
		err = kube_auth_load(&c->auth, o, error);
	if (!err) {
		c->store = kube_store_new(o->keep, watched);
		err = c->store ? 0 : -ENOMEM;
	}
	if (!err && !loop.running)
		err = start_thread();
	if (err) {
		if (err != ERR_SYNTAX)
			snprintf(error, KUBE_ERROR_MAX, "%s", err_text(err));
		if (c) {
			kube_store_free(c->store);
			free_client(c);
		}
		return err;
	}
	c->refs = 1;
	call(add_client, c);
	*ret = c;
	return 0;
}

int kube_open(const struct kube_options *o, struct kube_client **ret, char error[KUBE_ERROR_MAX])
{
	uint64_t stamp = stamp_of(o);
	struct kube_client *c;
	int err = 0;

	pthread_mutex_lock(&open_lock);
	for (c = clients; c && !(c->stamp == stamp && same_options(&c->options, o)); c = c->next)
		;
	if (c) {
		c->refs++;
		*ret = c;
	} else {
		err = new_client(o, ret, error);
	}
	pthread_mutex_unlock(&open_lock);
	return err;
}

static void free_store(void *store)
{
	kube_store_free(store);
}

void kube_close(struct kube_client *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&open_lock);
	if (--c->refs == 0) {
		call(remove_client, c);
		rcu_free_later(free_store, c->store);
		free_client(c);
		if (!clients)
			stop_thread();
	}
	pthread_mutex_unlock(&open_lock);
}

/* ---------------------------------------------------------------- small questions */

const struct kube_store *kube_client_store(const struct kube_client *c)
{
	return c->store;
}

bool kube_synced(const struct kube_client *c)
{
	return kube_store_all_synced(c->store);
}

void kube_run(struct kube_client *c, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&open_lock);
	call(fn, arg);
	pthread_mutex_unlock(&open_lock);
}

double kube_clients_sum(double (*value)(const struct kube_client *c, enum kube_kind kind),
			enum kube_kind kind)
{
	double sum = 0;

	pthread_mutex_lock(&list_lock);
	for (const struct kube_client *c = clients; c; c = c->next)
		sum += value(c, kind);
	pthread_mutex_unlock(&list_lock);
	return sum;
}
