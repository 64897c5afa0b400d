// SPDX-License-Identifier: Apache-2.0
/* Reading two-byte length framing (RFC 1035 4.2.2). */

#include "upstream/tcp_kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MAX = 4096 /* a buffer of more is given back once its message is done */ };

/* Keep a part.  As soon as the length is known there is room for the whole. */
static int keep(struct frame_reader *r, const uint8_t *data, size_t len)
{
	size_t need = r->len + len;

	if (r->len >= 2)
		need = 2u + wire_u16(r->buf);
	else if (r->len == 0 && len >= 2)
		need = 2u + wire_u16(data);
	if (need > r->cap) {
		size_t cap = need < 512 ? 512 : need;
		uint8_t *buf = realloc(r->buf, cap);

		if (!buf)
			return -ENOMEM;
		r->buf = buf;
		r->cap = (uint32_t)cap;
	}
	memcpy(r->buf + r->len, data, len);
	r->len += (uint32_t)len;
	return 0;
}

/* How many bytes the kept message still lacks, as far as that is known. */
static size_t lacking(const struct frame_reader *r)
{
	if (r->len < 2)
		return 2 - r->len;
	return 2u + wire_u16(r->buf) - r->len;
}

/* Go on with a message that came in parts. */
static int go_on(struct frame_reader *r, const uint8_t **data, size_t *len)
{
	while (*len && lacking(r)) {
		size_t n = lacking(r) < *len ? lacking(r) : *len;
		int err = keep(r, *data, n);

		if (err)
			return err;
		*data += n;
		*len -= n;
		if (r->len == 2 && wire_u16(r->buf) == 0)
			return -EBADMSG;
	}
	return 0;
}

static void done_with(struct frame_reader *r)
{
	r->len = 0;
	if (r->cap > KEEP_MAX)
		upstream_frame_fini(r);
}

int upstream_frame_read(struct frame_reader *r, const uint8_t *data, size_t len, frame_fn fn, void *arg)
{
	if (r->len) {
		int err = go_on(r, &data, &len);

		if (err || lacking(r))
			return err;
		fn(arg, r->buf + 2, r->len - 2);
		done_with(r);
	}
	while (len >= 2 && len - 2 >= wire_u16(data)) {
		size_t n = wire_u16(data);

		if (n == 0)
			return -EBADMSG;
		fn(arg, data + 2, n);
		data += 2 + n;
		len -= 2 + n;
	}
	return len ? keep(r, data, len) : 0;
}

void upstream_frame_fini(struct frame_reader *r)
{
	free(r->buf);
	*r = (struct frame_reader){0};
}
