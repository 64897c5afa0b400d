// SPDX-License-Identifier: Apache-2.0
/* `binnacle convert corefile`: a Corefile of an older CoreDNS becomes one for 1.14.7, by the steps that CoreDNS's own
 * migration tool takes (options and plugins deprecated, ignored, removed or added as defaults, since 1.1.3). */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"

struct cf_errors;
struct conv_node;

/* "1.N" or "1.N.M", with or without "v", as one number that can be compared; 0: not of this form. */
unsigned migrate_version(const char *text);
/* Versions from..1.14.7 can be migrated from. */
#define MIGRATE_OLDEST "1.1.3"
#define MIGRATE_NEWEST "1.14.7"

/* Change the Corefile (conv_read) in place; each change is recorded as a warning, what cannot be changed as an error.
 * 0; ERR_SYNTAX; -ENOMEM.  Thread: main. */
int migrate(struct arena *a, const char *file, struct conv_node *root, unsigned from,
	    struct cf_errors *errs) MUST_USE;
