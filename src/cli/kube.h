// SPDX-License-Identifier: Apache-2.0
/* binnacle kube dump: what the server would know of a cluster, as JSON lines on standard output. */
#pragma once

/* argv[0] is "kube".  Returns the exit status. */
int kube_command(int argc, char **argv);
