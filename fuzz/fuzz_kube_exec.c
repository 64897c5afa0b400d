// SPDX-License-Identifier: Apache-2.0
/* Error bodies (Status) and the output of exec plugins.  Input: one byte (bit 0: which), then the text. */
#include "fuzz.h"

#include "kube/exec.h"
#include "kube/stream.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube_status st;
	char text[256];

	if (size < 1)
		return 0;
	if (data[0] & 1) {
		int err = kube_status_read(data + 1, size - 1, &st, text);
		FUZZ_CHECK(err || (st.code >= 0 && st.code < 1000));
		FUZZ_CHECK(memchr(text, '\0', sizeof(text)));
	} else {
		struct kube_exec e = {.fd = -1};

		e.api_version = strdup("client.authentication.k8s.io/v1");
		int err = kube_exec_parse(&e, (const char *)data + 1, size - 1, text, sizeof(text));
		FUZZ_CHECK(err || e.token || (e.cert && e.key));
		free(e.token);
		free(e.cert);
		free(e.key);
		free(e.api_version);
	}
	return 0;
}
