// SPDX-License-Identifier: Apache-2.0
/* binnacle doctor: from "the Pod can't find the name" to the cause. */
#pragma once

/* argv[0] is "doctor".  The exit status: 0 healthy, 1 fault found, 2 could not tell, 3 usage or no memory. */
int doctor_command(int argc, char **argv);
