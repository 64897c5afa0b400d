// SPDX-License-Identifier: Apache-2.0
/* Reading single objects from the API server, one request after the other.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"
#include "kube/auth.h"

#include <cjson/cJSON.h>

enum { API_BODY_MAX = 16 << 20, API_TIMEOUT_MS = 10000, API_EXEC_TIMEOUT_MS = 60000 };

struct doctor_options;

struct api {
	struct observed_world *w;
	struct kube_auth auth;
	struct kube_http *http;
};

/* Who we are, by the options.  0; -ENOENT: nothing says where an API server is; or another error.  Except for 0 the reason
 * stands in world->kube.error.  Fills in kube.tried and kube.where. */
int api_open(struct api *a, struct observed_world *w, const struct doctor_options *o) MUST_USE;
void api_close(struct api *a);

/* GET a path.  The object (the caller's, cJSON_Delete), or NULL: *ret_status is its HTTP status (403 has been noted in
 * kube.refused), or 0 when no answer came (noted in kube.error). */
cJSON *api_get(struct api *a, const char *verb, const char *resource, const char *ns, const char *path, int *ret_status)
	MUST_USE;

/* The first element of a list (NULL: none); `next` leads on. */
static inline const cJSON *api_first(const cJSON *list)
{
	return list ? list->child : NULL;
}
/* Members by a path of names; NULL when one is missing or of another kind. */
const cJSON *api_member(const cJSON *o, const char *name);
const char *api_text(const cJSON *o, const char *name);
/* The text of o.metadata.name and so on. */
const char *api_text2(const cJSON *o, const char *first, const char *second);
