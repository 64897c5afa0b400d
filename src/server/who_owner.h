// SPDX-License-Identifier: Apache-2.0
/* Whose address is it?  Plugins that know (kubernetes) say so from their start() to their stop().
 * Thread: adding and dropping: control; asking: any thread but a worker's. */
#pragma once

#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>

enum { WHO_OWNER_MAX = 160, WHO_OWNER_SOURCES_MAX = 32 };

/* What is known of an address.  No guesses: of several owners nothing is said. */
enum who_owner_kind { WHO_OWNER_NONE, WHO_OWNER_POD, WHO_OWNER_SERVICE, WHO_OWNER_NAMESPACE };

struct who_owner {
	enum who_owner_kind kind;
	char text[WHO_OWNER_MAX]; /* "namespace/pod", "namespace/service" (one of its endpoints), "namespace" */
};

/* addr: 4 or 16 bytes.  False: not known.  Called by one thread at a time, not by a worker. */
typedef bool (*who_owner_fn)(void *arg, const uint8_t *addr, size_t len, struct who_owner *ret);

/* Beyond WHO_OWNER_SOURCES_MAX they are not asked. */
void who_owner_add(who_owner_fn fn, void *arg);
/* `arg` is not used any more when this returns. */
void who_owner_drop(void *arg);
/* The first source that knows, the newest asked first; else WHO_OWNER_NONE. */
void who_owner_find(const uint8_t *addr, size_t len, struct who_owner *ret);
/* "pod", "service", "namespace". */
const char *who_owner_kind_text(enum who_owner_kind kind);
