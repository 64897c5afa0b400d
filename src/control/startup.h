// SPDX-License-Identifier: Apache-2.0
/* What the server says of itself: zones at start, version, plugins.  Thread: control. */
#pragma once

#include <stdbool.h>

struct generation;

/* One line per zone and listener (".:53", "example.org.:53 on 127.0.0.1"), sorted within a listener. */
void startup_zones(const struct generation *g, bool quiet);
/* The version, and a line that sums up: workers, ports, zones, plugins. */
void startup_summary(const struct generation *g, bool quiet);
/* "Binnacle-VERSION" and "linux/amd64, COMPILER, COMMIT". */
void startup_version(void);
/* Which build this is, as metrics. */
void startup_build_info(void);
/* One plugin of this build a line, sorted, `on` last. */
void startup_plugins(void);
