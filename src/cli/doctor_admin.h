// SPDX-License-Identifier: Apache-2.0
/* What the Binnacle that runs here says of itself, for doctor. */
#pragma once

/* Its status document (malloc'ed), or NULL.  `name`: -admin; NULL: the only server in this network namespace, and nothing is
 * said where there is none, or several.  *ret_where: what to call it, static. */
char *doctor_admin_status(const char *name, const char **ret_where);
