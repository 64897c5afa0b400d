// SPDX-License-Identifier: Apache-2.0
/* What the kernel knows of this process, as metrics. */
#pragma once

/* Register process_* (once or more).  Control. */
void metrics_process_start(void);
/* Register binnacle_runtime_*: CPU time by thread, page faults, context switches, the allocator
 * (`runtime_metrics` of the prometheus plugin).  Once or more. */
void metrics_runtime_start(void);
