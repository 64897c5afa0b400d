// SPDX-License-Identifier: Apache-2.0
#include "control/caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>

/* The bounding set goes first, and only with CAP_SETPCAP; without that it means nothing to us either: no_new_privs keeps
 * programs from gaining what is in it. */
static int apply(bool keep)
{
	bool bounding = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(CAPNG_SELECT_ALL);
	if (keep && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_BIND_SERVICE))
		return -EINVAL;
	if (bounding && capng_apply(CAPNG_SELECT_BOUNDS))
		return -EPERM;
	/* What is not inheritable cannot stay ambient: the kernel takes that along. */
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

int caps_drop(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -errno;
	if (capng_get_caps_process())
		return -EINVAL;
	return apply(capng_have_capability(CAPNG_PERMITTED, CAP_NET_BIND_SERVICE));
}
