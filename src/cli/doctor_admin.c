// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_admin.h"

#include "cli/admin_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *doctor_admin_status(const char *name, const char **ret_where)
{
	static char where[ADMIN_NAME_MAX + 40];
	char found[ADMIN_NAME_MAX] = "", *reply;

	if (name && strcmp(name, "off") == 0)
		return NULL;
	reply = name ? admin_ask(name, "status") : admin_try("status", found);
	snprintf(where, sizeof(where), "admin data of %s", name ? name : found);
	*ret_where = where;
	if (reply && reply[0] == '{')
		return reply;
	free(reply); /* an older one, which knows no such request */
	return NULL;
}
