// SPDX-License-Identifier: Apache-2.0
/* The server in a world: src/server with its workers as turns instead of threads.
 *
 * It stands in for src/server/runtime.c; publish.c, ports.c and all the rest are the real ones.  What blocks
 * there (server_on_all) lets the world go on here until all workers have done their part, so it is called
 * from outside of events. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `worker_bytes`: the in-flight limit. */
void sim_server_start(unsigned n_workers, size_t worker_bytes);
/* Build a Corefile and make it serve.  Told as wrong when it fails. */
void sim_server_publish(const char *corefile);
/* Free generations that have ended, cancel those whose time is over. */
void sim_server_control(void);
/* As `binnacle flush NAME`, or of all (NULL). */
void sim_server_flush(const uint8_t *name);
/* Nobody asks and all upstreams are well: nothing may be open but the listeners. */
void sim_server_at_rest(void);
/* Answer what is in flight, end, look for what is left over. */
void sim_server_stop(void);
/* The most that queries have held, bytes. */
size_t sim_server_in_flight(void);
