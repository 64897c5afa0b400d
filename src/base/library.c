// SPDX-License-Identifier: Apache-2.0
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* dlerror() begins with the library's name. */
static int refuse(struct library *l, const char *symbol)
{
	const char *why = dlerror();

	if (symbol)
		(void)snprintf(l->error, sizeof(l->error), "%s: it has no %s", l->soname, symbol);
	else
		(void)snprintf(l->error, sizeof(l->error), "%s", why ? why : l->soname);
	return -ENOENT;
}

/* All of them, or none is there. */
static int fill(struct library *l, void *handle)
{
	unsigned n = 0;

	for (; l->names[n]; n++) {
		void *function = dlsym(handle, l->names[n]);

		if (!function)
			return refuse(l, l->names[n]);
		memcpy((char *)l->functions + n * sizeof(function), &function, sizeof(function));
	}
	return 0;
}

/* Lazily: what a library needs of others is looked up when it is called, which touches fewer pages than all at once.  Functions
 * that we call are looked up here.  Locally: its names satisfy nobody else's needs. */
static int load(struct library *l)
{
	void *handle = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL);
	int err = handle ? fill(l, handle) : refuse(l, NULL);

	if (err && handle)
		(void)dlclose(handle);
	atomic_store_explicit(&l->loaded, !err, memory_order_release);
	return err;
}

int library_load(struct library *l, const char **ret_error)
{
	int err = 0;

	if (atomic_load_explicit(&l->loaded, memory_order_acquire))
		return 0;
	(void)pthread_mutex_lock(&lock);
	if (!atomic_load_explicit(&l->loaded, memory_order_relaxed))
		err = load(l);
	(void)pthread_mutex_unlock(&lock);
	*ret_error = err ? l->error : NULL;
	return err;
}

int library_load_all(struct library *const *libraries, const char **ret_error)
{
	int err = 0;

	*ret_error = NULL;
	for (; libraries && *libraries && !err; libraries++)
		err = library_load(*libraries, ret_error);
	return err;
}

bool library_loaded(const struct library *l)
{
	return atomic_load_explicit(&l->loaded, memory_order_acquire);
}
