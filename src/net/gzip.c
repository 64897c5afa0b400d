// SPDX-License-Identifier: Apache-2.0
#include "net/gzip.h"

#include "foreign/zlib.h"

#include <stdint.h>
#include <stdlib.h>

enum { WINDOW_BITS = 15 + 16, MEMORY_LEVEL = 8 }; /* the largest window, in gzip's wrapping; zlib's default */

static bool start(z_stream *z)
{
	/* What the header's macro deflateInit2 says. */
	return libz.deflateInit2_(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY,
				  ZLIB_VERSION, (int)sizeof(*z)) == Z_OK;
}

char *gzip_bytes(const void *data, size_t len, size_t *ret_len)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	size_t cap;
	char *out;
	int status;

	if (!start(&z))
		return NULL;
	cap = libz.deflateBound(&z, len);
	out = malloc(cap);
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)cap;
	status = out ? libz.deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	*ret_len = z.total_out;
	(void)libz.deflateEnd(&z); /* of a stream that it has started: cannot fail */
	if (status == Z_STREAM_END)
		return out;
	free(out);
	return NULL;
}
