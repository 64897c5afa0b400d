// SPDX-License-Identifier: Apache-2.0
/* Compiler marks and three small macros.  Nothing else belongs here. */
#pragma once

#include <stddef.h>

#define MUST_USE     __attribute__((warn_unused_result))
#define NONNULL      __attribute__((nonnull))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define COLD         __attribute__((cold))
#define UNUSED       __attribute__((unused))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that holds `member`, from a pointer to the member. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
