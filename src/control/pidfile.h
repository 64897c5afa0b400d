// SPDX-License-Identifier: Apache-2.0
/* The -pidfile: written after a successful start, removed at the end.  NULL paths do nothing; failures are logged
 * and change nothing else, as with CoreDNS.  Thread: control. */
#pragma once

void pidfile_write(const char *path);
void pidfile_remove(const char *path);
