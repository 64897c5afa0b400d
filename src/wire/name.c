// SPDX-License-Identifier: Apache-2.0
/* Names in wire form: reading with decompression, and the plain operations on uncompressed names. */
#include "wire/name.h"
#include "wire/reader.h"

#include <errno.h>
#include <string.h>

enum { LABEL_TYPE = 0xc0, LABEL_PLAIN = 0x00, LABEL_POINTER = 0xc0 };

/* A run of labels in the message: they end at the root label or at a compression pointer. */
struct run {
	size_t end; /* offset of the byte after the last label (the root label included) */
	bool has_root; /* else a pointer stands at `end` */
};

static int run_read(const uint8_t *msg, size_t msg_len, size_t at, struct run *ret)
{
	for (;;) {
		if (at >= msg_len)
			return ERR_TRUNCATED;
		unsigned c = msg[at];
		if ((c & LABEL_TYPE) == LABEL_POINTER)
			break;
		if ((c & LABEL_TYPE) != LABEL_PLAIN)
			return -EBADMSG; /* 01: withdrawn by RFC 6891 5; 10: never assigned */
		at += 1 + c;
		if (at > msg_len)
			return ERR_TRUNCATED;
		if (c == 0) {
			*ret = (struct run){at, true};
			return 0;
		}
	}
	if (msg_len - at < 2)
		return ERR_TRUNCATED;
	*ret = (struct run){at, false};
	return 0;
}

/* The name at `*off`.  `out` may be NULL.  Length, -EBADMSG, or ERR_TRUNCATED where the message ends within
 * the name as it stands at `*off`.  Each pointer must lead to before the run that it ends, so the loop is
 * bounded by the name's 255 octets plus one pointer per octet of strictly decreasing targets; pointers
 * straight to pointers count too, which `hops` bounds: no sender needs more than one per label. */
static int name_read(const uint8_t *msg, size_t msg_len, size_t *off, uint8_t *out)
{
	size_t at = *off, len = 0, after = 0;
	struct run run;

	for (unsigned hops = 0; hops <= WIRE_LABELS_MAX; hops++) {
		int r = run_read(msg, msg_len, at, &run);
		if (r != 0)
			return hops ? -EBADMSG : r;
		size_t n = run.end - at;
		if (len + n + !run.has_root > WIRE_NAME_MAX)
			return -EBADMSG;
		if (out)
			memcpy(out + len, msg + at, n);
		len += n;
		if (!hops)
			after = run.end + (run.has_root ? 0 : 2);
		if (run.has_root) {
			*off = after;
			return (int)len;
		}
		size_t target = wire_u16(msg + run.end) & 0x3fff;
		if (target >= at || target < WIRE_HEADER_LEN)
			return -EBADMSG;
		at = target;
	}
	return -EBADMSG;
}

int wire_name_read(const uint8_t *msg, size_t msg_len, size_t *off, uint8_t *out)
{
	int r = name_read(msg, msg_len, off, out);

	return r < 0 ? -EBADMSG : r;
}

int wire_name_skip(const uint8_t *msg, size_t msg_len, size_t *off)
{
	int r = name_read(msg, msg_len, off, NULL);

	return r < 0 ? -EBADMSG : r;
}

size_t wire_reader_name(struct wire_reader *r, uint8_t *out)
{
	if (r->err)
		return 0;
	int n = name_read(r->msg, r->len, &r->off, out);
	if (n < 0) {
		r->err = n;
		return 0;
	}
	return (size_t)n;
}

void wire_reader_skip_name(struct wire_reader *r)
{
	(void)wire_reader_name(r, NULL);
}

const uint8_t *wire_reader_plain_name(struct wire_reader *r)
{
	const uint8_t *name = r->msg + r->off;
	struct run run;

	if (r->err)
		return NULL;
	r->err = run_read(r->msg, r->len, r->off, &run);
	if (!r->err && (!run.has_root || run.end - r->off > WIRE_NAME_MAX))
		r->err = -EBADMSG;
	if (r->err)
		return NULL;
	r->off = run.end;
	return name;
}

bool wire_name_equal_at(const uint8_t *msg, size_t off, const uint8_t *name)
{
	for (;;) {
		while ((msg[off] & LABEL_TYPE) == LABEL_POINTER)
			off = wire_u16(msg + off) & 0x3fff;
		size_t n = 1 + (size_t)*name;
		if (msg[off] != *name || !wire_bytes_equal_nocase(msg + off, name, n))
			return false;
		if (n == 1)
			return true;
		off += n;
		name += n;
	}
}

size_t wire_name_len(const uint8_t *name)
{
	const uint8_t *p = name;

	while (*p)
		p += 1 + *p;
	return (size_t)(p - name) + 1;
}

unsigned wire_name_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (; *name; name += 1 + *name)
		n++;
	return n;
}

/* Eight bytes at once: bit 7 of each byte of `upper` says that it is 'A'..'Z', which lacks 0x20. */
static uint64_t lower8(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t low7 = x & ones * 0x7f;
	uint64_t from_a = low7 + ones * (0x80 - 'A');
	uint64_t past_z = low7 + ones * (0x80 - 'Z' - 1);
	uint64_t upper = from_a & ~past_z & ~x & ones * 0x80;

	return x | upper >> 2;
}

static uint8_t lower1(uint8_t c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

void wire_name_lower(uint8_t *out, const uint8_t *name, size_t len)
{
	uint64_t x;
	size_t i = 0;

	for (; i + sizeof x <= len; i += sizeof x) {
		memcpy(&x, name + i, sizeof x);
		x = lower8(x);
		memcpy(out + i, &x, sizeof x);
	}
	for (; i < len; i++)
		out[i] = lower1(name[i]);
}

bool wire_bytes_equal_nocase(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t x, y;
	size_t i = 0;

	for (; i + sizeof x <= len; i += sizeof x) {
		memcpy(&x, a + i, sizeof x);
		memcpy(&y, b + i, sizeof y);
		if (x != y && lower8(x) != lower8(y))
			return false;
	}
	for (; i < len; i++)
		if (lower1(a[i]) != lower1(b[i]))
			return false;
	return true;
}

bool wire_name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t len = wire_name_len(a);

	return len == wire_name_len(b) && wire_bytes_equal_nocase(a, b, len);
}

bool wire_name_in_zone(const uint8_t *name, const uint8_t *zone)
{
	unsigned n = wire_name_labels(name), z = wire_name_labels(zone);

	if (n < z)
		return false;
	for (; n > z; n--)
		name += 1 + *name;
	return wire_name_equal(name, zone);
}
