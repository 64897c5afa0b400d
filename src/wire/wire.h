// SPDX-License-Identifier: Apache-2.0
/* Numbers of the DNS protocol, and their names.  RFC 1035, 6891, 8914, 9499. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_HEADER_LEN = 12,
	WIRE_NAME_MAX = 255,  /* octets of a name in wire form, the root label included */
	WIRE_LABEL_MAX = 63,
	WIRE_LABELS_MAX = 127,
	WIRE_MSG_MAX = 65535,
	WIRE_UDP_MIN = 512,   /* what every client takes without EDNS */
	WIRE_NAME_TEXT_MAX = 1025, /* presentation form of any name, with NUL: 255 * 4 + 1 is enough */
};

/* Offsets of the header's fields, 16 bits each.  RFC 1035 4.1.1. */
enum wire_header {
	HEADER_ID = 0,
	HEADER_FLAGS = 2,
	HEADER_QDCOUNT = 4,
	HEADER_ANCOUNT = 6,
	HEADER_NSCOUNT = 8,
	HEADER_ARCOUNT = 10,
};

enum wire_opcode { OPCODE_QUERY = 0, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum wire_rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_NOTAUTH = 9,
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23,
};

enum wire_class { CLASS_IN = 1, CLASS_CH = 3, CLASS_HS = 4, CLASS_NONE = 254, CLASS_ANY = 255 };

enum wire_type {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_MD = 3,
	TYPE_MF = 4,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_MB = 7,
	TYPE_MG = 8,
	TYPE_MR = 9,
	TYPE_PTR = 12,
	TYPE_HINFO = 13,
	TYPE_MINFO = 14,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_RP = 17,
	TYPE_AFSDB = 18,
	TYPE_RT = 21,
	TYPE_SIG = 24,
	TYPE_PX = 26,
	TYPE_AAAA = 28,
	TYPE_NXT = 30,
	TYPE_SRV = 33,
	TYPE_NAPTR = 35,
	TYPE_KX = 36,
	TYPE_A6 = 38,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_RRSIG = 46,
	TYPE_NSEC = 47,
	TYPE_DNSKEY = 48,
	TYPE_NSEC3 = 50,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
	TYPE_TKEY = 249,
	TYPE_TSIG = 250,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_MAILB = 253,
	TYPE_MAILA = 254,
	TYPE_ANY = 255,
};

/* The 16 flag bits of the header, as one number (host order). */
enum wire_flag {
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800, /* mask; shift 11 */
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_Z = 0x0040,
	FLAG_AD = 0x0020,
	FLAG_CD = 0x0010,
	FLAG_RCODE = 0x000f, /* mask */
};

enum wire_section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

enum wire_option {
	OPTION_NSID = 3,
	OPTION_CLIENT_SUBNET = 8,
	OPTION_EXPIRE = 9,
	OPTION_COOKIE = 10,
	OPTION_TCP_KEEPALIVE = 11,
	OPTION_PADDING = 12,
	OPTION_EDE = 15,
};

/* Extended DNS Errors, RFC 8914. */
enum wire_ede {
	EDE_NONE = -1, /* ours: no error to report */
	EDE_OTHER = 0,
	EDE_STALE_ANSWER = 3,
	EDE_CACHED_ERROR = 13,
	EDE_NOT_READY = 14,
	EDE_BLOCKED = 15,
	EDE_FILTERED = 17,
	EDE_PROHIBITED = 18,
	EDE_STALE_NXDOMAIN = 19,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
	EDE_INVALID_DATA = 24,
};

/* "A", "TYPE65280", "IN", "CLASS7", "NXDOMAIN", "31" (rcodes without a name are numbers).  For numbers
 * the text is written into `buf` (>= 16 bytes); names are static.  Any thread. */
const char *wire_type_text(uint16_t type, char *buf);
const char *wire_class_text(uint16_t cls, char *buf);
const char *wire_rcode_text(unsigned rcode, char *buf);
/* From text, case-insensitive ("TYPE123" too): the number or -1. */
int wire_type_from_text(const char *s);
int wire_class_from_text(const char *s);
int wire_rcode_from_text(const char *s);

static inline uint16_t wire_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t wire_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void wire_put_u16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void wire_put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}
