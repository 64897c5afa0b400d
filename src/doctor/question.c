// SPDX-License-Identifier: Apache-2.0
#include "doctor/question.h"

#include "wire/name.h"
#include "wire/wire.h"

#include <string.h>

enum { OPT_DO = 0x8000, TCP_OPT_SIZE = 1232 };

static const uint16_t sizes[WAY_N] = {
	[WAY_UDP_512] = 512,
	[WAY_UDP_1232] = 1232,
	[WAY_UDP_4096] = 4096,
	[WAY_COOKIE] = 1232,
};

bool question_is_tcp(const struct observation *o)
{
	return o->way == WAY_TCP;
}

bool question_has_opt(const struct observation *o)
{
	return sizes[o->way] || o->bits & ASK_DO;
}

static size_t put_opt(const struct observation *o, const uint8_t *cookie, uint8_t *out)
{
	size_t options = o->way == WAY_COOKIE ? 4 + QUESTION_CLIENT_COOKIE : 0;

	out[0] = 0; /* the root owns it */
	wire_put_u16(out + 1, TYPE_OPT);
	wire_put_u16(out + 3, sizes[o->way] ? sizes[o->way] : TCP_OPT_SIZE);
	wire_put_u16(out + 5, 0); /* extended rcode, version */
	wire_put_u16(out + 7, o->bits & ASK_DO ? OPT_DO : 0);
	wire_put_u16(out + 9, (uint16_t)options);
	if (options) {
		wire_put_u16(out + 11, OPTION_COOKIE);
		wire_put_u16(out + 13, QUESTION_CLIENT_COOKIE);
		memcpy(out + 15, cookie, QUESTION_CLIENT_COOKIE);
	}
	return 11 + options;
}

size_t question_write(const struct observation *o, uint16_t id, const uint8_t cookie[QUESTION_CLIENT_COOKIE],
		      uint8_t *out)
{
	unsigned flags = (o->bits & ASK_NO_RD ? 0 : FLAG_RD) | (o->bits & ASK_CD ? FLAG_CD : 0);
	size_t len = WIRE_HEADER_LEN, name_len = wire_name_len(o->name);

	memset(out, 0, WIRE_HEADER_LEN);
	wire_put_u16(out + HEADER_ID, id);
	wire_put_u16(out + HEADER_FLAGS, (uint16_t)flags);
	wire_put_u16(out + HEADER_QDCOUNT, 1);
	memcpy(out + len, o->name, name_len);
	len += name_len;
	wire_put_u16(out + len, o->type);
	wire_put_u16(out + len + 2, o->cls);
	len += 4;
	if (question_has_opt(o)) {
		wire_put_u16(out + HEADER_ARCOUNT, 1);
		len += put_opt(o, cookie, out + len);
	}
	return len;
}
