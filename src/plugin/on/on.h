// SPDX-License-Identifier: Apache-2.0
/* on: on.c the grammar, words.c a command line into words. */
#pragma once

#include "base/compiler.h"
#include "corefile/corefile.h"

struct arena;

/* Split as a shell would, without its expansions: blanks part words, '...' and "..." keep them together (in the latter and
 * outside \ takes the next character as it is).  A token that was quoted in the Corefile is a word, or part of one, as it
 * stands, unless it is the only token: then it is the command line.  *ret ends with NULL.
 * Number of words; -EINVAL: a quote is not closed; -ENOMEM. */
int on_words(struct arena *a, const struct cf_token *const *tokens, size_t n, const char *const **ret) MUST_USE;
