// SPDX-License-Identifier: Apache-2.0
/* A hosts table: names and addresses from text, made once, then only read.
 *
 *   192.0.2.1  www.example.org www   # comment        one address and its names a line
 *
 *   names: hash -> name -> its IPv4 and IPv6 addresses, in the order of the lines
 *   addresses: hash -> address -> its names, likewise (reverse; not for `*.` names)
 *
 * 100,000 lines take about 50 ms and 17 MiB.  Frozen after hosts_table_new; lookups by any thread. */
#pragma once

#include "base/compiler.h"
#include "corefile/corefile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosts_table;

/* What of the text is wanted. */
struct hosts_scope {
	const struct cf_keys *zones; /* names in none of them are left out */
	bool reverse;                /* answer for addresses too */
};

enum hosts_family { HOSTS_V4, HOSTS_V6 };

/* `text` is not needed afterwards.  Lines that are none (no address, no name, names that cannot be) are left out, as in the
 * peer.  NULL: no memory. */
struct hosts_table *hosts_table_new(const char *text, size_t len, const struct hosts_scope *scope);
void hosts_table_free(struct hosts_table *t);

/* Names with an address, and addresses with a name, as the peer counts them. */
size_t hosts_table_entries(const struct hosts_table *t);

/* Names are wire form, lower case.  NULL: not there. */
struct hosts_name;
const struct hosts_name *hosts_table_find(const struct hosts_table *t, const uint8_t *name, size_t len);
size_t hosts_name_count(const struct hosts_name *n, enum hosts_family f);
/* Copy the addresses, at most `max` of 4 or 16 bytes each; how many. */
size_t hosts_name_copy(const struct hosts_table *t, const struct hosts_name *n, enum hosts_family f, uint8_t *out,
		       size_t max);

/* The names of an address: call back for each, until it returns other than 0, which is returned. */
int hosts_table_names(const struct hosts_table *t, const uint8_t *addr, enum hosts_family f,
		      int (*fn)(void *arg, const uint8_t *name, size_t len), void *arg);
