// SPDX-License-Identifier: Apache-2.0
/* The plugins of a cluster in virtual time: a server block, a store filled from text, questions, answers as text. */
#pragma once

#include "fake_door.h"
#include "kube_client_stub.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

extern struct fake_server cluster;

/* Start a server on `corefile` with its plugins; `objects`: as kube_stub_put, NULL at the end.  Everything is synced unless
 * `unsynced`. */
void cluster_start(const char *corefile, const char *const *objects, bool unsynced);
void cluster_stop(void);

/* Ask over a stream (nothing is cut) as 192.0.2.CLIENT and let `ms` pass; the answer as text in static memory:
 *   "NOERROR aa" and a line a record, "AN owner ttl TYPE rdata", AU, AD; "(none)" without an answer. */
const char *cluster_ask_as(unsigned client, const char *name, uint16_t type, unsigned ms);
const char *cluster_ask(const char *name, uint16_t type);

/* The answer has exactly these lines, in any order ('\n' between them). */
#define assert_answer(name, type, want) assert_answer_at(name, type, want, __FILE__, __LINE__)
void assert_answer_at(const char *name, uint16_t type, const char *want, const char *file, int line);
