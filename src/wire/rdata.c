// SPDX-License-Identifier: Apache-2.0
#include "wire/rdata.h"
#include "wire/reader.h"

#include <errno.h>
#include <string.h>

enum { FORM_ITEMS = 6, FORMS = TYPE_HTTPS + 1 };

/* A type without a line is RDATA_REST, which is 0. */
static const uint8_t forms[FORMS][FORM_ITEMS] = {
	[TYPE_A] = {4, RDATA_END},
	[TYPE_NS] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_MD] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_MF] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_CNAME] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_SOA] = {RDATA_NAME_SHORT, RDATA_NAME_SHORT, 20, RDATA_END},
	[TYPE_MB] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_MG] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_MR] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_PTR] = {RDATA_NAME_SHORT, RDATA_END},
	[TYPE_MINFO] = {RDATA_NAME_SHORT, RDATA_NAME_SHORT, RDATA_END},
	[TYPE_MX] = {2, RDATA_NAME_SHORT, RDATA_END},
	[TYPE_RP] = {RDATA_NAME, RDATA_NAME, RDATA_END},
	[TYPE_AFSDB] = {2, RDATA_NAME, RDATA_END},
	[TYPE_RT] = {2, RDATA_NAME, RDATA_END},
	[TYPE_SIG] = {18, RDATA_NAME, RDATA_REST},
	[TYPE_PX] = {2, RDATA_NAME, RDATA_NAME, RDATA_END},
	[TYPE_AAAA] = {16, RDATA_END},
	[TYPE_NXT] = {RDATA_NAME, RDATA_REST},
	[TYPE_SRV] = {6, RDATA_NAME, RDATA_END},
	[TYPE_NAPTR] = {4, RDATA_STRING, RDATA_STRING, RDATA_STRING, RDATA_NAME, RDATA_END},
	[TYPE_KX] = {2, RDATA_NAME, RDATA_END},
	[TYPE_A6] = {RDATA_A6, RDATA_END},
	[TYPE_DNAME] = {RDATA_NAME, RDATA_END},
	[TYPE_RRSIG] = {18, RDATA_NAME, RDATA_REST},
	[TYPE_NSEC] = {RDATA_NAME, RDATA_REST},
	[TYPE_SVCB] = {2, RDATA_NAME, RDATA_REST},
	[TYPE_HTTPS] = {2, RDATA_NAME, RDATA_REST},
};

static const uint8_t form_bytes[] = {RDATA_REST};

const uint8_t *wire_rdata_form(uint16_t type, uint16_t cls)
{
	if (type >= FORMS)
		return form_bytes;
	if (cls != CLASS_IN && (type == TYPE_A || type == TYPE_AAAA))
		return form_bytes; /* other classes have other addresses (RFC 1035 3.4.1) */
	return forms[type];
}

void wire_rdata_skip(struct wire_reader *r, unsigned item)
{
	size_t n = item;

	if (item == RDATA_STRING)
		n = wire_reader_u8(r);
	else if (item == RDATA_REST || item == RDATA_A6)
		n = r->len - r->off;
	(void)wire_reader_bytes(r, n);
}

bool wire_rdata_valid(const uint8_t *form, const uint8_t *rdata, uint16_t rdlen)
{
	struct wire_reader r = wire_reader_at(rdata, rdlen, 0);

	if (wire_rdata_is_bytes(form))
		return *form == RDATA_REST || *form == rdlen;
	for (; *form != RDATA_REST && *form != RDATA_END; form++) {
		if (*form == RDATA_NAME || *form == RDATA_NAME_SHORT)
			(void)wire_reader_plain_name(&r);
		else
			wire_rdata_skip(&r, *form);
	}
	return !r.err && (*form == RDATA_REST || r.off == r.len);
}

void wire_rdata_lower(const uint8_t *form, uint8_t *rdata, size_t len)
{
	struct wire_reader r = wire_reader_at(rdata, len, 0);

	for (; *form != RDATA_REST && *form != RDATA_END; form++) {
		size_t start = r.off;
		if (*form == RDATA_NAME || *form == RDATA_NAME_SHORT) {
			(void)wire_reader_plain_name(&r);
			wire_name_lower(rdata + start, rdata + start, r.off - start);
		} else {
			wire_rdata_skip(&r, *form);
		}
	}
}

/* The bytes from `start` to where the reader is. */
static size_t copy_from(const struct wire_reader *r, size_t start, uint8_t *out)
{
	if (r->err)
		return 0;
	memcpy(out, r->msg + start, r->off - start);
	return r->off - start;
}

static size_t read_a6(struct wire_reader *r, uint8_t *out)
{
	size_t start = r->off, n;
	unsigned prefix = wire_reader_u8(r);

	if (prefix > 128) {
		wire_reader_fail(r, -EBADMSG);
		return 0;
	}
	(void)wire_reader_bytes(r, (128 - prefix + 7) / 8);
	n = copy_from(r, start, out);
	return prefix ? n + wire_reader_name(r, out + n) : n;
}

static size_t read_item(struct wire_reader *r, unsigned item, uint8_t *out)
{
	size_t start = r->off;

	if (item == RDATA_NAME || item == RDATA_NAME_SHORT)
		return wire_reader_name(r, out);
	if (item == RDATA_A6)
		return read_a6(r, out);
	wire_rdata_skip(r, item);
	return copy_from(r, start, out);
}

int wire_rdata_read(const uint8_t *msg, size_t off, uint16_t rdlen, uint16_t type, uint16_t cls, uint8_t *out,
		    const uint8_t **ret_rdata)
{
	const uint8_t *form = wire_rdata_form(type, cls);
	struct wire_reader r = wire_reader_at(msg, off + rdlen, off);
	size_t n = 0;

	if (wire_rdata_is_bytes(form)) {
		*ret_rdata = msg + off;
		return wire_rdata_valid(form, msg + off, rdlen) ? rdlen : -EBADMSG;
	}
	for (; *form != RDATA_REST && *form != RDATA_END; form++)
		n += read_item(&r, *form, out + n);
	if (*form == RDATA_REST)
		n += read_item(&r, RDATA_REST, out + n);
	if (r.err || r.off != r.len || n > UINT16_MAX)
		return -EBADMSG;
	*ret_rdata = out;
	return (int)n;
}
