// SPDX-License-Identifier: Apache-2.0
/* Read-copy-update: data that workers read without a lock and that one other thread replaces.
 *
 * Workers are the readers.  Each is in a read-side section for the whole of its turn and outside of it only
 * while it sleeps (net/loop.c), so reading costs one load.  What a turn has read may be freed after that turn: an
 * RCU pointer never survives a STEP_WAIT, nor is it kept in a query.
 *
 * Writers (control, builder, background, the API client's thread) publish with rcu_set, one writer at a time per
 * pointer (its lock is theirs), and give what they took out to rcu_free_later.
 * Built on liburcu's QSBR flavour; the simulator has its own (tests/sim/rcu.c). */
#pragma once

/* Read a pointer that another thread may replace.  `p`: the pointer itself, an lvalue. */
#define rcu_get(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
/* Publish.  `at`: the address of the pointer; what `v` points to is complete by now. */
#define rcu_set(at, v) __atomic_store_n((at), (v), __ATOMIC_RELEASE)

/* A thread becomes a reader, or stops being one.  Between them it must sleep or end its turns: a reader that
 * neither does holds up every grace period.  Thread: the reader's own. */
void rcu_join(void);
void rcu_leave(void);

/* Around the reader's sleep: nothing that was read before may be used after. */
void rcu_sleep_begin(void);
void rcu_sleep_end(void);

/* Call fn(arg) once no reader can still see what was unpublished before this call.  It runs on a thread of
 * its own, in the order of the calls.  Never fails: without memory it waits for the grace period itself.
 * Thread: any that is not a reader. */
void rcu_free_later(void (*fn)(void *arg), void *arg);

/* Wait for a grace period: at most as long as the longest turn.  Thread: any that is not a reader. */
void rcu_wait(void);

/* Wait until all that was given to rcu_free_later has been called, and what those calls gave (end of the process, tests).  Thread: any that is not
 * a reader. */
void rcu_drain(void);
