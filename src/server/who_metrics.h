// SPDX-License-Identifier: Apache-2.0
/* Who asks what, as metrics.
 *
 * Always: what part of the last minute's questions the three most frequent clients, names and zones have, by rank: nine series,
 * whatever is asked.  Which ones they are is told only where it was asked for, WHO_TOP of each at most, because then what clients send
 * becomes a label.  A report is taken before each scrape. */
#pragma once

/* Before the first scrape; a server that has ended shows 0.  Control. */
void who_metrics_start(void);
/* Show the `n` most frequent by name, 1 to WHO_TOP, until who_metrics_unwant with the same number; of several the largest counts.
 * Thread: control. */
void who_metrics_want(unsigned n);
void who_metrics_unwant(unsigned n);
