// SPDX-License-Identifier: Apache-2.0
/* The parts of the sandbox; not for others.  See sandbox.h. */
#pragma once

#include "base/compiler.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names, NULL at the end.  Those that an architecture or libseccomp does not know are passed over. */
extern const char *const sandbox_hot_calls[]; /* what answering a query takes; first in the filter */
extern const char *const sandbox_calls[]; /* the rest of what serving takes */
extern const char *const sandbox_command_calls[]; /* processes, and what ordinary programs need */
extern const char *const sandbox_sanitizer_calls[]; /* reports and leak checks; in sanitized builds only */
extern const char *const sandbox_absent_calls[]; /* "no such call" has a fallback that is on the list */

/* This build's code is instrumented. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                                   \
	__has_feature(undefined_behavior_sanitizer)
#define SANDBOX_SANITIZED true
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED false
#endif

/* All rules of a filter.  `otherwise`: for what is not on the list.  `arch`: 0, this machine's.  NULL: no memory, or
 * a rule was not taken. */
scmp_filter_ctx sandbox_filter(uint32_t otherwise, uint32_t arch, bool commands);

/* sandbox_report.c: SIGSYS tells which call it was before the process ends.  0 or -errno. */
int sandbox_report_start(void) MUST_USE;
