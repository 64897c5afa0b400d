// SPDX-License-Identifier: Apache-2.0
/* binnacle top: what the server that runs here does now, in a terminal.  Exit status: 0; 1: no server, or it has gone, or
 * bad arguments. */
#pragma once

struct options;

int top(const struct options *o);
