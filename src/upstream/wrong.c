// SPDX-License-Identifier: Apache-2.0
/* What answers no question that was asked: counted, and shown where `debug` is on. */
#include "base/log.h"
#include "upstream/internal.h"

enum { SHOWN_BYTES = 64 };

static void show(const struct upstream_server *server, const uint8_t *data, size_t len)
{
	char hex[2 * SHOWN_BYTES + 1];
	size_t n = len < SHOWN_BYTES ? len : SHOWN_BYTES;

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = "0123456789abcdef"[data[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[data[i] & 15];
	}
	hex[2 * n] = '\0';
	log_line(LOG_DEBUG, "plugin/forward: wrong reply from %s, dropped: %zu bytes, debug: %s%s",
		 server->text, len, hex, n < len ? "..." : "");
}

void upstream_wrong_reply(struct upstream_worker *w, const struct upstream_server *server,
			  const uint8_t *data, size_t len)
{
	metric_inc(w->env.cells, server->series.mismatched);
	if (unlikely(log_debug_on()))
		show(server, data, len);
}
