// SPDX-License-Identifier: Apache-2.0
/* A Corefile as text that is changed and written again: lines of words, the blocks behind them, the comments.
 *
 * Words stay as they were written, with quotes and {$VARIABLES}; imports and snippets are lines like others.  So
 * what nobody touches comes out as it went in, indented anew.
 * Refused, with FILE:LINE: braces that stand otherwise than `{` at a line's end and `}` on a line of its own, and
 * a block that is not closed.  Memory comes from one arena and lives as long as it.  Thread: main. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cf_errors;

struct conv_word {
	const char *text;
	struct conv_word *next;
};

/* One line with its block: a server block (its words are the keys), a directive, an option, or what is in that. */
struct conv_node {
	struct conv_word *words; /* never empty, but for the root's */
	const char *comment; /* behind them, from its `#`; or NULL */
	const char *above; /* lines of comments before it, each ended by a line feed; or NULL */
	const char *below; /* ...before the end of its block */
	bool has_block;
	unsigned line; /* 0: not from the file */
	struct conv_node *first, *next;
};

/* `root`'s lines are the server blocks.  0; ERR_SYNTAX with an error recorded; -ENOMEM. */
int conv_read(struct arena *a, const char *file, const char *text, size_t len, struct cf_errors *errs,
	      struct conv_node **ret_root) MUST_USE;
void conv_print(const struct conv_node *root, FILE *to);

/* A line of these words (separated by single blanks), in no block yet; NULL: out of memory. */
struct conv_node *conv_new(struct arena *a, const char *words) MUST_USE;
/* As the last line of `in`'s block. */
void conv_append(struct conv_node *in, struct conv_node *n);
void conv_remove(struct conv_node *from, const struct conv_node *n);
/* The first line of the block that begins with `name`, or NULL. */
struct conv_node *conv_find(const struct conv_node *in, const char *name);
bool conv_is(const struct conv_node *n, const char *name);
/* The i-th word behind the name, from 0, or NULL. */
struct conv_word *conv_arg(const struct conv_node *n, size_t i);
size_t conv_n_args(const struct conv_node *n);
