// SPDX-License-Identifier: Apache-2.0
#include "kube/proto.h"

#include "base/compiler.h"

#include <errno.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

int proto_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret)
{
	uint64_t n = 0;

	for (int i = 0; i < 10; i++) {
		if (at + i == end)
			return 0;
		if (i == 9 && at[i] > 1)
			return -EBADMSG;
		n |= (uint64_t)(at[i] & 0x7f) << (7 * i);
		if (!(at[i] & 0x80)) {
			*ret = n;
			return i + 1;
		}
	}
	return -EBADMSG;
}

static uint64_t varint(struct proto_reader *r)
{
	uint64_t n = 0;
	int used;

	if (likely(r->at < r->end && *r->at < 0x80)) /* nearly all are of one byte */
		return *r->at++;
	used = proto_varint(r->at, r->end, &n);
	if (used <= 0)
		r->failed = true;
	else
		r->at += used;
	return n;
}

static uint64_t fixed(struct proto_reader *r, size_t len)
{
	uint64_t n = 0;

	if ((size_t)(r->end - r->at) < len) {
		r->failed = true;
		return 0;
	}
	for (size_t i = 0; i < len; i++)
		n |= (uint64_t)r->at[i] << (8 * i);
	r->at += len;
	return n;
}

static void bytes(struct proto_reader *r, struct proto_field *f)
{
	uint64_t len = varint(r);

	if (r->failed || len > (uint64_t)(r->end - r->at)) {
		r->failed = true;
		return;
	}
	f->is_bytes = true;
	f->data = r->at;
	f->len = (size_t)len;
	r->at += len;
}

bool proto_next(struct proto_reader *r, struct proto_field *ret)
{
	uint64_t tag;

	if (r->failed || r->at == r->end)
		return false;
	tag = varint(r);
	*ret = (struct proto_field){.number = (uint32_t)(tag >> 3)};
	if (tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1)
		r->failed = true;
	switch (tag & 7) {
	case WIRE_VARINT:
		ret->value = varint(r);
		break;
	case WIRE_FIXED64:
		ret->value = fixed(r, 8);
		break;
	case WIRE_FIXED32:
		ret->value = fixed(r, 4);
		break;
	case WIRE_BYTES:
		bytes(r, ret);
		break;
	default:
		r->failed = true;
		break;
	}
	return !r->failed;
}

size_t proto_count(const uint8_t *data, size_t len, uint32_t number)
{
	struct proto_reader r = proto_reader(data, len);
	struct proto_field f;
	size_t n = 0;

	while (proto_next(&r, &f))
		n += f.number == number && f.is_bytes;
	return n;
}
