// SPDX-License-Identifier: Apache-2.0
/* The system-call filter (seccomp), on for every thread from before the first plugin starts until the end.
 *
 * What is on the list: memory, threads, time, sockets of IP, unix and netlink, files.  That is what any Corefile can need, so
 * a reload finds it all.  What is not, unless the Corefile that was loaded at start runs commands (`on`, credential
 * plugins): execve and new processes, with everything that an ordinary program calls; a filter outlives execve, so the
 * commands live under it too.  Never: mounts, modules, other processes' memory, tracing, keys, bpf, clocks, identities
 * beyond those of commands, raw sockets.
 * A call that is not on the list ends the process with SIGSYS, after a line on stderr that names it.
 *
 * sandbox_calls.c    the lists              sandbox_filter.c   lists -> filter
 * sandbox_report.c   the line               sandbox.c          when, and what a reload may ask for
 * caps.c             capabilities
 * Thread: control, but for sandbox_starting at a reload: builder. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct generation;

enum sandbox_mode {
	SANDBOX_DEFAULT, /* as ON, but a kernel that has no filters is only warned of */
	SANDBOX_OFF,
	SANDBOX_LOG, /* calls off the list are allowed and logged by the kernel (audit) */
	SANDBOX_ON,
};

/* "on", "log", "off", or NULL for the default.  False: none of them. */
bool sandbox_mode_read(const char *text, enum sandbox_mode *ret) MUST_USE;

/* Before the workers are made. */
void sandbox_prepare(enum sandbox_mode mode);
/* A server_options.starting.  The first generation: capabilities are given up and the filter that it needs is put on, in all
 * threads.  Later ones: may they serve under that filter?  0, or an error with the reason in *ret_error (static). */
int sandbox_starting(struct generation *g, const char **ret_error) MUST_USE;
