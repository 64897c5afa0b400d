// SPDX-License-Identifier: Apache-2.0
/* The API client: one per set of options, shared by all generations and server blocks that ask for the same.
 *
 *     plugin setup    kube_options_check   read kubeconfig and files, errors to the Corefile's reader; no
 * side effects
 *     plugin start    kube_open            the running client with these options, or a new one that begins to
 * list
 *     queries         kube_store(client)   read the store (kube/store.h)
 *     plugin stop     kube_close           the last one to close ends it
 *
 * A reload with unchanged options opens the new generation's before the old one's is closed, so it finds the
 * client running, lists nothing again and is synced at once.
 *
 * All clients work on one thread, "kube", started by the first kube_open and ended by the last kube_close. */
#pragma once

#include "base/compiler.h"
#include "kube/object.h"
#include "kube/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_client;
struct library;

/* What kube_open needs and loads.  Who names them before can refuse earlier. */
extern struct library *const kube_libraries[];

/* What the Corefile says.  Strings NULL or "": not given.  All are copied. */
struct kube_options {
	const char *endpoint; /* URL; none and no kubeconfig: in-cluster */
	const char *cert, *key, *ca; /* tls; with `endpoint` */
	const char *kubeconfig, *context; /* context: none: the file's current one */
	const char *labels; /* label selector of Services, slices, Pods */
	const char *namespace_labels; /* of Namespaces (and ServiceImports) */
	bool no_endpoints; /* noendpoints */
	bool pods; /* pods verified */
	bool multicluster;
	unsigned keep; /* KUBE_KEEP_* (object.h) */
	double qps; /* requests a second; 0: 5 */
	unsigned burst; /* 0: 10 */
	unsigned max_inflight; /* lists at the same time; 0: no limit */
	unsigned check_s; /* seconds between comparisons with the server; 0: 30 to 60 minutes */
	unsigned silence_s; /* a watch without a byte is asked for anew after so long, or more than twice that where pings are
			     * answered; 0: 75 */
};

enum { KUBE_ERROR_MAX = 512 };

/* All that can be known without the API server: the kubeconfig and the files it names, the in-cluster
 * environment. 0, or ERR_SYNTAX with a text in `error` that names file and field.  Thread: builder. */
int kube_options_check(const struct kube_options *o, char error[KUBE_ERROR_MAX]) MUST_USE;

/* Whether who we are to the API server is told by a program (exec in the kubeconfig).  Reads it again.  Thread: builder. */
bool kube_options_run_commands(const struct kube_options *o);

/* The client with these options; another reference when it runs already.  0, ERR_SYNTAX (as
 * kube_options_check) or -errno, with `error`.  Thread: control, builder. */
int kube_open(const struct kube_options *o, struct kube_client **ret, char error[KUBE_ERROR_MAX]) MUST_USE;
/* Give a reference back.  No reader uses the store any more after a grace period (base/rcu.h).  Blocks for
 * a request to be given up, at most some milliseconds.  NULL is left alone.  Thread: as kube_open. */
void kube_close(struct kube_client *c);

/* The store: same pointer as long as the client is open. */
const struct kube_store *kube_client_store(const struct kube_client *c);
/* All watched kinds have been listed once.  Thread: any. */
bool kube_synced(const struct kube_client *c);
/* Its API server does not answer now.  Thread: any. */
bool kube_away(const struct kube_client *c);
/* Unix time of the last event of a kind's watch; 0: none yet, or not watched.  Thread: any. */
uint64_t kube_last_event_s(const struct kube_client *c, enum kube_kind kind);

/* Run fn(arg) in the client's thread, where the store may be read at leisure, and wait for it.  Thread: as
 * kube_open. */
void kube_run(struct kube_client *c, void (*fn)(void *arg), void *arg);
