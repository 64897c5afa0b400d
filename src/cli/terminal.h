// SPDX-License-Identifier: Apache-2.0
/* A terminal that is drawn on as a whole, and given back as it was: the other screen, no cursor, keys without Enter.
 * One of them a process; it takes over SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

enum terminal_event { TERMINAL_TIME, TERMINAL_KEY, TERMINAL_REDRAW, TERMINAL_END };

/* Standard input and output are one, and can be drawn on. */
bool terminal_there(void);
/* 0 or -errno. */
int terminal_begin(void) MUST_USE;
/* As it was.  Twice is harmless. */
void terminal_end(void);
/* Rows and columns, or 24 by 80 where it does not say. */
void terminal_size(unsigned *ret_rows, unsigned *ret_cols);
/* Wait so long for something to happen: a key (*ret_key), another size or the return from a stop, a signal that ends or the end of
 * input. */
enum terminal_event terminal_wait(unsigned ms, char *ret_key);
/* Show `lines`, each with its '\n', in place of what was there; those that begin with `heading` are bold, without it. */
void terminal_draw(const char *lines, char heading);
